#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/json.hpp"

namespace parley::dialog {

/// On whose behalf a tool acts. Tools act only within the caller's own permissions: what is not in
/// here cannot be claimed in the arguments.
struct ToolScope {
  BusinessId business;
  CallId call;
  ConversationId conversation;
  std::string caller_phone;  ///< E.164 from the carrier; empty when withheld
};

struct ToolSpec {
  std::string name;
  std::string description;
  json::object parameters;  ///< JSON Schema of the arguments object
  Duration time_limit = std::chrono::seconds(5);
  bool has_effect = false;
};

struct ToolCall {
  std::string name;
  json::object arguments;
  std::string idempotency_key;  ///< same key, same effect, once
};

/// Something the agent can do. Defined here, implemented by the products, bound in wiring.
///
/// The names and shapes every dialogue relies on (times are local to the business,
/// "2026-03-05T14:00"):
///   search_knowledge   {query} -> {passages: [{text, score, document, documentId, page, heading}]}
///   find_slots         {service, from, to, limit} -> {slots: [{start, end, resource}]}
///   book_appointment   {service, start, name, phone, notes?} ->
///                        {booked: true, appointment: {id, service, start, name}} or
///                        {booked: false, reason, alternatives: [{start, end, resource}]}
///   find_appointments  {} or {phone} -> {appointments: [{id, service, start, name}]}: upcoming
///   ones
///                        of scope.caller_phone; a `phone` other than it finds nothing unless it is
///                        empty in the scope and the `name` of the appointment is given too
///   move_appointment   {appointment, start} -> {moved: true, appointment} or
///                        {moved: false, reason, alternatives}
///   cancel_appointment {appointment} -> {cancelled: true}
///   take_message       {text, name?, phone?} -> {taken: true}
/// `service` is a service id. `reason` is one of: taken, closed, holiday, past, too_soon, too_far,
/// no_such_time (skipped by daylight saving), unknown_service.
/// An Errc error means the tool itself failed: unavailable, timeout, invalid, forbidden, not_found.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual const ToolSpec& spec() const = 0;
  virtual Task<json::object> call(Context ctx, ToolScope scope, ToolCall call) = 0;
};

/// Calls it within its limits. Errors: invalid (the arguments do not fit its schema), timeout,
/// outcome_unknown (the limit passed in a tool with an effect), and the tool's own.
Task<json::object> call_within_limits(Clock& clock, Tool& tool, Context ctx, ToolScope scope,
                                      ToolCall call);

/// What a tool did, for the timeline.
struct ToolTrace {
  std::string name;
  json::object arguments;
  json::object result;
  std::string error;  ///< empty when it worked
  Duration took{};
};

/// The tools of one agent: looks up by name, checks arguments against the schema, applies the time
/// limit. Built at start, then read from every thread.
class ToolBox {
 public:
  explicit ToolBox(Clock& clock) : clock_(clock) {}
  void add(std::unique_ptr<Tool> tool);
  std::vector<const ToolSpec*> specs() const;
  bool has(std::string_view name) const;
  /// Null when there is none of that name.
  const ToolSpec* spec(std::string_view name) const;
  /// Errors: not_found (no such tool), invalid (arguments), timeout, outcome_unknown (the limit
  /// passed in a tool with an effect), and the tool's own.
  Task<json::object> call(Context ctx, ToolScope scope, ToolCall call) const;

 private:
  Clock& clock_;
  std::vector<std::unique_ptr<Tool>> tools_;
};

}  // namespace parley::dialog
