#include "call_session_impl.hpp"
#include "parley/base/all_of.hpp"
#include "parley/base/race.hpp"

namespace parley::voice {

namespace {

constexpr std::string_view filler = "One moment, please.";
constexpr std::string_view apology =
    "I'm sorry, something went wrong on my side. Could you say that again?";
constexpr int failures_to_give_up = 3;
constexpr int voiceless_to_give_up = 2;
/// Speech shorter than this without words is a cough or a bang, not a turn.
constexpr Duration shortest_unclear = std::chrono::milliseconds(500);

std::int64_t ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

}  // namespace

CallSession::Impl::Impl(SessionParts given, SessionSettings given_settings)
    : parts(std::move(given)),
      settings(std::move(given_settings)),
      playout(parts.clock, *parts.media, changed, {}),
      mouth(parts.clock, parts.synthesizer, playout, settings.voice),
      ear(parts.clock, parts.recognizer, changed, settings) {
  if (settings.answering) picked_up.emplace();
}

void CallSession::Impl::journal(std::string kind, json::object data) {
  parts.journal.add({since_start(parts.clock.now()), std::move(kind), std::move(data)});
}

void CallSession::Impl::end(EndReason reason) {
  if (!ended) ended = reason;
  changed.notify();
}

asio::awaitable<SessionReport> CallSession::Impl::run(Context ctx) {
  auto executor = co_await asio::this_coro::executor;
  started = parts.clock.now();
  {
    std::lock_guard lock(executor_mutex);
    wake = [this, executor] { asio::post(executor, [this] { changed.notify(); }); };
  }
  ear.is_echo = [this](std::span<const std::int16_t> window) {
    return echo.is_echo(parts.clock.now(), window);
  };
  ear.on_quiet_frame = [this](std::span<const std::int16_t> frame) { echo.note_quiet(frame); };
  playout.on_played = [this](TimePoint at, std::span<const std::int16_t> samples) {
    echo.played(at, samples);
    if (parts.recording)
      recorder.add(audio::StereoRecorder::Track::agent, since_start(at), samples);
    listening.hear(Listening::Track::agent, since_start(at), samples);
  };
  ear.on_speech_started = [this] { on_speech_started(); };
  ear.on_failure = [this](const Error& error) {
    journal("engine.failed", {{"engine", "recognizer"}, {"error", error.detail}});
  };
  ear.on_likely_end = [this, ctx](const speech::Transcript& so_far) {
    parts.dialogue->anticipate(ctx, {.input = dialog::UserTurn::Input::speech,
                                     .text = so_far.text,
                                     .confidence = so_far.confidence,
                                     .alternatives = so_far.alternatives});
  };
  mouth.on_failure = [this](const Error& error) {
    journal("engine.failed", {{"engine", "synthesizer"}, {"error", error.detail}});
  };
  journal("session.started");

  std::vector<asio::awaitable<void>> helpers;
  helpers.push_back(read_media());
  helpers.push_back(ear.run(ctx));
  helpers.push_back(mouth.run(ctx));
  helpers.push_back(playout.run());
  helpers.push_back(write_recording());
  helpers.push_back(serve_listeners());
  // Only the conversation ends by itself; the others are cancelled with it.
  co_await race(converse(ctx), all_of(std::move(helpers)));

  {
    std::lock_guard lock(executor_mutex);
    wake = nullptr;
  }
  close_orders();
  if (parts.recording) parts.recording->append(recorder.drain_all());
  report.reason = ended.value_or(EndReason::failed);
  report.length = since_start(parts.clock.now());
  journal("session.ended", {{"reason", to_string(report.reason)}});
  auto closing = parts.media->close();
  co_await std::move(closing);
  // The caller is gone; what the dialogue still writes keeps nobody waiting.
  auto concluding = parts.dialogue->conclude(ctx);
  report.outcome = co_await std::move(concluding);
  if (!ended_with.empty()) report.outcome.kind = ended_with;
  co_return report;
}

asio::awaitable<void> CallSession::Impl::converse(Context ctx) {
  Work greet = [this, ctx](dialog::Speaker& speaker) { return parts.dialogue->open(ctx, speaker); };
  co_await agent_turn(std::move(greet));
  while (!ended) {
    if (last_end.next == dialog::TurnEnd::Next::hang_up && !interrupted) {
      end(EndReason::agent_hung_up);
      break;
    }
    co_await take_input(ctx);
  }
}

asio::awaitable<void> CallSession::Impl::agent_turn(Work work) {
  agent_active = true;
  interrupted = false;
  mouth.begin();
  if (ear.hearing()) hold();  // they went on: nobody talks over them
  co_await think(std::move(work));
  mouth.finish();
  if (last_end.expectation) ear.expect(last_end.expectation);
  co_await until_heard();
  finish_agent_turn();
}

void CallSession::Impl::finish_agent_turn() {
  agent_active = false;
  quiet_since = parts.clock.now();
  if (!mouth.said_anything()) return;
  ++report.agent_turns;
  json::object said{{"text", mouth.text()}, {"interrupted", interrupted}};
  said["heard"] = interrupted ? heard.text : mouth.text();
  if (answered) said["latency"] = latency_of_turn();
  journal("agent.said", std::move(said));
  if (interrupted) parts.dialogue->interrupted(heard.text);
  // Words that nobody heard: the carrier says them better than silence does.
  bool voiceless = mouth.failures() > 0 && playout.silent() && !interrupted;
  voiceless_turns = voiceless ? voiceless_turns + 1 : 0;
  if (voiceless_turns >= voiceless_to_give_up) end(EndReason::failed);
}

/// Where the time between the caller's last word and the agent's first sound went.
json::object CallSession::Impl::latency_of_turn() const {
  json::object latency{{"endpointMs", ms(answered->decided - answered->speech_ended)},
                       {"recognitionMs", ms(answered->recognized - answered->decided)}};
  auto sentence = mouth.first_sentence();
  auto audio = playout.first_audio();
  if (sentence) latency["dialogueMs"] = ms(*sentence - answered->recognized);
  if (sentence && audio) {
    latency["synthesisMs"] = ms(*audio - *sentence);
    latency["totalMs"] = ms(*audio - answered->speech_ended);
  }
  return latency;
}

/// Runs the dialogue to its end even when the caller interrupts: what its tools did must be known
/// to it. Only the end of the call cancels it.
asio::awaitable<void> CallSession::Impl::think(Work work) {
  auto begun = parts.clock.now();
  std::optional<Result<dialog::TurnEnd>> made;
  auto limited = [](Impl& self, Work run, TimePoint limit,
                    std::optional<Result<dialog::TurnEnd>>& out) -> asio::awaitable<void> {
    auto running = run(self.mouth);
    auto in_time = with_deadline(self.parts.clock, limit, std::move(running));
    out.emplace(co_await std::move(in_time));
    // So that the one below ends by itself: being cancelled is an exception, and costs as one.
    self.changed.notify();
  };
  auto still_there = [](Impl& self, const auto& out) -> asio::awaitable<void> {
    auto filler_due = self.parts.clock.now() + self.settings.filler_after;
    // The dialogue decides when this ends, or the call does.
    while (!self.ended && !out) {
      self.judge_sound();
      if (self.parts.clock.now() >= filler_due) {
        if (!self.mouth.said_anything() && !self.interrupted) self.mouth.say(std::string(filler));
        filler_due = TimePoint::max();
      }
      auto deadline = std::min(filler_due, self.sound_deadline());
      co_await self.changed.wait_until(self.parts.clock, deadline);
      if (!out) self.check_orders();
    }
  };
  auto thinking = limited(*this, std::move(work), begun + settings.reply_limit, made);
  auto waiting = still_there(*this, made);
  co_await race(std::move(thinking), std::move(waiting));
  if (!made) co_return;
  auto& turn_end = *made;
  if (turn_end) {
    last_end = std::move(*turn_end);
    if (!last_end.phase.empty() && last_end.phase != phase) {
      phase = last_end.phase;
      journal("phase", {{"phase", phase}});
    }
    failures_in_row = 0;
    co_return;
  }
  journal("engine.failed", {{"engine", "dialogue"}, {"error", turn_end.error().detail}});
  mouth.say(std::string(apology));
  if (++failures_in_row >= failures_to_give_up) end(EndReason::failed);
}

asio::awaitable<void> CallSession::Impl::until_heard() {
  while (!ended && !interrupted && !playout.drained()) {
    auto deadline = std::min(playout.drained_by(), sound_deadline());
    co_await changed.wait_until(parts.clock, deadline);
    check_orders();
    judge_sound();
  }
}

/// Waits for the caller's next words or keys, or for too long a silence, and answers.
asio::awaitable<void> CallSession::Impl::take_input(Context ctx) {
  while (!ended) {
    ear.check_time();
    check_orders();
    if (ended) co_return;
    if (aside != Aside::no) co_return co_await stay_aside();
    if (back_from != Aside::no) co_return co_await come_back();
    if (to_meet) co_return co_await meet();
    auto now = parts.clock.now();
    if (now >= started + settings.longest_call) co_return end(EndReason::length_limit);
    if (auto utterance = ear.take()) co_return co_await hear(ctx, std::move(*utterance));
    if (auto pressed = take_keys()) {
      dialog::UserTurn turn{dialog::UserTurn::Input::keys, std::move(*pressed), 1.0, {}};
      co_return co_await answer(ctx, std::move(turn));
    }
    if (!typed.empty()) {
      dialog::UserTurn turn{dialog::UserTurn::Input::text, std::move(typed.front()), 1.0, {}};
      typed.pop_front();
      co_return co_await answer(ctx, std::move(turn));
    }
    if (co_await do_as_told()) co_return;
    auto deadline = std::min(started + settings.longest_call, ear.next_deadline());
    if (!keys.empty()) deadline = std::min(deadline, last_key + settings.key_pause);
    bool caller_busy = ear.hearing() || ear.awaiting_words() || !keys.empty();
    if (!caller_busy) {
      auto patience_over = quiet_since + last_end.patience;
      if (now >= patience_over) {
        journal("silence", {{"times", ++silences}});
        Work ask = [this, ctx](dialog::Speaker& speaker) {
          return parts.dialogue->silence(ctx, silences, speaker);
        };
        co_return co_await agent_turn(std::move(ask));
      }
      deadline = std::min(deadline, patience_over);
    }
    co_await changed.wait_until(parts.clock, deadline);
  }
}

asio::awaitable<void> CallSession::Impl::hear(Context ctx, Ear::Utterance utterance) {
  if (picked_up) {
    picked_up->hear(utterance.text);
    check_answer();
    if (to_meet) co_return;
  }
  bool resumable = std::exchange(may_resume, false);
  if (utterance.text.empty() && !utterance.lost && utterance.voiced < shortest_unclear) {
    quiet_since = parts.clock.now();
    if (!resumable || !mouth.resume()) co_return;
    // It was not meant for us: say what the noise cut off.
    journal("resumed");
    co_await say_the_rest();
    co_return;
  }
  if (utterance.text.empty()) journal("caller.unclear", {{"voicedMs", ms(utterance.voiced)}});
  dialog::UserTurn turn{dialog::UserTurn::Input::speech, utterance.text, utterance.confidence,
                        utterance.alternatives};
  answered = std::move(utterance);
  co_await answer(ctx, std::move(turn));
  answered.reset();
}

/// What mouth.resume() has taken up again.
asio::awaitable<void> CallSession::Impl::say_the_rest() {
  interrupted = false;
  agent_active = true;
  co_await until_heard();
  finish_agent_turn();
}

asio::awaitable<void> CallSession::Impl::answer(Context ctx, dialog::UserTurn turn) {
  silences = 0;
  ++report.caller_turns;
  if (!turn.text.empty()) {
    journal("caller.said", {{"text", turn.text},
                            {"confidence", turn.confidence},
                            {"input", dialog::to_string(turn.input)}});
  }
  Work reply = [this, ctx, turn = std::move(turn)](dialog::Speaker& speaker) {
    return parts.dialogue->reply(ctx, turn, speaker);
  };
  co_await agent_turn(std::move(reply));
}

}  // namespace parley::voice
