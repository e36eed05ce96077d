#include "span_json.hpp"

#include "parley/base/json.hpp"

namespace parley::providers::otlp {

namespace {

int kind_of(trace::SpanKind kind) {
  switch (kind) {
    case trace::SpanKind::internal:
      return 1;
    case trace::SpanKind::server:
      return 2;
    case trace::SpanKind::client:
      return 3;
    case trace::SpanKind::producer:
      return 4;
    case trace::SpanKind::consumer:
      return 5;
  }
  return 0;
}

int status_of(trace::SpanStatus status) {
  return status == trace::SpanStatus::ok ? 1 : status == trace::SpanStatus::error ? 2 : 0;
}

json::object value_of(const trace::AttributeValue& value) {
  if (auto* flag = std::get_if<bool>(&value)) return {{"boolValue", *flag}};
  if (auto* whole = std::get_if<std::int64_t>(&value))
    return {{"intValue", std::to_string(*whole)}};
  if (auto* real = std::get_if<double>(&value)) return {{"doubleValue", *real}};
  return {{"stringValue", std::get<std::string>(value)}};
}

json::object attribute(std::string_view key, const trace::AttributeValue& value) {
  return {{"key", key}, {"value", value_of(value)}};
}

std::string unix_nanoseconds(WallTime start, Duration after) {
  auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(start.time_since_epoch()) +
               std::chrono::duration_cast<std::chrono::nanoseconds>(after);
  return std::to_string(since.count());
}

json::object span_json(const trace::SpanRecord& span) {
  json::array attributes;
  for (const auto& [name, value] : span.attributes) attributes.push_back(attribute(name, value));
  json::object made{{"traceId", span.context.trace_id},
                    {"spanId", span.context.span_id},
                    {"name", span.name},
                    {"kind", kind_of(span.kind)},
                    {"startTimeUnixNano", unix_nanoseconds(span.start, {})},
                    {"endTimeUnixNano", unix_nanoseconds(span.start, span.duration)},
                    {"attributes", std::move(attributes)}};
  if (!span.parent_span_id.empty()) made["parentSpanId"] = span.parent_span_id;
  json::object status;
  if (auto code = status_of(span.status); code != 0) status["code"] = code;
  if (!span.status_message.empty()) status["message"] = span.status_message;
  made["status"] = std::move(status);
  return made;
}

}  // namespace

std::string request_of(const std::vector<trace::SpanRecord>& spans, const Options& options) {
  json::array resource{attribute("service.name", options.service_name)};
  if (!options.service_version.empty())
    resource.push_back(attribute("service.version", options.service_version));
  if (!options.instance.empty())
    resource.push_back(attribute("service.instance.id", options.instance));
  json::array list;
  for (const auto& span : spans) list.push_back(span_json(span));
  json::object scope{{"scope", json::object{{"name", "parley"}}}, {"spans", std::move(list)}};
  json::object whole{{"resource", json::object{{"attributes", std::move(resource)}}},
                     {"scopeSpans", json::array{std::move(scope)}}};
  return json::serialize(json::object{{"resourceSpans", json::array{std::move(whole)}}});
}

}  // namespace parley::providers::otlp
