#include "parley/providers/otlp/exporter.hpp"

#include <algorithm>
#include <charconv>

#include "parley/telemetry/log.hpp"
#include "span_json.hpp"

namespace parley::providers::otlp {

namespace {

constexpr Duration first_pause = 1s;
constexpr Duration longest_pause = 60s;
constexpr Duration time_limit = 10s;

/// Seconds of Retry-After; what is no number is left to the backoff.
Duration retry_after(const net::HttpResponse& response) {
  auto header = response.headers.get("Retry-After").value_or("");
  int seconds = 0;
  auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  bool good = error == std::errc() && end == header.data() + header.size() && seconds > 0;
  return good ? std::min<Duration>(std::chrono::seconds(seconds), longest_pause) : Duration{0};
}

}  // namespace

Exporter::Exporter(Clock& clock, metrics::Registry& registry, Options options)
    : clock_(clock),
      options_(std::move(options)),
      sent_(registry.counter("parley_trace_spans_sent_total", "Spans the collector took.")),
      dropped_(registry.counter("parley_trace_spans_dropped_total",
                                "Spans lost: the queue was full, or the collector refused.")),
      queued_(registry.gauge("parley_trace_spans_queued", "Spans that wait to be sent.")) {}

void Exporter::record(trace::SpanRecord span) noexcept {
  if (options_.endpoint.empty()) return;
  try {
    std::scoped_lock lock(mutex_);
    if (queue_.size() >= options_.max_queued) {
      dropped_.add();
      return;
    }
    queue_.push_back(std::move(span));
  } catch (...) {
    dropped_.add();  // out of memory: the span is what can be spared
  }
}

std::vector<trace::SpanRecord> Exporter::take() {
  std::scoped_lock lock(mutex_);
  std::vector<trace::SpanRecord> batch;
  auto many = std::min(queue_.size(), options_.batch);
  batch.reserve(many);
  std::move(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(many),
            std::back_inserter(batch));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(many));
  queued_.set(static_cast<double>(queue_.size()));
  return batch;
}

asio::awaitable<void> Exporter::run(net::HttpClient& http) {
  if (options_.endpoint.empty()) co_return;
  auto pause = first_pause;
  for (;;) {
    auto batch = take();
    if (batch.empty()) {
      auto next = clock_.now() + options_.every;
      co_await clock_.sleep_until(next);
      continue;
    }
    for (;;) {
      auto sending = send(http, batch, clock_.now() + time_limit, pause);
      auto sent = co_await std::move(sending);
      if (sent != Sent::later) break;
      auto next = clock_.now() + pause;
      co_await clock_.sleep_until(next);
    }
    pause = first_pause;
  }
}

asio::awaitable<void> Exporter::flush(net::HttpClient& http, TimePoint deadline) {
  if (options_.endpoint.empty()) co_return;
  Duration pause{0};
  while (clock_.now() < deadline) {
    auto batch = take();
    if (batch.empty()) co_return;
    auto sending = send(http, batch, deadline, pause);
    if (co_await std::move(sending) == Sent::later) co_return;
  }
}

/// `pause`: the last one in, how long to wait before the next try out.
asio::awaitable<Exporter::Sent> Exporter::send(net::HttpClient& http,
                                               const std::vector<trace::SpanRecord>& spans,
                                               TimePoint deadline, Duration& pause) {
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = options_.endpoint + "/v1/traces";
  request.headers.set("Content-Type", "application/json");
  for (const auto& [name, value] : options_.headers) request.headers.set(name, value);
  request.body = request_of(spans, options_);
  request.max_response_bytes = 64 << 10;
  request.long_response = net::OutgoingRequest::LongResponse::cut;
  Context ctx;
  ctx.deadline = deadline;
  auto sending = http.send(ctx, std::move(request));
  auto response = co_await std::move(sending);
  auto many = static_cast<double>(spans.size());
  if (response && response->status < 300) {
    sent_.add(many);
    co_return Sent::done;
  }
  auto status = response ? response->status : 0;
  bool wrong = !response && response.error().code == Errc::invalid;
  if (wrong || (status != 0 && status != 429 && status != 502 && status != 503 && status != 504)) {
    dropped_.add(many);
    log::warn("telemetry.spans_refused",
              {{"status", status}, {"spans", static_cast<std::int64_t>(spans.size())}});
    co_return Sent::never;
  }
  auto told = response ? retry_after(*response) : Duration{0};
  pause = told > Duration{0} ? told : std::min(pause * 2, longest_pause);
  co_return Sent::later;
}

}  // namespace parley::providers::otlp
