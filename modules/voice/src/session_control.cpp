// What people do to a running call: hold, take over, whisper, keys, listening in.
#include "session_control.hpp"

#include "call_session_impl.hpp"
#include "parley/audio/tones.hpp"

namespace parley::voice {

namespace {

constexpr std::string_view back_from_hold = "Thank you for waiting.";
/// How far music and live sound run ahead of the playout, which itself is a second ahead.
constexpr Duration fed_ahead = std::chrono::seconds(2);
constexpr Duration music_piece = std::chrono::milliseconds(500);
constexpr std::size_t most_sentences_waiting = 8;

Duration length_of(const audio::Samples& samples) {
  return std::chrono::microseconds(125) * static_cast<std::int64_t>(samples.size());
}

}  // namespace

Result<void> CallSession::give(Order order) {
  if (auto put = impl_->orders.put(std::move(order)); !put) return put;
  std::lock_guard lock(impl_->executor_mutex);
  if (impl_->wake) impl_->wake();
  return {};
}

void CallSession::Impl::check_orders() {
  if (hang_up_requested) end(EndReason::hung_up_by_us);
  while (auto order = orders.take())
    std::visit([this](auto& given) { obey(std::move(given)); }, *order);
  check_answer();
}

void CallSession::Impl::obey(HoldCall hold) { set_aside(Aside::on_hold, std::move(hold.by)); }
void CallSession::Impl::obey(TakeOverCall take) {
  set_aside(Aside::taken_over, std::move(take.by));
}

void CallSession::Impl::set_aside(Aside how, std::string by) {
  if (aside == how) return;
  aside = how;
  back_from = Aside::no;
  journal(how == Aside::on_hold ? "hold" : "taken_over", {{"by", by}});
  live.clear();
  if (agent_active && !interrupted) cut_short();
}

void CallSession::Impl::obey(ResumeCall resume) {
  if (aside == Aside::no) return;
  back_from = std::exchange(aside, Aside::no);
  journal("handed_back", {{"by", resume.by}});
}

void CallSession::Impl::obey(SpeakLive speak) {
  if (aside != Aside::taken_over) return;
  Duration waiting{};
  for (auto& piece : live) waiting += length_of(piece);
  if (waiting + length_of(speak.samples) <= fed_ahead) live.push_back(std::move(speak.samples));
}

void CallSession::Impl::obey(Whisper whisper) {
  json::object entry{{"text", whisper.text}, {"by", whisper.by}};
  if (whisper.as == Whisper::As::sentence) {
    entry["as"] = "sentence";
    if (to_say.size() < most_sentences_waiting) to_say.push_back(std::move(whisper.text));
  } else {
    entry["as"] = "instruction";
    auto heeded = parts.dialogue->advise(std::move(whisper.text));
    entry["heeded"] = heeded == dialog::Dialogue::Advice::heeded;
  }
  journal("whisper", std::move(entry));
}

void CallSession::Impl::obey(PressKeys press) {
  journal("keys.sent", {{"keys", press.keys}, {"by", press.by}});
  to_press += press.keys;
}

void CallSession::Impl::obey(ListenIn listen) {
  journal("listening", {{"by", listen.by}});
  listening.add(std::move(listen.listener), since_start(parts.clock.now()));
  somebody_listens.notify();
}

void CallSession::Impl::obey(StopListening stop) {
  if (!listening.remove(stop.listener)) return;
  orders.free_listener();
  journal("listening.ended");
}

/// Tells who listens, as long as somebody does; ends only by cancellation.
asio::awaitable<void> CallSession::Impl::serve_listeners() {
  while (true) {
    while (!listening.anybody()) co_await somebody_listens.wait();
    co_await parts.clock.sleep_for(Listening::piece);
    listening.tell(since_start(parts.clock.now()));
  }
}

void CallSession::Impl::close_orders() {
  // Whoever came in at the last moment is told that it is over as well.
  for (auto& order : orders.close())
    if (auto* listen = std::get_if<ListenIn>(&order))
      listening.add(std::move(listen->listener), since_start(parts.clock.now()));
  listening.end();
}

/// What people gave the agent to do, one thing at a time. False when there was nothing.
asio::awaitable<bool> CallSession::Impl::do_as_told() {
  if (!to_press.empty()) {
    auto generation = playout.begin();
    playout.add_audio(generation, audio::key_tones(std::exchange(to_press, {})));
    playout.finish(generation);
    // Whoever speaks meanwhile, a menu most likely, does not cut them off.
    while (!ended && !playout.drained()) {
      co_await changed.wait_until(parts.clock, playout.drained_by());
      check_orders();
    }
    quiet_since = parts.clock.now();
    co_return true;
  }
  if (to_say.empty() || ear.hearing() || ear.awaiting_words()) co_return false;
  auto sentence = std::move(to_say.front());
  to_say.pop_front();
  // What was expected of the caller before still is.
  Work say = [this, sentence](dialog::Speaker& speaker) -> Task<dialog::TurnEnd> {
    speaker.say(sentence);
    co_return last_end;
  };
  auto saying = agent_turn(std::move(say));
  co_await std::move(saying);
  co_return true;
}

/// While the agent is set aside: music, or a person's voice; words are kept, not answered.
asio::awaitable<void> CallSession::Impl::stay_aside() {
  bool music = aside == Aside::on_hold;
  audio::HoldMusic melody;
  auto mode = aside;
  auto generation = playout.begin();
  auto fed_until = parts.clock.now();
  auto feed = [&](const audio::Samples& samples) {
    playout.add_audio(generation, samples);
    fed_until = std::max(fed_until, parts.clock.now()) + length_of(samples);
  };
  while (true) {
    ear.check_time();
    check_orders();
    pass_over_input();
    auto now = parts.clock.now();
    if (now >= started + settings.longest_call) end(EndReason::length_limit);
    if (ended || aside != mode) break;
    while (music && fed_until < now + fed_ahead) feed(melody.next(music_piece));
    for (; !live.empty() && fed_until < now + fed_ahead; live.pop_front()) feed(live.front());
    if (!music && !to_press.empty()) feed(audio::key_tones(std::exchange(to_press, {})));
    auto deadline = std::min(started + settings.longest_call, ear.next_deadline());
    if (music || !live.empty()) deadline = std::min(deadline, fed_until - fed_ahead / 2);
    co_await changed.wait_until(parts.clock, deadline);
  }
  (void)playout.interrupt();
}

asio::awaitable<void> CallSession::Impl::come_back() {
  auto from = std::exchange(back_from, Aside::no);
  silences = 0;
  may_resume = false;
  quiet_since = parts.clock.now();
  if (mouth.resume()) {
    auto saying = say_the_rest();
    co_await std::move(saying);
  } else if (from == Aside::on_hold) {
    to_say.push_front(std::string(back_from_hold));
    auto saying = do_as_told();
    (void)co_await std::move(saying);
  }
}

/// What the caller says while nobody answers stands in the timeline all the same.
void CallSession::Impl::pass_over_input() {
  keys.clear();
  while (auto utterance = ear.take())
    if (!utterance->text.empty())
      journal("caller.said", {{"text", utterance->text},
                              {"confidence", utterance->confidence},
                              {"input", "speech"},
                              {"answered", false}});
}

}  // namespace parley::voice
