#include "parley/providers/twilio/inbox_callbacks.hpp"

#include <charconv>

#include "parley/base/json.hpp"

namespace parley::providers::twilio {

namespace {

using webhooks::Processed;

constexpr std::string_view source = "twilio";
constexpr std::string_view status_kind = "twilio.status";
constexpr std::string_view recording_kind = "twilio.recording";
constexpr std::string_view answer_kind = "twilio.answer";

/// What is kept of a form: no numbers of people.
constexpr std::string_view kept_fields[]{"CallSid",        "CallStatus",
                                         "SequenceNumber", "CallDuration",
                                         "RecordingSid",   "RecordingStatus",
                                         "RecordingUrl",   "RecordingDuration",
                                         "AnsweredBy",     "MachineDetectionDuration"};

std::string field(const net::Fields& form, std::string_view name) {
  return std::string(net::find_field(form, name).value_or(""));
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

std::string kept_of(const net::Fields& form) {
  json::object kept;
  for (auto name : kept_fields)
    if (auto value = net::find_field(form, name)) kept[name] = *value;
  return json::serialize(kept);
}

/// Of what has no sequence number: a recording begins, then it is there or is not.
std::int64_t rank_of(std::string_view recording_status) {
  return recording_status == "in-progress" ? 1 : 2;
}

webhooks::NewReceived status_of(const net::Fields& form) {
  webhooks::NewReceived event;
  auto sequence = field(form, "SequenceNumber");
  event.kind = status_kind;
  event.event_type = field(form, "CallStatus");
  event.subject = "call/" + field(form, "CallSid");
  event.event_id = event.subject + "/" + event.event_type + "/" + sequence;
  event.sequence = number(sequence);
  return event;
}

webhooks::NewReceived recording_of(const net::Fields& form) {
  webhooks::NewReceived event;
  event.kind = recording_kind;
  event.event_type = field(form, "RecordingStatus");
  event.subject = "recording/" + field(form, "RecordingSid");
  event.event_id = event.subject + "/" + event.event_type;
  event.sequence = rank_of(event.event_type);
  return event;
}

webhooks::NewReceived answer_of(const net::Fields& form) {
  webhooks::NewReceived event;
  event.kind = answer_kind;
  event.event_type = field(form, "AnsweredBy");
  event.subject = "answer/" + field(form, "CallSid");
  event.event_id = event.subject + "/" + event.event_type;
  return event;
}

/// Words may be added: what begins alike means alike.
telephony::AnswerFound found_of(std::string_view answered_by) {
  using telephony::AnswerFound;
  if (answered_by == "human") return AnswerFound::human;
  if (answered_by.starts_with("machine_end")) return AnswerFound::machine_ready;
  if (answered_by.starts_with("machine")) return AnswerFound::machine;
  if (answered_by == "fax") return AnswerFound::fax;
  return AnswerFound::unknown;
}

/// The field without which a callback says nothing.
std::string_view telling_field(Callback::Kind kind) {
  switch (kind) {
    case Callback::Kind::status:
      return "CallStatus";
    case Callback::Kind::recording:
      return "RecordingSid";
    case Callback::Kind::answer:
      break;
  }
  return "AnsweredBy";
}

webhooks::NewReceived event_of(const Callback& callback) {
  switch (callback.kind) {
    case Callback::Kind::status:
      return status_of(callback.form);
    case Callback::Kind::recording:
      return recording_of(callback.form);
    case Callback::Kind::answer:
      break;
  }
  return answer_of(callback.form);
}

/// A field of what was kept; empty when it was not given.
std::optional<std::chrono::seconds> seconds_in(const json::object& body, std::string_view name) {
  auto many = number(text_in(body, name));
  if (!many) return std::nullopt;
  return std::chrono::seconds(*many);
}

Result<Processed> ended(Result<void> outcome) {
  // A call that was removed meanwhile.
  if (!outcome && outcome.error().code == Errc::not_found) return Processed::ignored;
  if (!outcome) return std::unexpected(outcome.error());
  return Processed::applied;
}

/// An event older than what its subject has applied has no effect. One without a place in the order
/// has.
Result<bool> is_in_order(store::Tx& tx, const webhooks::NewReceived& event) {
  if (!event.sequence) return true;
  auto order = webhooks::advance(tx, event.source, event.subject, *event.sequence);
  if (!order) return std::unexpected(order.error());
  return *order == webhooks::Order::newer;
}

class InboxCallbacks final : public Callbacks {
 public:
  InboxCallbacks(store::Database& database, webhooks::Inbox& inbox, telephony::CallHandler& calls)
      : database_(database), inbox_(inbox), calls_(calls) {
    inbox.add(std::string(status_kind), [&calls](store::Tx& tx, const webhooks::Received& event) {
      return process_status(calls, tx, event.what);
    });
    inbox.add(std::string(recording_kind),
              [&calls](store::Tx& tx, const webhooks::Received& event) {
                return process_recording(calls, tx, event.what);
              });
    inbox.add(std::string(answer_kind), [&calls](store::Tx& tx, const webhooks::Received& event) {
      return process_answer(calls, tx, event.what);
    });
  }

  Task<void> keep(Context ctx, Callback callback) override {
    auto call_sid = field(callback.form, "CallSid");
    if (call_sid.empty() || field(callback.form, telling_field(callback.kind)).empty())
      co_return Result<void>{};
    auto event = event_of(callback);
    event.source = source;
    event.body = kept_of(callback.form);
    auto store = [&](store::Tx& tx) -> Result<void> {
      auto owner = calls_.organization_of(tx, std::string(source), call_sid);
      if (!owner && owner.error().code == Errc::not_found) return {};
      if (!owner) return std::unexpected(owner.error());
      tx.act_for(*owner);
      auto stored = inbox_.receive(tx, event);
      if (!stored) return std::unexpected(stored.error());
      return {};
    };
    co_return co_await database_.write(std::move(ctx), store);
  }

 private:
  static Result<Processed> process_status(telephony::CallHandler& calls, store::Tx& tx,
                                          const webhooks::NewReceived& event) {
    auto status = telephony::parse_status(event.event_type);
    // Twilio may add statuses.
    if (!status) return Processed::ignored;
    auto newer = is_in_order(tx, event);
    if (!newer) return std::unexpected(newer.error());
    if (!*newer) return Processed::stale;
    auto body = json::parse(event.body).as_object();
    telephony::CallStatusUpdate update{.carrier = event.source,
                                       .carrier_call_id = text_in(body, "CallSid")};
    update.status = *status;
    update.sequence = event.sequence.value_or(0);
    update.duration = seconds_in(body, "CallDuration");
    return ended(calls.status_changed(tx, update));
  }

  static Result<Processed> process_recording(telephony::CallHandler& calls, store::Tx& tx,
                                             const webhooks::NewReceived& event) {
    auto newer = is_in_order(tx, event);
    if (!newer) return std::unexpected(newer.error());
    if (!*newer) return Processed::stale;
    auto body = json::parse(event.body).as_object();
    telephony::CarrierRecording recording;
    recording.carrier = event.source;
    recording.carrier_call_id = text_in(body, "CallSid");
    recording.recording_id = text_in(body, "RecordingSid");
    recording.status = event.event_type;
    recording.url = text_in(body, "RecordingUrl");
    recording.duration = seconds_in(body, "RecordingDuration");
    return ended(calls.recording_changed(tx, recording));
  }

  static Result<Processed> process_answer(telephony::CallHandler& calls, store::Tx& tx,
                                          const webhooks::NewReceived& event) {
    auto body = json::parse(event.body).as_object();
    telephony::CarrierAnswer answer;
    answer.carrier = event.source;
    answer.carrier_call_id = text_in(body, "CallSid");
    answer.found = found_of(event.event_type);
    answer.word = event.event_type;
    return ended(calls.answer_detected(tx, answer));
  }

  store::Database& database_;
  webhooks::Inbox& inbox_;
  telephony::CallHandler& calls_;
};

}  // namespace

std::unique_ptr<Callbacks> make_inbox_callbacks(store::Database& database, webhooks::Inbox& inbox,
                                                telephony::CallHandler& calls) {
  return std::make_unique<InboxCallbacks>(database, inbox, calls);
}

}  // namespace parley::providers::twilio
