#include "parley/telemetry/trace.hpp"

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::trace {

namespace {

constexpr std::size_t max_attributes = 64;
constexpr std::size_t max_text_bytes = 1024;

bool is_hex(std::string_view text) {
  auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return std::ranges::all_of(text, digit);
}

bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

template <std::size_t Bytes>
std::string new_id(Random& random) {
  std::array<std::byte, Bytes> bytes{};
  auto is_zero = [](std::byte b) { return b == std::byte{0}; };
  while (std::ranges::all_of(bytes, is_zero)) random.fill(bytes);
  return to_hex(bytes);
}

}  // namespace

Result<Traceparent> parse_traceparent(std::string_view header) {
  auto invalid = fail(Errc::invalid, "not a traceparent");
  constexpr std::size_t length = 55;
  if (header.size() < length || header[2] != '-' || header[35] != '-' || header[52] != '-')
    return invalid;
  auto version = header.substr(0, 2);
  auto flags = header.substr(53, 2);
  if (!is_hex(version) || version == "ff" || !is_hex(flags)) return invalid;
  if (header.size() > length && (version == "00" || header[length] != '-')) return invalid;
  Traceparent parsed;
  parsed.context.trace_id = header.substr(3, 32);
  parsed.context.span_id = header.substr(36, 16);
  if (!is_id(parsed.context.trace_id) || !is_id(parsed.context.span_id)) return invalid;
  constexpr std::string_view odd = "13579bdf";
  parsed.sampled = odd.find(flags[1]) != std::string_view::npos;
  return parsed;
}

std::string format_traceparent(const TraceContext& context, bool sampled) {
  if (context.trace_id.empty() || context.span_id.empty()) return "";
  return "00-" + context.trace_id + "-" + context.span_id + (sampled ? "-01" : "-00");
}

std::string new_trace_id(Random& random) { return new_id<16>(random); }
std::string new_span_id(Random& random) { return new_id<8>(random); }

void MemorySpanSink::record(SpanRecord span) noexcept {
  std::lock_guard lock(mutex_);
  if (spans_.size() >= capacity_) spans_.pop_front();
  spans_.push_back(std::move(span));
}

std::vector<SpanRecord> MemorySpanSink::spans() const {
  std::lock_guard lock(mutex_);
  return {spans_.begin(), spans_.end()};
}

Span::Span(Clock& clock, SpanSink& sink, Context context, SpanRecord record)
    : clock_(&clock),
      sink_(&sink),
      context_(std::move(context)),
      began_(clock.now()),
      record_(std::make_unique<SpanRecord>(std::move(record))) {}

Span& Span::operator=(Span&& other) noexcept {
  if (this == &other) return *this;
  end();
  clock_ = other.clock_;
  sink_ = other.sink_;
  context_ = std::move(other.context_);
  began_ = other.began_;
  record_ = std::move(other.record_);
  return *this;
}

void Span::set(std::string_view name, AttributeValue value) {
  if (!record_) return;
  if (auto* text = std::get_if<std::string>(&value); text && text->size() > max_text_bytes)
    text->resize(max_text_bytes);
  auto& attributes = record_->attributes;
  auto same = [name](const auto& attribute) { return attribute.first == name; };
  if (auto found = std::ranges::find_if(attributes, same); found != attributes.end())
    found->second = std::move(value);
  else if (attributes.size() < max_attributes)
    attributes.emplace_back(std::string(name), std::move(value));
}

void Span::backdate(Duration by) noexcept {
  if (!record_) return;
  began_ -= by;
  record_->start -= std::chrono::duration_cast<std::chrono::milliseconds>(by);
}

void Span::ok() {
  if (record_) record_->status = SpanStatus::ok;
}

void Span::fail(const Error& error) {
  if (!record_) return;
  record_->status = SpanStatus::error;
  record_->status_message = error.detail;
  set("error.type", std::string(to_string(error.code)));
}

void Span::end() noexcept {
  if (!record_) return;
  record_->duration = clock_->now() - began_;
  sink_->record(std::move(*record_));
  record_.reset();
}

Span Tracer::start(std::string name, const Context& ctx, SpanKind kind) {
  SpanRecord record;
  record.name = std::move(name);
  record.kind = kind;
  record.start = clock_.wall();
  record.parent_span_id = ctx.trace.span_id;
  record.context = ctx.trace;
  if (record.context.trace_id.empty()) record.context.trace_id = new_trace_id(random_);
  record.context.span_id = new_span_id(random_);
  Context inner = ctx;
  inner.trace = record.context;
  return Span(clock_, sink_, std::move(inner), std::move(record));
}

}  // namespace parley::trace
