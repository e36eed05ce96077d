#include "outbound_call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"
#include "signed_webhook.hpp"

namespace parley::simulators {

namespace {

using Kind = TwilioAccount::Kind;

constexpr auto detection_takes = std::chrono::milliseconds(2400);

std::string whole_seconds(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(length).count());
}

}  // namespace

OutboundCall::OutboundCall(CallSurroundings around, std::string sid, net::Fields form,
                           Callee callee)
    : around_(std::move(around)),
      sid_(std::move(sid)),
      form_(std::move(form)),
      callee_(std::move(callee)) {}

// The record may have been deleted meanwhile; the call goes on.
std::string OutboundCall::shown(std::string_view field) const {
  auto* call = around_.account.find(Kind::calls, sid_);
  return call ? call->text(field) : "";
}
void OutboundCall::show(std::string_view field, std::string_view value) {
  auto* call = around_.account.find(Kind::calls, sid_);
  if (!call) return;
  call->shown[field] = value;
  call->shown["date_updated"] = rfc2822(around_.account.now());
}

asio::awaitable<void> OutboundCall::run() {
  auto calling = tell_status("initiated", "initiated", {});
  co_await std::move(calling);
  auto ringing = ring();
  co_await std::move(ringing);
  std::string status = ended_as_;
  if (!is_over() && callee_.answer == Callee::Answer::answers) {
    auto talking = talk();
    co_await std::move(talking);
    status = "completed";
  } else if (!is_over()) {
    status = callee_.answer == Callee::Answer::busy        ? "busy"
             : callee_.answer == Callee::Answer::no_answer ? "no-answer"
                                                           : "failed";
  }
  auto ending = end(std::move(status));
  co_await std::move(ending);
}

asio::awaitable<void> OutboundCall::ring() {
  if (is_over() || callee_.answer == Callee::Answer::failed) co_return;
  show("status", "ringing");
  auto telling = tell_status("ringing", "ringing", {});
  co_await std::move(telling);
  auto until = around_.clock.now() + callee_.rings;
  while (!is_over() && around_.clock.now() < until)
    co_await changed_.wait_until(around_.clock, until);
}

asio::awaitable<void> OutboundCall::talk() {
  answered_ = around_.clock.now();
  show("status", "in-progress");
  show("start_time", rfc2822(around_.account.now()));
  auto telling = tell_status("answered", "in-progress", {});
  co_await std::move(telling);
  net::Fields found{{"AnsweredBy", callee_.answered_by},
                    {"MachineDetectionDuration", std::to_string(detection_takes.count())}};
  bool detects = !value("MachineDetection").empty();
  bool beside = value("AsyncAmd") == "true";
  if (detects && !beside) {
    co_await around_.clock.sleep_for(detection_takes);
    show("answered_by", callee_.answered_by);
  }
  if (detects && beside && !value("AsyncAmdStatusCallback").empty()) {
    show("answered_by", callee_.answered_by);
    auto detecting =
        tell(value("AsyncAmdStatusCallback"), value("AsyncAmdStatusCallbackMethod"), found);
    co_await std::move(detecting);
  }
  if (is_over()) co_return;
  LineOptions options;
  options.auth_token = around_.auth_token;
  options.call_sid = sid_;
  options.account_sid = around_.account.sid();
  options.direction = "outbound-api";
  options.from = value("From");
  options.to = value("To");
  options.voice_url = value("Url");
  if (options.voice_url.empty()) options.twiml = value("Twiml");
  if (detects && !beside) options.voice_extra = found;
  options.tells_status = LineOptions::TellsStatus::no;
  line_ = std::make_shared<TwilioLine>(around_.clock, around_.random, around_.http, options);
  if (value("Record") == "true")
    record({.channels = value("RecordingChannels") == "dual" ? 2 : 1}, form_);
  line_->on_played = [this](const PlayedFrame& frame) {
    for (auto& recording : recordings_) recording.add(frame);
  };
  auto dialling = line_->dial(Context{});
  auto connected = co_await std::move(dialling);
  if (!connected) co_return;
  line_->say(callee_.says);
  leave_later();
  auto carrying = line_->run(Context{});
  co_await std::move(carrying);
}

void OutboundCall::leave_later() {
  around_.tasks.spawn("twilio.callee",
                      [line = line_, &clock = around_.clock,
                       until = answered_ + callee_.stays]() -> asio::awaitable<void> {
                        while (line->ended() == LineEnd::none && clock.now() < until)
                          co_await line->changed().wait_until(clock, until);
                        line->hang_up();
                      });
}

asio::awaitable<void> OutboundCall::end(std::string status) {
  auto length = status == "completed" && answered_ != TimePoint{} ? around_.clock.now() - answered_
                                                                  : Duration{};
  show("status", status);
  show("end_time", rfc2822(around_.account.now()));
  show("duration", whole_seconds(length));
  net::Fields extra{{"CallDuration", whole_seconds(length)}};
  if (status == "completed") {
    auto minutes = std::chrono::ceil<std::chrono::minutes>(length).count();
    extra.emplace_back("Duration", std::to_string(minutes));
  }
  auto over = std::exchange(recordings_, {});
  for (const auto& recording : over) {
    auto telling = tell_of(recording.sid(), finish(recording), recording.callbacks());
    co_await std::move(telling);
  }
  extra.emplace_back("SipResponseCode", status == "busy"        ? "486"
                                        : status == "no-answer" ? "487"
                                        : status == "canceled"  ? "487"
                                        : status == "failed"    ? "404"
                                                                : "200");
  auto telling = tell_status("completed", status, std::move(extra));
  co_await std::move(telling);
}

