#include "phone_call.hpp"

#include <regex>

#include "parley/base/strings.hpp"

namespace parley::e2e {

using simulators::LineEnd;

std::string CallResult::transcript() const {
  std::string text;
  boost::system::error_code ec;
  auto* turns = call.find_pointer("/transcript", ec);
  if (!turns || !turns->is_array()) return text;
  for (auto& turn : turns->get_array())
    text += text_at(turn, "/who") + ": " + text_at(turn, "/text") + "\n";
  return text;
}

PhoneCall::PhoneCall(Clock& clock, Random& random, net::HttpClient& http,
                     const ServerProcess& server, simulators::CallerVoices voices,
                     CallerSound sound, std::string from)
    : clock_(clock),
      api_(http, server.url(), server.command_line_key()),
      line_(clock, random, http,
            {server.url(), "", server.auth_token(), std::move(from), "+12125550100"}),
      caller_(clock, line_, std::move(voices), {sound.voice, sound.noise_db, sound.seed}) {}

Task<CallResult> PhoneCall::look() {
  CallResult result;
  result.end = line_.ended();
  result.length = line_.elapsed();
  result.clears = line_.clears();
  auto listing = api_.get("/calls?limit=200");
  auto list = co_await std::move(listing);
  if (!list) co_return std::unexpected(list.error());
  boost::system::error_code ec;
  auto* items = list->body.find_pointer("/data", ec);
  if (!items || !items->is_array())
    co_return fail(Errc::unavailable, "no list of calls: " + json::serialize(list->body));
  for (auto& item : items->get_array()) {
    if (text_at(item, "/carrierCallId") != line_.call_sid()) continue;
    auto id = text_at(item, "/id");
    auto reading = api_.get("/calls/" + id);
    auto call = co_await std::move(reading);
    if (!call) co_return std::unexpected(call.error());
    if (auto* data = call->body.find_pointer("/data", ec)) result.call = *data;
    auto following = api_.get("/calls/" + id + "/timeline");
    auto timeline = co_await std::move(following);
    if (!timeline) co_return std::unexpected(timeline.error());
    if (auto* data = timeline->body.find_pointer("/data", ec)) result.timeline = *data;
    co_return result;
  }
  co_return fail(Errc::not_found, "the server does not know the call");
}

/// What the agent said after the caller's last words, in lower case; empty when nothing yet.
Task<std::string> PhoneCall::agent_said_since(std::size_t turns) {
  auto looking = look();
  auto result = co_await std::move(looking);
  if (!result) co_return std::string();
  boost::system::error_code ec;
  auto* transcript = result->call.find_pointer("/transcript", ec);
  std::string said;
  if (!transcript || !transcript->is_array()) co_return said;
  auto& all = transcript->get_array();
  for (std::size_t i = turns; i < all.size(); ++i)
    if (text_at(all[i], "/who") == "agent") said += to_lower(text_at(all[i], "/text")) + " ";
  if (!said.empty()) turns_seen_ = all.size();
  co_return said;
}

asio::awaitable<void> PhoneCall::answer_by(Answers answers, TimePoint limit) {
  while (line_.ended() == LineEnd::none && clock_.now() < limit) {
    co_await caller_.until_agent_finished(limit);
    auto hearing = agent_said_since(turns_seen_);
    auto said = co_await std::move(hearing);
    if (!said || said->empty()) {
      co_await clock_.sleep_for(std::chrono::milliseconds(250));
      continue;
    }
    auto answer = answers(*said);
    if (answer.empty()) continue;
    if (answer == "@hangup") break;
    if (answer.starts_with("@press ")) {
      for (char digit : answer.substr(7)) line_.press(digit);
      continue;
    }
    auto speaking = speak(answer);
    auto words = co_await std::move(speaking);
    if (!words) continue;
    caller_.say(std::move(*words));
    co_await caller_.until_said(limit);
  }
  line_.hang_up();
}

Answers by_rules(std::vector<Rule> rules) {
  return [rules = std::move(rules)](const std::string& said) mutable -> std::string {
    auto rule = std::ranges::find_if(rules, [&](const Rule& candidate) {
      return candidate.times > 0 && std::regex_search(said, std::regex(candidate.when));
    });
    if (rule == rules.end()) return "";
    --rule->times;
    return rule->say;
  };
}

Task<CallResult> PhoneCall::hold(Answers answers, Duration limit) {
  Context ctx;
  ctx.deadline = clock_.now() + std::chrono::seconds(20);
  auto dialling = line_.dial(ctx);
  auto dialled = co_await std::move(dialling);
  if (!dialled) co_return std::unexpected(dialled.error());
  auto executor = co_await asio::this_coro::executor;
  TaskGroup caller(executor);
  auto until = clock_.now() + limit;
  caller.spawn("caller", [this, answers, until] { return answer_by(answers, until); });
  caller.spawn("line noise", [this] { return caller_.carry_noise(); });
  auto carrying = line_.run(Context{});
  co_await std::move(carrying);
  co_await caller.stop();
  // The record is stored a moment after the line is gone.
  auto patience = clock_.now() + std::chrono::seconds(10);
  while (true) {
    auto looking = look();
    auto result = co_await std::move(looking);
    bool over = result && text_at(result->call, "/status") != "in_progress" &&
                text_at(result->call, "/status") != "ringing";
    if (over || clock_.now() > patience) co_return result;
    co_await clock_.sleep_for(std::chrono::milliseconds(100));
  }
}

}  // namespace parley::e2e
