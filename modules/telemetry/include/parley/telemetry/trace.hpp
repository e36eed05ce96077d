#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/random.hpp"

/// Distributed traces, W3C trace context level 1.
namespace parley::trace {

struct Traceparent {
  TraceContext context;
  bool sampled = false;
};
/// Strict: lower-case hex, no zero ids, exactly four parts for version 00. A header of a later
/// version is read as far as version 00 goes. Errors: invalid.
Result<Traceparent> parse_traceparent(std::string_view header);
/// "00-<trace>-<span>-01"; empty when there is no trace.
std::string format_traceparent(const TraceContext& context, bool sampled = true);

std::string new_trace_id(Random& random);
std::string new_span_id(Random& random);

using AttributeValue = std::variant<bool, std::int64_t, double, std::string>;
enum class SpanKind { internal, server, client, producer, consumer };
enum class SpanStatus { unset, ok, error };

/// A finished span, as a sink receives it.
struct SpanRecord {
  std::string name;
  SpanKind kind = SpanKind::internal;
  TraceContext context;
  std::string parent_span_id;  ///< empty: the root of its trace
  WallTime start;
  Duration duration{};
  SpanStatus status = SpanStatus::unset;
  std::string status_message;
  std::vector<std::pair<std::string, AttributeValue>> attributes;  ///< at most 64
};

/// Where finished spans go. Called from any thread; must neither block nor throw.
class SpanSink {
 public:
  virtual ~SpanSink() = default;
  virtual void record(SpanRecord span) noexcept = 0;
};

class NoSpanSink final : public SpanSink {
 public:
  void record(SpanRecord) noexcept override {}
};

/// Keeps the newest spans: for tests and for looking at a running server.
class MemorySpanSink final : public SpanSink {
 public:
  explicit MemorySpanSink(std::size_t capacity = 1000) : capacity_(capacity) {}
  void record(SpanRecord span) noexcept override;
  std::vector<SpanRecord> spans() const;

 private:
  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<SpanRecord> spans_;
};

/// A span from its making to end() or its destruction, whichever comes first. One thread at a time.
///
///   auto span = tracer.start("twilio.call", ctx, SpanKind::client);
///   auto answer = co_await http.send(span.context(), std::move(request));
///   if (!answer) span.fail(answer.error());
class Span {
 public:
  Span(Span&&) noexcept = default;
  Span& operator=(Span&& other) noexcept;
  ~Span() { end(); }

  /// The caller's context with this span as the current one: pass it on.
  const Context& context() const noexcept { return context_; }
  /// Repeating a name replaces; past 64 attributes, or for texts past 1 KB, the rest is dropped.
  void set(std::string_view name, AttributeValue value);
  /// It began that long before it was made: what is known only when it is over.
  void backdate(Duration by) noexcept;
  void ok();
  void fail(const Error& error);
  void end() noexcept;

 private:
  friend class Tracer;
  Span(Clock& clock, SpanSink& sink, Context context, SpanRecord record);

  Clock* clock_;
  SpanSink* sink_;
  Context context_;
  TimePoint began_;
  std::unique_ptr<SpanRecord> record_;  ///< null once ended
};

/// Makes spans. Thread-safe; outlives its spans.
class Tracer {
 public:
  Tracer(Clock& clock, Random& random, SpanSink& sink)
      : clock_(clock), random_(random), sink_(sink) {}
  /// A child of ctx's span, or the root of a new trace.
  Span start(std::string name, const Context& ctx, SpanKind kind = SpanKind::internal);

 private:
  Clock& clock_;
  Random& random_;
  SpanSink& sink_;
};

}  // namespace parley::trace
