#include "parley/booking/tools.hpp"

#include "parley/base/strings.hpp"

namespace parley::booking {

namespace {

using calendar::LocalTime;

// JSON Schema, as language models are given it.
json::object text_of(std::string_view description, std::int64_t max_length) {
  return {{"type", "string"}, {"description", description}, {"maxLength", max_length}};
}
json::object time_of(std::string_view description) {
  return text_of(std::string(description) + ", local to the business: 2026-03-05T14:00", 16);
}
json::object schema(json::object properties, std::initializer_list<std::string_view> required) {
  json::array names;
  for (auto name : required) names.emplace_back(name);
  return {{"type", "object"},
          {"properties", std::move(properties)},
          {"required", std::move(names)},
          {"additionalProperties", false}};
}

/// The arguments were checked against the schema by the tool box, but not by every caller.
Result<void> finish(FieldReader& in) {
  auto problems = in.finish();
  if (problems.empty()) return {};
  return fail(Errc::invalid, problems.front().field + ": " + problems.front().problem);
}

json::object to_json(const Slot& slot) {
  return {{"start", calendar::to_text(slot.start)},
          {"end", calendar::to_text(slot.end)},
          {"resource", slot.resource_name}};
}
json::array to_json(const std::vector<Slot>& slots) {
  json::array all;
  for (const auto& slot : slots) all.push_back(to_json(slot));
  return all;
}
json::object for_caller(const Appointment& a) {
  return {{"id", a.id.str()},
          {"service", a.service.str()},
          {"serviceName", a.service_name},
          {"start", calendar::to_text(a.local_start)},
          {"name", a.customer.name},
          {"resource", a.resource_name}};
}
json::object answer(std::string_view done, const Booked& booked) {
  if (booked.appointment) return {{done, true}, {"appointment", for_caller(*booked.appointment)}};
  return {{done, false},
          {"reason", to_string(*booked.validation.refusal)},
          {"alternatives", to_json(booked.validation.alternatives)}};
}

/// Whether the appointment is one this caller may see and change; see tools.hpp.
bool may_touch(const dialog::ToolScope& scope, const Appointment& a) {
  if (a.business != scope.business) return false;
  if (!scope.call.empty() && a.call == scope.call) return true;
  return scope.caller_phone.empty() || a.customer.phone == scope.caller_phone;
}

/// Errors: not_found, also for one of somebody else.
Task<Appointment> own_appointment(Booking& booking, Context ctx, const dialog::ToolScope& scope,
                                  AppointmentId id) {
  auto found = co_await booking.get(std::move(ctx), std::move(id));
  if (found && !may_touch(scope, *found)) co_return fail(Errc::not_found, "no such appointment");
  co_return found;
}

class ToolBase : public dialog::Tool {
 public:
  const dialog::ToolSpec& spec() const override { return spec_; }

 protected:
  explicit ToolBase(dialog::ToolSpec spec) : spec_(std::move(spec)) {}

 private:
  dialog::ToolSpec spec_;
};

class FindSlots final : public ToolBase {
 public:
  explicit FindSlots(Booking& booking)
      : ToolBase({.name = "find_slots",
                  .description = "Free times for a service, in order.",
                  .parameters =
                      schema({{"service", text_of("the service's id", 80)},
                              {"from", time_of("the earliest start")},
                              {"to", time_of("starts lie before it, at most 31 days after from")},
                              {"limit", {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}}}},
                             {"service", "from", "to"})}),
        booking_(booking) {}

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    json::value arguments(std::move(call.arguments));
    FieldReader in(arguments);
    AvailabilityQuery query;
    query.business = scope.business;
    query.service = ServiceId(in.text("service", {1, 80}));
    auto from = calendar::parse_local(in.text("from"));
    auto to = calendar::parse_local(in.text("to"));
    query.limit = static_cast<std::size_t>(in.optional_integer("limit", 1, 1000).value_or(10));
    if (auto good = finish(in); !good) co_return std::unexpected(good.error());
    if (!from) co_return std::unexpected(from.error());
    if (!to) co_return std::unexpected(to.error());
    query.from = *from;
    query.to = *to;
    auto slots = co_await booking_.availability(std::move(ctx), std::move(query));
    if (!slots) co_return std::unexpected(slots.error());
    co_return json::object{{"slots", to_json(*slots)}};
  }

 private:
  Booking& booking_;
};

