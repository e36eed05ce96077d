#include "parley/simulators/scenario_call.hpp"

#include <fmt/format.h>

#include "parley/base/task_group.hpp"

namespace parley::simulators {

namespace {

using evals::Observed;
using evals::Step;
using evals::When;

constexpr Duration patience = std::chrono::seconds(20);
constexpr Duration look_again = std::chrono::milliseconds(250);
constexpr Duration storing_limit = std::chrono::seconds(10);

bool is_over(const std::string& status) {
  return !status.empty() && status != "in_progress" && status != "ringing";
}

class ScenarioCall {
 public:
  ScenarioCall(ScenarioCallParts parts, const evals::Scenario& scenario, LineOptions line,
               OnAct on_act)
      : parts_(std::move(parts)),
        scenario_(scenario),
        answers_(scenario.answers),
        line_(parts_.clock, parts_.random, parts_.http, std::move(line)),
        caller_(parts_.clock, line_, parts_.voices,
                {scenario.caller.voice, scenario.caller.noise_db, 1, scenario.caller.speed}),
        on_act_(std::move(on_act)) {
    caller_.on_words_ended = [this] { awaits_reply_ = !line_.agent_speaking(); };
    line_.on_played = [this](const PlayedFrame& frame) {
      if (!frame.agent || !std::exchange(awaits_reply_, false)) return;
      replies_.push_back(frame.at - caller_.words_ended());
    };
  }

  Task<Observed> hold() {
    limit_ = parts_.clock.now() + scenario_.longest;
    Context ctx;
    ctx.deadline = parts_.clock.now() + patience;
    auto dialling = line_.dial(std::move(ctx));
    auto dialled = co_await std::move(dialling);
    if (!dialled) co_return std::unexpected(dialled.error());
    TaskGroup beside(co_await asio::this_coro::executor, [this](auto&, const std::string& what) {
      problems_.push_back(what);
      line_.hang_up();
    });
    beside.spawn("caller", [this] { return play(); });
    beside.spawn("line noise", [this] { return caller_.carry_noise(); });
    auto carrying = line_.run(Context{});
    co_await std::move(carrying);
    co_await beside.stop();
    auto looking = aftermath();
    auto seen = co_await std::move(looking);
    if (!seen) co_return seen;
    seen->replies = std::move(replies_);
    seen->problems = std::move(problems_);
    if (!ended_in_order_ && seen->problems.empty())
      seen->problems.push_back(fmt::format("the call ended at step {}", step_));
    if (line_.ended() == LineEnd::hung_up_by_server) seen->ended_by = "agent";
    if (line_.ended() == LineEnd::hung_up_by_caller) seen->ended_by = "caller";
    co_return seen;
  }

 private:
  TimePoint within(Duration time) const { return std::min(limit_, parts_.clock.now() + time); }
  bool over() const { return line_.ended() != LineEnd::none; }
  void tell(const std::string& what) {
    if (on_act_) on_act_(what);
  }

  /// The server stores the record a moment after the line is gone.
  Task<Observed> aftermath() {
    auto until = parts_.clock.now() + storing_limit;
    while (true) {
      auto looking = parts_.view.so_far(Context{}, line_.call_sid());
      auto seen = co_await std::move(looking);
      if (seen && is_over(seen->status)) break;
      if (parts_.clock.now() > until)
        co_return fail(Errc::unavailable,
                       seen ? "the server has not stored the end of the call"
                            : "the server does not tell of the call: " + seen.error().detail);
      co_await parts_.clock.sleep_for(look_again);
    }
    auto reading = parts_.view.whole(Context{}, line_.call_sid());
    co_return co_await std::move(reading);
  }

  asio::awaitable<void> play() {
    for (const auto& step : scenario_.steps) {
      ++step_;
      auto acting = act(step);
      if (!co_await std::move(acting)) co_return;
      if (step.kind == Step::Kind::hang_up) {
        ended_in_order_ = true;
        co_return;
      }
    }
    // What the agent says to the last step belongs to the call; it may end it.
    ended_in_order_ = true;
    auto answering = answer_on();
    co_await std::move(answering);
    line_.hang_up();
  }

  /// False: the call is over, or is ended because the step could not begin.
  asio::awaitable<bool> act(const Step& step) {
    SpokenWords words;
    bool speaks = step.kind == Step::Kind::say || step.kind == Step::Kind::interrupt;
    if (speaks) {
      auto speaking = caller_.speak(step.text);
      auto made = co_await std::move(speaking);
      if (!made) co_return give_up("the caller cannot speak: " + made.error().detail);
      words = std::move(*made);
    }
    auto waiting = step.kind == Step::Kind::interrupt ? until_interrupting(step) : until(step);
    if (!co_await std::move(waiting)) co_return false;
    if (over()) co_return step.kind == Step::Kind::hang_up;
    switch (step.kind) {
      case Step::Kind::say:
      case Step::Kind::interrupt: {
        tell((step.kind == Step::Kind::say ? "says: " : "interrupts: ") + step.text);
        auto saying = say(std::move(words));
        co_await std::move(saying);
        break;
      }
      case Step::Kind::keys:
        press(step.text);
        break;
      case Step::Kind::silence:
        tell(fmt::format("is silent for {:.1f} s",
                         std::chrono::duration<double>(step.length).count()));
        co_await parts_.clock.sleep_until(within(step.length));
        break;
      case Step::Kind::noise:
        tell(fmt::format("is in {:.0f} dB of noise", step.noise_db));
        caller_.set_noise(step.noise_db);
        break;
      case Step::Kind::hang_up:
        tell("hangs up");
        line_.hang_up();
        break;
    }
    co_return true;
  }

