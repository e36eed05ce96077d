// A call that we made: who picked up, and what is done about it.
#include "call_session_impl.hpp"

namespace parley::voice {

namespace {

using audio::AnswerKind;

constexpr double certain = 0.9;

}  // namespace

void CallSession::Impl::watch_answer(std::span<const std::int16_t> frame) {
  if (!picked_up) return;
  auto before = picked_up->verdict();
  picked_up->process(frame);
  auto& now = picked_up->verdict();
  if (now.kind != before.kind || now.beep != before.beep) changed.notify();
}

void CallSession::Impl::obey(AnsweredBy answered) {
  journal("carrier.answered_by", {{"word", answered.word}, {"kind", to_string(answered.kind)}});
  if (!picked_up) return;
  picked_up->believe(answered.kind, answered.confidence);
  greeting_over = greeting_over || answered.greeting == AnsweredBy::Greeting::over;
}

/// What is known by now of who picked up. The voice of somebody who hears no person stops here;
/// what is done then, the deciding loop does.
void CallSession::Impl::check_answer() {
  if (!picked_up) return;
  auto& verdict = picked_up->verdict();
  bool tape_runs = beep_cuts_message && verdict.beep && agent_active && !interrupted;
  if (tape_runs) cut_short();
  if (verdict.kind == met || verdict.kind == AnswerKind::undecided) return;
  met = verdict.kind;
  report.answered_by = met;
  journal("answered", {{"kind", to_string(met)},
                       {"confidence", verdict.confidence},
                       {"atMs", verdict.at / std::chrono::milliseconds(1)}});
  bool nobody = met == AnswerKind::unknown && verdict.confidence >= certain;
  to_meet = met == AnswerKind::machine || met == AnswerKind::screening || met == AnswerKind::fax ||
            nobody;
  if (to_meet && agent_active && !interrupted) cut_short();
}

/// Stops the voice; it was no interruption by a caller.
void CallSession::Impl::cut_short() {
  heard = mouth.interrupt();
  interrupted = true;
  changed.notify();
}

asio::awaitable<void> CallSession::Impl::meet() {
  to_meet = false;
  if (met == AnswerKind::screening && screenings++ < settings.answering->most_screenings) {
    auto telling = tell_who_calls();
    co_await std::move(telling);
  } else if (met == AnswerKind::machine &&
             settings.answering->on_machine == AnswerPolicy::OnMachine::leave_message) {
    auto leaving = leave_message();
    co_await std::move(leaving);
  } else {
    ended_with = std::string(to_string(met == AnswerKind::screening ? AnswerKind::machine : met));
    end(EndReason::agent_hung_up);
  }
}

/// A sentence of our own to something that is no caller: no noise of it is an interruption.
asio::awaitable<void> CallSession::Impl::recite(std::string text) {
  reciting = true;
  Work say = [this, text = std::move(text)](dialog::Speaker& speaker) -> Task<dialog::TurnEnd> {
    speaker.say(text);
    co_return last_end;
  };
  auto saying = agent_turn(std::move(say));
  co_await std::move(saying);
  reciting = false;
}

asio::awaitable<void> CallSession::Impl::tell_who_calls() {
  auto asked_until = parts.clock.now() + settings.answering->no_beep_after;
  // It is answered when it has finished asking.
  while (!ended && picked_up->silent_for() < settings.end_of_turn &&
         parts.clock.now() < asked_until) {
    co_await changed.wait_until(parts.clock, parts.clock.now() + audio::frame_length * 5);
    check_orders();
  }
  pass_over_input();
  auto telling = recite(settings.answering->who_calls);
  co_await std::move(telling);
  pass_over_input();
  // Whoever comes now is somebody else.
  picked_up->begin_again();
  met = AnswerKind::undecided;
  to_meet = false;
  last_end.patience = std::max(last_end.patience, settings.answering->being_fetched);
  quiet_since = parts.clock.now();
}

/// Until the beep, or the end of a greeting without one. False when it was no machine after all.
asio::awaitable<bool> CallSession::Impl::await_beep() {
  auto& policy = *settings.answering;
  auto give_up = parts.clock.now() + policy.longest_greeting;
  while (!ended) {
    check_orders();
    pass_over_input();
    if (met != AnswerKind::machine) co_return false;
    auto now = parts.clock.now();
    bool over = picked_up->verdict().beep || greeting_over ||
                picked_up->silent_for() >= policy.no_beep_after || now >= give_up;
    if (over) co_return true;
    co_await changed.wait_until(parts.clock, now + audio::frame_length * 5);
  }
  co_return false;
}

asio::awaitable<void> CallSession::Impl::leave_message() {
  auto awaiting = await_beep();
  bool is_machine = co_await std::move(awaiting);
  if (ended) co_return;
  if (!is_machine) {
    if (to_meet) co_return;
    // The person was greeted only half.
    if (mouth.resume()) co_await say_the_rest();
    co_return;
  }
  bool beeped = picked_up->verdict().beep.has_value();
  beep_cuts_message = !beeped;
  auto saying = recite(settings.answering->message);
  co_await std::move(saying);
  if (interrupted && !ended && std::exchange(beep_cuts_message, false)) {
    // Its first words were spoken before the tape ran.
    beeped = true;
    auto again = recite(settings.answering->message);
    co_await std::move(again);
  }
  if (ended) co_return;
  journal("message.left", {{"beep", beeped}});
  ended_with = "voicemail";
  end(EndReason::agent_hung_up);
}

}  // namespace parley::voice
