#include "outbound_call.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"
#include "signed_webhook.hpp"

namespace parley::simulators {

namespace {

using Kind = TwilioAccount::Kind;

constexpr auto detection_takes = std::chrono::milliseconds(2400);
constexpr std::size_t longest_recording_samples = 8000u * 60 * 30;

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
    line_->on_played = [this](const PlayedFrame& frame) {
      if (heard_.size() < longest_recording_samples)
        heard_.insert(heard_.end(), frame.samples.begin(), frame.samples.end());
    };
  auto dialling = line_->dial(Context{});
  auto connected = co_await std::move(dialling);
  if (!connected) co_return;
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
  if (!heard_.empty()) {
    auto keeping = keep_recording();
    co_await std::move(keeping);
  }
  extra.emplace_back("SipResponseCode", status == "busy"        ? "486"
                                        : status == "no-answer" ? "487"
                                        : status == "canceled"  ? "487"
                                        : status == "failed"    ? "404"
                                                                : "200");
  auto telling = tell_status("completed", status, std::move(extra));
  co_await std::move(telling);
}

asio::awaitable<void> OutboundCall::keep_recording() {
  auto* call = around_.account.find(Kind::calls, sid_);
  if (!call) co_return;
  audio::Frame whole{std::move(heard_)};
  auto& made = around_.account.make_recording(*call, whole.duration(), 1);
  auto sid = made.text("sid");
  auto uri = made.text("uri");
  auto bytes = audio::write_wav(whole.samples, {audio::telephone_rate_hz, 1});
  around_.media[sid] = std::string(as_text(bytes));
  net::Fields extra{{"RecordingSid", sid},
                    {"RecordingUrl", "https://api.twilio.com" + uri.substr(0, uri.rfind('.'))},
                    {"RecordingStatus", "completed"},
                    {"RecordingDuration", made.text("duration")},
                    {"RecordingChannels", "1"},
                    {"RecordingSource", "OutboundAPI"}};
  auto telling = tell(value("RecordingStatusCallback"), value("RecordingStatusCallbackMethod"),
                      std::move(extra));
  co_await std::move(telling);
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