void OutboundCall::record(const TwilioAccount::NewRecording& what, net::Fields callbacks) {
  auto* call = around_.account.find(Kind::calls, sid_);
  if (!call) return;
  auto sid = around_.account.make_recording(*call, what).text("sid");
  auto channels =
      what.channels == 2 ? CallRecording::Channels::dual : CallRecording::Channels::mono;
  recordings_.emplace_back(sid, channels, std::move(callbacks));
  tell_later(recordings_.back(), "in-progress");
}

/// What became of it: completed, or absent when nothing was recorded.
std::string OutboundCall::finish(const CallRecording& recording) {
  auto* made = around_.account.find(Kind::recordings, recording.sid());
  if (!made) return "";
  bool empty = recording.length() == Duration{};
  made->shown["status"] = empty ? "absent" : "completed";
  made->shown["duration"] = whole_seconds(recording.length());
  if (!empty) around_.media[recording.sid()] = recording.wav();
  return made->text("status");
}

asio::awaitable<void> OutboundCall::tell_of(std::string recording, std::string event,
                                            net::Fields callbacks) {
  auto* made = around_.account.find(Kind::recordings, recording);
  if (!made || !CallRecording::tells(callbacks, event)) co_return;
  auto given = [&callbacks](std::string_view name) {
    return std::string(net::find_field(callbacks, name).value_or(""));
  };
  auto telling = tell(given("RecordingStatusCallback"), given("RecordingStatusCallbackMethod"),
                      CallRecording::described(*made));
  co_await std::move(telling);
}

void OutboundCall::tell_later(const CallRecording& recording, std::string event) {
  auto self = shared_from_this();
  around_.tasks.spawn("twilio.recording",
                      [self, sid = recording.sid(), event, callbacks = recording.callbacks()] {
                        return self->tell_of(sid, event, callbacks);
                      });
}

TwilioResult<const Resource*> OutboundCall::start_recording(const net::Fields& form) {
  auto* call = around_.account.find(Kind::calls, sid_);
  if (!call || !line_ || is_over())
    return refuse_twilio(400, 21220, "Requested resource is not eligible for recording.");
  bool dual = net::find_field(form, "RecordingChannels") == "dual";
  record({.channels = dual ? 2 : 1, .source = "StartCallRecordingAPI"}, form);
  return around_.account.find(Kind::recordings, recordings_.back().sid());
}

TwilioResult<const Resource*> OutboundCall::stop_recording(const std::string& recording) {
  auto found = std::ranges::find(recordings_, recording, &CallRecording::sid);
  if (found == recordings_.end()) return no_such_thing("/Recordings/" + recording);
  auto over = std::move(*found);
  recordings_.erase(found);
  auto became = finish(over);
  tell_later(over, std::move(became));
  return around_.account.find(Kind::recordings, recording);
}

asio::awaitable<void> OutboundCall::tell_status(std::string event, std::string status,
                                                net::Fields extra) {
  bool any = net::find_field(form_, "StatusCallbackEvent").has_value();
  bool wanted = any ? std::ranges::find(form_, std::pair(std::string("StatusCallbackEvent"),
                                                         event)) != form_.end()
                    : event == "completed";
  if (!wanted) co_return;
  extra.insert(extra.begin(), {{"CallStatus", std::move(status)},
                               {"CallbackSource", "call-progress-events"},
                               {"SequenceNumber", std::to_string(told_++)},
                               {"Timestamp", rfc2822(around_.account.now())}});
  auto telling = tell(value("StatusCallback"), value("StatusCallbackMethod"), std::move(extra));
  co_await std::move(telling);
}

asio::awaitable<void> OutboundCall::tell(std::string url, std::string method, net::Fields extra) {
  if (url.empty()) co_return;
  SignedWebhook webhook{.signed_url = url, .url = url};
  if (iequals(method, "GET")) webhook.method = net::Method::get;
  webhook.form = {{"CallSid", sid_},
                  {"AccountSid", around_.account.sid()},
                  {"From", value("From")},
                  {"To", value("To")},
                  {"Caller", value("From")},
                  {"Called", value("To")},
                  {"Direction", "outbound-api"},
                  {"ApiVersion", "2010-04-01"}};
  webhook.form.insert(webhook.form.end(), extra.begin(), extra.end());
  auto sending = post_signed(around_.http, Context{}, around_.auth_token, std::move(webhook));
  (void)co_await std::move(sending);
}

TwilioResult<void> OutboundCall::update(const net::Fields& form) {
  auto status = std::string(net::find_field(form, "Status").value_or(""));
  auto url = std::string(net::find_field(form, "Url").value_or(""));
  auto twiml = std::string(net::find_field(form, "Twiml").value_or(""));
  auto now = shown("status");
  bool talking = now == "in-progress";
  if (!status.empty() && status != "canceled" && status != "completed")
    return refuse_twilio(400, 21218, "Status may be canceled or completed.");
  if (status == "canceled" && talking)
    return refuse_twilio(400, 21220, "Call is in-progress. Cannot cancel.");
  if (status.empty() && (!url.empty() || !twiml.empty())) {
    if (!talking || !line_)
      return refuse_twilio(400, 21220, "Call is not in-progress. Cannot redirect.");
    line_->redirect(std::move(url), std::move(twiml));
    return {};
  }
  if (status.empty()) return {};
  ended_as_ = talking ? "completed" : "canceled";
  if (line_) line_->hang_up();
  changed_.notify();
  return {};
}

}  // namespace parley::simulators