  bool give_up(const std::string& why) {
    problems_.push_back(fmt::format("step {}: {}", step_, why));
    tell("gives up: " + why);
    line_.hang_up();
    return false;
  }

  asio::awaitable<void> say(SpokenWords words) {
    caller_.say(std::move(words));
    co_await caller_.until_said(limit_);
    ++acts_;
    acted_at_ = line_.elapsed();
  }
  void press(const std::string& keys) {
    tell("presses " + keys);
    for (char key : keys) line_.press(key);
    ++acts_;
    acted_at_ = line_.elapsed();
  }

  asio::awaitable<bool> until_interrupting(const Step& step) {
    co_await caller_.until_agent_speaks(within(patience));
    if (!over() && !line_.agent_speaking()) co_return give_up("the agent did not speak");
    co_await parts_.clock.sleep_for(step.length);
    co_return true;
  }

  asio::awaitable<bool> until(const Step& step) {
    const auto& when = step.when;
    switch (when.kind) {
      case When::Kind::at_once:
        co_return true;
      case When::Kind::pause:
        co_await parts_.clock.sleep_until(within(when.pause));
        co_return true;
      case When::Kind::agent_finished: {
        co_await caller_.until_agent_finished(within(when.within), acted_at_);
        bool spoke = line_.elapsed() - line_.agent_silent_for() >= acted_at_;
        if (over() || (line_.agent_ever_spoke() && spoke)) co_return true;
        co_return give_up("the agent said nothing");
      }
      case When::Kind::agent_says:
        break;
    }
    auto until = within(when.within);
    while (!over() && parts_.clock.now() < until) {
      co_await caller_.until_agent_finished(until);
      auto hearing = agent_words();
      auto said = co_await std::move(hearing);
      if (evals::has_pattern(said, when.pattern)) {
        turns_seen_ = turns_there_;
        co_return true;
      }
      co_await parts_.clock.sleep_for(look_again);
    }
    co_return give_up(fmt::format("the agent did not say /{}/", when.pattern));
  }

  /// What the agent said since the turns that were answered.
  asio::awaitable<std::string> agent_words() {
    auto looking = parts_.view.so_far(Context{}, line_.call_sid());
    auto seen = co_await std::move(looking);
    std::string said;
    if (!seen) co_return said;
    turns_there_ = seen->turns.size();
    for (auto at = turns_seen_; at < seen->turns.size(); ++at)
      if (seen->turns[at].who == "agent") said += seen->turns[at].text + " ";
    co_return said;
  }

  /// The server's transcript has something of the agent's after the caller's last words.
  asio::awaitable<bool> was_answered() {
    auto looking = parts_.view.so_far(Context{}, line_.call_sid());
    auto seen = co_await std::move(looking);
    if (!seen || seen->turns.empty()) co_return false;
    auto said = std::ranges::count(seen->turns, "caller", &Observed::Turn::who);
    co_return seen->turns.back().who == "agent" && (said > 0 || acts_ == 0);
  }

  /// Answers what the agent asks, until nothing is asked that the scenario has an answer for.
  asio::awaitable<void> answer_on() {
    auto until = within(patience);
    while (!over() && parts_.clock.now() < until) {
      co_await caller_.until_agent_finished(until, acted_at_);
      if (answers_.empty()) {
        // A server under load may fall silent within its answer: it says when it has ended.
        auto asking = was_answered();
        if (co_await std::move(asking)) co_return;
        co_await parts_.clock.sleep_for(look_again);
        continue;
      }
      auto hearing = agent_words();
      auto said = co_await std::move(hearing);
      auto answer = std::ranges::find_if(answers_, [&](const evals::Answer& candidate) {
        return candidate.times > 0 && !said.empty() && evals::has_pattern(said, candidate.when);
      });
      if (answer == answers_.end()) {
        co_await parts_.clock.sleep_for(look_again);
        continue;
      }
      turns_seen_ = turns_there_;
      --answer->times;
      if (answer->kind == Step::Kind::hang_up) co_return tell("hangs up");
      if (answer->kind == Step::Kind::keys) {
        press(answer->text);
      } else {
        auto speaking = caller_.speak(answer->text);
        auto words = co_await std::move(speaking);
        if (!words) {
          (void)give_up("the caller cannot speak: " + words.error().detail);
          co_return;
        }
        tell("says: " + answer->text);
        auto saying = say(std::move(*words));
        co_await std::move(saying);
      }
      until = within(patience);
    }
  }

  ScenarioCallParts parts_;
  const evals::Scenario& scenario_;
  std::vector<evals::Answer> answers_;
  TwilioLine line_;
  CallerOnLine caller_;
  OnAct on_act_;
  TimePoint limit_{};
  std::size_t step_ = 0;
  std::size_t turns_seen_ = 0;   ///< up to here the agent's words were answered
  std::size_t turns_there_ = 0;  ///< in the transcript as it was read last
  Duration acted_at_{};          ///< the caller's last act
  int acts_ = 0;
  bool awaits_reply_ = false;
  bool ended_in_order_ = false;
  std::vector<Duration> replies_;
  std::vector<std::string> problems_;
};

}  // namespace

Task<evals::Observed> hold_scenario(ScenarioCallParts parts, evals::Scenario scenario,
                                    LineOptions line, OnAct on_act) {
  ScenarioCall call(std::move(parts), scenario, std::move(line), std::move(on_act));
  auto holding = call.hold();
  co_return co_await std::move(holding);
}

}  // namespace parley::simulators
