#pragma once
#include <stdexcept>

#include "parley/providers/pgvector/late_database.hpp"
#include "parley/providers/pgvector/pgvector_vectors.hpp"
#include "parley/testkit/conformance/vector_index.hpp"
#include "parley/testkit/vendor_server.hpp"

namespace parley::testkit {

/// PostgreSQL with pgvector in WebAssembly. It has one session, so all tests share one connection;
/// each has a table of its own.
class PgvectorWorld final : public VectorIndexWorld {
 public:
  PgvectorWorld() {
    static int made = 0;
    test_ = std::to_string(++made);
  }
  std::unique_ptr<knowledge::VectorIndex> open(knowledge::VectorSpace space) override {
    space.embedder += "/" + test_;
    return providers::pgvector::make_vectors(database(), std::move(space));
  }
  static VendorServer& server() {
    static VendorServer one(PARLEY_SOURCE_DIR "/tests/vendors/pgvector_server.cjs");
    return one;
  }
  /// On the server's own port, or on that of something before it.
  static std::string url(int port) {
    return "postgresql://postgres@127.0.0.1:" + std::to_string(port) + "/postgres?sslmode=disable";
  }
  std::size_t many() const override { return 2000; }  // WebAssembly

 private:
  static store::Database& database() {
    static SystemClock clock;
    static WorkerPool pool{{"opening", 1}};
    static auto opened = providers::pgvector::open_late(
        clock, pool, {.url = url(server().port()), .connections = 1});
    if (!opened) throw std::runtime_error("pgvector: " + opened.error().detail);
    return **opened;
  }
  std::string test_;
};

}  // namespace parley::testkit
