#pragma once
#include "faulty_front.hpp"
#include "parley/providers/chroma/chroma_vectors.hpp"
#include "parley/testkit/conformance/vector_service.hpp"
#include "parley/testkit/vendor_server.hpp"

namespace parley::testkit {

/// A real Chroma, shared by all tests; each has a database of its own in it.
class ChromaWorld final : public VectorServiceWorld {
 public:
  static VendorServer& server() {
    static VendorServer one(PARLEY_SOURCE_DIR "/tests/vendors/chroma/server.cjs",
                            PARLEY_CHROMA_SERVER);
    return one;
  }
  ChromaWorld() {
    static int made = 0;
    options.url = "http://127.0.0.1:" + std::to_string(server().port());
    options.database = "test_" + std::to_string(++made);
    net::OutgoingRequest request;
    request.method = net::Method::post;
    request.url = options.url + "/api/v2/tenants/default_tenant/databases";
    request.headers.set("Content-Type", "application/json");
    request.body = R"({"name":")" + options.database + R"("})";
    auto sending = http->send({}, std::move(request));
    auto answer = asio::co_spawn(serving, std::move(sending), asio::use_future).get();
    if (!answer || answer->status != 200) throw std::runtime_error("no database in Chroma");
    front_ =
        std::make_unique<FaultyFront>(serving.get_executor(), clock, random, *http, options.url);
    options.url = front_->url();
  }
  ~ChromaWorld() override { asio::co_spawn(serving, front_->stop(), asio::use_future).get(); }
  simulators::Faults& faults() override { return front_->faults(); }
  std::unique_ptr<knowledge::VectorIndex> open(knowledge::VectorSpace space) override {
    return providers::chroma::make_vectors({clock, *http, policy}, std::move(space), options);
  }
  providers::chroma::Options options;

 private:
  std::unique_ptr<FaultyFront> front_;
};

}  // namespace parley::testkit
