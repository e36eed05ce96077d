#pragma once
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "parley/net/client.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telemetry/trace.hpp"

namespace parley::providers::otlp {

struct Options {
  /// Of the collector, "http://127.0.0.1:4318"; "/v1/traces" is put behind it. Empty: spans go
  /// nowhere.
  std::string endpoint;
  std::vector<std::pair<std::string, std::string>> headers;  ///< a key of the collector's owner
  std::string service_name = "parley";
  std::string service_version;
  std::string instance;           ///< tells nodes apart
  std::size_t max_queued = 8192;  ///< spans; what comes on top is counted and dropped
  std::size_t batch = 512;
  Duration every = 5s;
};

/// Sends finished spans to an OpenTelemetry collector: OTLP 1.x over HTTP in JSON
/// (https://opentelemetry.io/docs/specs/otlp/). 429, 502, 503 and 504 and a collector that is away
/// are tried again, as far as the queue holds; any other refusal drops its batch. Never in the way
/// of what it watches: record() takes a short lock, and a full queue drops. Thread-safe.
class Exporter final : public trace::SpanSink {
 public:
  Exporter(Clock& clock, metrics::Registry& registry, Options options);

  void record(trace::SpanRecord span) noexcept override;
  /// Sends until it is cancelled.
  asio::awaitable<void> run(net::HttpClient& http);
  /// One try for what is queued, before the end; gives up at `deadline`.
  asio::awaitable<void> flush(net::HttpClient& http, TimePoint deadline);

 private:
  enum class Sent { done, later, never };
  std::vector<trace::SpanRecord> take();
  asio::awaitable<Sent> send(net::HttpClient& http, const std::vector<trace::SpanRecord>& spans,
                             TimePoint deadline, Duration& pause);

  Clock& clock_;
  Options options_;
  metrics::Counter sent_;
  metrics::Counter dropped_;
  metrics::Gauge queued_;
  std::mutex mutex_;
  std::deque<trace::SpanRecord> queue_;
};

}  // namespace parley::providers::otlp