class BookAppointment final : public ToolBase {
 public:
  explicit BookAppointment(Booking& booking)
      : ToolBase(
            {.name = "book_appointment",
             .description = "Books a service for the caller, after they confirmed it.",
             .parameters = schema({{"service", text_of("the service's id", 80)},
                                   {"start", time_of("when")},
                                   {"name", text_of("who comes", 200)},
                                   {"phone", text_of("to reach them; empty: the caller's", 40)},
                                   {"notes", text_of("what the business should know", 2000)}},
                                  {"service", "start", "name"}),
             .has_effect = true}),
        booking_(booking) {}

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    json::value arguments(std::move(call.arguments));
    FieldReader in(arguments);
    BookRequest request;
    request.slot.business = scope.business;
    request.slot.service = ServiceId(in.text("service", {1, 80}));
    auto start = calendar::parse_local(in.text("start"));
    request.customer.name = in.text("name", {1, 200});
    request.customer.phone = in.optional_text("phone", {0, 40}).value_or("");
    request.notes = in.optional_text("notes", {0, 2000}).value_or("");
    if (auto good = finish(in); !good) co_return std::unexpected(good.error());
    if (!start) co_return std::unexpected(start.error());
    request.slot.start = *start;
    if (trim(request.customer.phone).empty()) request.customer.phone = scope.caller_phone;
    request.source = Source::voice_agent;
    request.call = scope.call;
    request.idempotency_key = std::move(call.idempotency_key);
    auto work = book(std::move(ctx), std::move(request));
    auto booked = co_await std::move(work);
    if (!booked) co_return std::unexpected(booked.error());
    co_return answer("booked", *booked);
  }

 private:
  /// A caller who books, cancels or moves, and then wants the first time again repeats the key of
  /// the first wish in earnest: what it made has gone on since, so this is a new wish.
  Task<Booked> book(Context ctx, BookRequest request) {
    for (int again = 0; again < max_wishes; ++again) {
      auto booked = co_await booking_.book(ctx, request);
      if (!booked || !booked->appointment || request.idempotency_key.empty()) co_return booked;
      const auto& a = *booked->appointment;
      bool as_wished = a.status == AppointmentStatus::booked && a.local_start == request.slot.start;
      if (as_wished) co_return booked;
      request.idempotency_key = "again-" + a.id.str();
    }
    co_return fail(Errc::rate_limited, "the same time was booked and given up too often");
  }
  static constexpr int max_wishes = 10;

  Booking& booking_;
};

class FindAppointments final : public ToolBase {
 public:
  FindAppointments(Booking& booking, Clock& clock)
      : ToolBase({.name = "find_appointments",
                  .description = "The caller's own upcoming appointments.",
                  .parameters = schema(
                      {{"phone", text_of("the appointment's, when the caller's is withheld", 40)},
                       {"name", text_of("the appointment's, when the number is withheld", 200)}},
                      {})}),
        booking_(booking),
        clock_(clock) {}

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    json::value arguments(std::move(call.arguments));
    FieldReader in(arguments);
    auto said = in.optional_text("phone", {0, 40}).value_or("");
    auto name = in.optional_text("name", {0, 200}).value_or("");
    if (auto good = finish(in); !good) co_return std::unexpected(good.error());
    auto phone = scope.caller_phone;
    if (!trim(said).empty()) {
      auto wanted = normalize_e164(said);
      if (!wanted) co_return std::unexpected(wanted.error());
      bool withheld = scope.caller_phone.empty() && !trim(name).empty();
      if (!withheld && *wanted != scope.caller_phone) co_return none();
      phone = *wanted;
    }
    if (phone.empty()) co_return none();
    AppointmentQuery query{.business = scope.business,
                           .from = clock_.wall(),
                           .status = AppointmentStatus::booked,
                           .phone = phone,
                           .limit = 20};
    auto list = co_await booking_.list(std::move(ctx), std::move(query));
    if (!list) co_return std::unexpected(list.error());
    json::array found;
    for (const auto& a : list->items)
      if (!scope.caller_phone.empty() || iequals(trim(a.customer.name), trim(name)))
        found.push_back(for_caller(a));
    co_return json::object{{"appointments", std::move(found)}};
  }

 private:
  static json::object none() { return {{"appointments", json::array{}}}; }
  Booking& booking_;
  Clock& clock_;
};

