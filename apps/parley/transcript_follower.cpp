#include "transcript_follower.hpp"

#include <fmt/format.h>

namespace parley::app {

namespace {
constexpr Duration interval = std::chrono::milliseconds(500);
constexpr Duration storing_limit = std::chrono::seconds(5);

}  // namespace

TranscriptFollower::TranscriptFollower(Clock& clock, net::HttpClient& http, std::string server,
                                       std::string token)
    : clock_(clock), http_(http), server_(std::move(server)), token_(std::move(token)) {}

Task<json::value> TranscriptFollower::get(std::string path) {
  net::OutgoingRequest request;
  request.url = server_ + "/api/v1" + path;
  request.headers.set("Authorization", "Bearer " + token_);
  request.timeout = std::chrono::seconds(5);
  auto sending = http_.send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status != 200)
    co_return fail(Errc::unavailable, "the API answered " + std::to_string(response->status));
  co_return parse_json(response->body);
}

asio::awaitable<void> TranscriptFollower::look() {
  if (id_.empty()) {
    auto listing = get("/calls?limit=20");
    auto list = co_await std::move(listing);
    auto* items = list ? value_at(*list, "/data") : nullptr;
    if (!items || !items->is_array()) co_return;
    for (auto& item : items->get_array())
      if (text_at(item, "/carrierCallId") == carrier_call_id_) id_ = text_at(item, "/id");
    if (id_.empty()) co_return;
  }
  auto reading = get("/calls/" + id_);
  auto call = co_await std::move(reading);
  auto* data = call ? value_at(*call, "/data") : nullptr;
  if (!data) co_return;
  can_read_ = true;
  call_ = *data;
  auto* turns = value_at(call_, "/transcript");
  if (!turns || !turns->is_array()) co_return;
  for (; told_ < turns->get_array().size(); ++told_) {
    auto& turn = turns->get_array()[told_];
    auto* when = value_at(turn, "/atMs");
    auto ms = when && when->is_number() ? when->to_number<double>() : 0;
    on_turn_(fmt::format("{:7.1f} s  {:<7} {}", ms / 1000, text_at(turn, "/who"),
                         text_at(turn, "/text")));
  }
}

asio::awaitable<void> TranscriptFollower::follow(std::string carrier_call_id,
                                                 std::function<void(const std::string&)> on_turn) {
  carrier_call_id_ = std::move(carrier_call_id);
  on_turn_ = std::move(on_turn);
  if (token_.empty()) co_return;
  while (true) {
    co_await look();
    co_await clock_.sleep_for(interval);
  }
}

asio::awaitable<void> TranscriptFollower::finish() {
  if (token_.empty()) co_return;
  auto limit = clock_.now() + storing_limit;
  while (clock_.now() < limit) {
    co_await look();
    auto status = text_at(call_, "/status");
    if (!status.empty() && status != "in_progress" && status != "ringing") co_return;
    co_await clock_.sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace parley::app
