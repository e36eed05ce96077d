#include "parley/providers/twilio/recorder.hpp"

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "rest.hpp"

namespace parley::providers::twilio {

namespace {

constexpr Duration fetch_limit = std::chrono::minutes(5);

std::string recordings_of(const std::string& call) {
  return "/Calls/" + url_encode(call) + "/Recordings";
}

}  // namespace

TwilioRecorder::TwilioRecorder(Options options, Clock& clock, net::HttpClient& http,
                               resilience::Policy& policy)
    : options_(std::move(options)), clock_(clock), http_(http), policy_(policy) {}

Task<net::HttpResponse> TwilioRecorder::ask(Context ctx, net::Method method, std::string path,
                                            std::string form) {
  if (options_.account_sid.empty())
    co_return fail(Errc::unavailable, "no Twilio account is configured (twilio.account_sid)");
  auto request = rest_request(options_, method, path, std::move(form));
  request.max_response_bytes = largest_bytes;
  if (method == net::Method::get) request.timeout = fetch_limit;
  auto sending = http_.send(std::move(ctx), std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return response;
  if (response->status / 100 != 2) co_return std::unexpected(rest_error(*response, clock_));
  co_return response;
}

/// The recording that is being made of a call; empty when there is none.
Task<std::string> TwilioRecorder::running(Context ctx, std::string carrier_call_id) {
  auto asking = ask(std::move(ctx), net::Method::get, recordings_of(carrier_call_id) + ".json", "");
  auto response = co_await std::move(asking);
  if (!response) co_return std::unexpected(response.error());
  auto listed = parse_json(response->body);
  auto* recordings = listed ? value_at(*listed, "/recordings") : nullptr;
  if (!recordings || !recordings->is_array())
    co_return fail(Errc::unavailable, "Twilio's list of recordings cannot be read");
  for (const auto& recording : recordings->get_array()) {
    auto status = text_at(recording, "/status");
    if (status == "in-progress" || status == "paused") co_return text_at(recording, "/sid");
  }
  co_return "";
}

Task<std::string> TwilioRecorder::begin(Context ctx, std::string carrier_call_id) {
  auto callback = url_encode(options_.public_url + "/webhooks/twilio/recording");
  std::string form = "RecordingChannels=dual&RecordingStatusCallback=" + callback;
  for (auto* event : {"in-progress", "completed", "absent"})
    form += std::string("&RecordingStatusCallbackEvent=") + event;
  auto asking = ask(std::move(ctx), net::Method::post, recordings_of(carrier_call_id) + ".json",
                    std::move(form));
  auto response = co_await std::move(asking);
  if (!response && response.error().code == Errc::not_found)
    co_return fail(Errc::conflict, "Twilio knows no such call in progress");
  if (!response) co_return std::unexpected(response.error());
  auto made = parse_json(response->body);
  auto sid = made ? text_at(*made, "/sid") : "";
  if (sid.empty()) co_return fail(Errc::outcome_unknown, "Twilio's answer names no recording");
  co_return sid;
}

Task<std::string> TwilioRecorder::start(Context ctx, std::string carrier_call_id) {
  auto looking = policy_.run(ctx, {"recordings.list", resilience::Repeat::safe},
                             [this, carrier_call_id](Context limited) {
                               return running(std::move(limited), carrier_call_id);
                             });
  auto there = co_await std::move(looking);
  if (!there && there.error().code != Errc::not_found) co_return there;
  if (there && !there->empty()) co_return there;
  auto beginning = policy_.run(std::move(ctx), {"recordings.create", resilience::Repeat::unsafe},
                               [this, carrier_call_id](Context limited) {
                                 return begin(std::move(limited), carrier_call_id);
                               });
  co_return co_await std::move(beginning);
}

Task<void> TwilioRecorder::stop(Context ctx, std::string carrier_call_id,
                                std::string recording_id) {
  auto path = recordings_of(carrier_call_id) + "/" + url_encode(recording_id) + ".json";
  auto stopping =
      policy_.run(std::move(ctx), {"recordings.update", resilience::Repeat::safe},
                  [this, path](Context limited) {
                    return ask(std::move(limited), net::Method::post, path, "Status=stopped");
                  });
  auto stopped = co_await std::move(stopping);
  bool over = !stopped &&
              (stopped.error().code == Errc::not_found || stopped.error().code == Errc::conflict);
  if (!stopped && !over) co_return std::unexpected(stopped.error());
  co_return Result<void>{};
}

Task<std::vector<std::byte>> TwilioRecorder::fetch(Context ctx, std::string recording_id) {
  auto path = "/Recordings/" + url_encode(recording_id) + ".wav?RequestedChannels=2";
  auto fetching = policy_.run(std::move(ctx), {"recordings.fetch", resilience::Repeat::safe},
                              [this, path](Context limited) {
                                return ask(std::move(limited), net::Method::get, path, "");
                              });
  auto response = co_await std::move(fetching);
  if (!response) co_return std::unexpected(response.error());
  auto bytes = as_bytes(response->body);
  co_return std::vector<std::byte>(bytes.begin(), bytes.end());
}

}  // namespace parley::providers::twilio