class MoveAppointment final : public ToolBase {
 public:
  explicit MoveAppointment(Booking& booking)
      : ToolBase({.name = "move_appointment",
                  .description = "Moves one of the caller's appointments, after they confirmed it.",
                  .parameters = schema(
                      {{"appointment", text_of("its id", 80)}, {"start", time_of("the new start")}},
                      {"appointment", "start"}),
                  .has_effect = true}),
        booking_(booking) {}

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    json::value arguments(std::move(call.arguments));
    FieldReader in(arguments);
    AppointmentId id(in.text("appointment", {1, 80}));
    auto start = calendar::parse_local(in.text("start"));
    if (auto good = finish(in); !good) co_return std::unexpected(good.error());
    if (!start) co_return std::unexpected(start.error());
    auto own = own_appointment(booking_, ctx, scope, id);
    auto found = co_await std::move(own);
    if (!found) co_return std::unexpected(found.error());
    auto moved = co_await booking_.move(std::move(ctx), std::move(id), *start, 0);
    if (!moved) co_return std::unexpected(moved.error());
    co_return answer("moved", *moved);
  }

 private:
  Booking& booking_;
};

class CancelAppointment final : public ToolBase {
 public:
  explicit CancelAppointment(Booking& booking)
      : ToolBase(
            {.name = "cancel_appointment",
             .description = "Cancels one of the caller's appointments, after they confirmed it.",
             .parameters = schema({{"appointment", text_of("its id", 80)}}, {"appointment"}),
             .has_effect = true}),
        booking_(booking) {}

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    json::value arguments(std::move(call.arguments));
    FieldReader in(arguments);
    AppointmentId id(in.text("appointment", {1, 80}));
    if (auto good = finish(in); !good) co_return std::unexpected(good.error());
    auto own = own_appointment(booking_, ctx, scope, id);
    auto found = co_await std::move(own);
    if (!found) co_return std::unexpected(found.error());
    auto cancelled = co_await booking_.cancel(std::move(ctx), std::move(id));
    if (!cancelled) co_return std::unexpected(cancelled.error());
    co_return json::object{{"cancelled", true}};
  }

 private:
  Booking& booking_;
};

class TakeMessage final : public ToolBase {
 public:
  explicit TakeMessage(business::Messages& messages)
      : ToolBase(
            {.name = "take_message",
             .description = "Leaves a message for the owner of the business.",
             .parameters = schema({{"text", text_of("the message", 3900)},
                                   {"name", text_of("who left it", 200)},
                                   {"phone", text_of("to call back; empty: the caller's", 40)}},
                                  {"text"}),
             .has_effect = true}),
        messages_(messages) {}

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    json::value arguments(std::move(call.arguments));
    FieldReader in(arguments);
    business::Message message;
    message.business = scope.business;
    message.call = scope.call;
    message.text = in.text("text", {1, 3900});
    message.caller_name = in.optional_text("name", {0, 200}).value_or("");
    message.caller_phone = in.optional_text("phone", {0, 40}).value_or("");
    if (auto good = finish(in); !good) co_return std::unexpected(good.error());
    if (!message.caller_phone.empty() && !normalize_e164(message.caller_phone)) {
      // Better a message with a garbled number in it than no message.
      message.text += "\n(number as given: " + message.caller_phone + ")";
      message.caller_phone.clear();
    }
    if (trim(message.caller_phone).empty()) message.caller_phone = scope.caller_phone;
    auto left = co_await messages_.leave(std::move(ctx), std::move(message),
                                         std::move(call.idempotency_key));
    if (!left) co_return std::unexpected(left.error());
    co_return json::object{{"taken", true}};
  }

 private:
  business::Messages& messages_;
};

}  // namespace

std::unique_ptr<dialog::Tool> make_find_slots(Booking& booking) {
  return std::make_unique<FindSlots>(booking);
}
std::unique_ptr<dialog::Tool> make_book_appointment(Booking& booking) {
  return std::make_unique<BookAppointment>(booking);
}
std::unique_ptr<dialog::Tool> make_find_appointments(Booking& booking, Clock& clock) {
  return std::make_unique<FindAppointments>(booking, clock);
}
std::unique_ptr<dialog::Tool> make_move_appointment(Booking& booking) {
  return std::make_unique<MoveAppointment>(booking);
}
std::unique_ptr<dialog::Tool> make_cancel_appointment(Booking& booking) {
  return std::make_unique<CancelAppointment>(booking);
}
std::unique_ptr<dialog::Tool> make_take_message(business::Messages& messages) {
  return std::make_unique<TakeMessage>(messages);
}

}  // namespace parley::booking
