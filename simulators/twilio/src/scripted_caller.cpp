#include "parley/simulators/scripted_caller.hpp"

#include <charconv>

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

std::optional<Duration> seconds(std::string_view text) {
  double value = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size() || value < 0 || value > 600)
    return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(value));
}

Result<Step> parse_command(std::string_view line) {
  auto space = line.find(' ');
  auto command = line.substr(1, space == std::string_view::npos ? space : space - 1);
  auto rest = space == std::string_view::npos ? std::string_view{} : trim(line.substr(space));
  if (command == "listen") return Step{Step::Kind::listen, "", {}};
  if (command == "press") {
    if (rest.empty() || rest.find_first_not_of("0123456789*#") != std::string_view::npos)
      return fail(Errc::invalid, "@press takes keys such as 12#");
    return Step{Step::Kind::press, std::string(rest), {}};
  }
  if (command == "wait") {
    auto pause = seconds(rest);
    if (!pause) return fail(Errc::invalid, "@wait takes seconds");
    return Step{Step::Kind::wait, "", *pause};
  }
  if (command == "interrupt") {
    auto after = rest.find(' ');
    auto pause = seconds(rest.substr(0, after));
    if (!pause || after == std::string_view::npos)
      return fail(Errc::invalid, "@interrupt takes seconds and words");
    return Step{Step::Kind::interrupt, std::string(trim(rest.substr(after))), *pause};
  }
  return fail(Errc::invalid, "unknown command @" + std::string(command) +
                                 " (known: @listen, @press, @wait, @interrupt)");
}

}  // namespace

Result<std::vector<Step>> parse_script(std::string_view text) {
  std::vector<Step> steps;
  int number = 0;
  for (auto& raw : split(text, '\n')) {
    ++number;
    auto line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.front() != '@') {
      steps.push_back({Step::Kind::say, std::string(line), {}});
      continue;
    }
    auto step = parse_command(line);
    if (!step)
      return fail(Errc::invalid, "line " + std::to_string(number) + ": " + step.error().detail);
    steps.push_back(std::move(*step));
  }
  return steps;
}

namespace {

asio::awaitable<void> until_agent_finished(Clock& clock, TwilioLine& line,
                                           const CallerOptions& options) {
  auto give_up = clock.now() + options.patience;
  while (line.ended() == LineEnd::none && clock.now() < give_up) {
    bool finished = line.agent_ever_spoke() && !line.agent_speaking() && !line.caller_speaking() &&
                    line.agent_silent_for() >= options.agent_done;
    if (finished) co_return;
    co_await line.changed().wait_until(clock, give_up);
  }
}

asio::awaitable<void> until_said(Clock& clock, TwilioLine& line) {
  while (line.ended() == LineEnd::none && line.caller_speaking())
    co_await line.changed().wait_until(clock, clock.now() + std::chrono::seconds(1));
}

/// After the caller spoke, the agent's answer must begin before its end can be waited for.
asio::awaitable<void> until_agent_speaks(Clock& clock, TwilioLine& line,
                                         const CallerOptions& options) {
  auto give_up = clock.now() + options.patience;
  while (line.ended() == LineEnd::none && !line.agent_speaking() && clock.now() < give_up)
    co_await line.changed().wait_until(clock, give_up);
}

}  // namespace

asio::awaitable<void> play_script(Clock& clock, TwilioLine& line, std::vector<Step> steps,
                                  std::function<Task<audio::Samples>(std::string)> voice,
                                  CallerOptions options, std::function<void(const Step&)> on_step) {
  for (auto& step : steps) {
    if (line.ended() != LineEnd::none) break;
    audio::Samples samples;
    if (!step.text.empty() && step.kind != Step::Kind::press) {
      auto speaking = voice(step.text);
      auto made = co_await std::move(speaking);
      if (made) samples = std::move(*made);
    }
    if (step.kind == Step::Kind::interrupt) {
      co_await until_agent_speaks(clock, line, options);
      co_await clock.sleep_for(step.pause);
    } else if (step.kind != Step::Kind::wait) {
      co_await until_agent_finished(clock, line, options);
    }
    if (line.ended() != LineEnd::none) break;
    if (on_step) on_step(step);
    if (step.kind == Step::Kind::wait) co_await clock.sleep_for(step.pause);
    if (step.kind == Step::Kind::press)
      for (char digit : step.text) line.press(digit);
    if (!samples.empty()) {
      line.say(std::move(samples));
      co_await until_said(clock, line);
    }
    bool expects_answer = step.kind != Step::Kind::wait && step.kind != Step::Kind::listen;
    if (expects_answer) co_await until_agent_speaks(clock, line, options);
  }
  co_await until_agent_finished(clock, line, options);
  if (options.hang_up_at_end) line.hang_up();
}

}  // namespace parley::simulators
