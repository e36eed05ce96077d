#pragma once
#include <thread>

#include "parley/net/client.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/testkit/conformance/vector_index.hpp"

namespace parley::testkit {

/// A world whose vectors are behind HTTP: a client and a policy that does not wait long, on a
/// thread that also serves stand-ins.
class VectorServiceWorld : public VectorIndexWorld {
 public:
  VectorServiceWorld() {
    thread_ = std::jthread([this, guard = asio::make_work_guard(serving)] { serving.run(); });
  }
  ~VectorServiceWorld() override {
    serving.stop();
    thread_.join();
  }

  SystemClock clock;
  SystemRandom random;
  asio::io_context serving;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(serving.get_executor());

 private:
  static resilience::PolicyOptions impatient() {
    resilience::PolicyOptions options;
    options.retry.first_pause = std::chrono::milliseconds(1);
    options.breaker.failure_percent = 0;
    return options;
  }
  metrics::Registry registry_;
  trace::NoSpanSink spans_;
  trace::Tracer tracer_{clock, random, spans_};
  resilience::Policies policies_{clock, random, registry_, tracer_};
  std::jthread thread_;

 public:
  resilience::Policy& policy = policies_.add("vectors", impatient());
};

}  // namespace parley::testkit
