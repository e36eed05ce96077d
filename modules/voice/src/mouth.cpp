#include "mouth.hpp"

#include "parley/base/task_group.hpp"

namespace parley::voice {

namespace {
constexpr Duration synthesis_limit = std::chrono::seconds(3);
}

Mouth::Mouth(Clock& clock, speech::Synthesizer& synthesizer, Playout& playout,
             speech::VoiceOptions voice)
    : clock_(clock), synthesizer_(synthesizer), playout_(playout), voice_(std::move(voice)) {}

void Mouth::begin() {
  generation_ = playout_.begin();
  queue_.clear();
  finished_ = false;
  interrupted_ = false;
  unheard_.clear();
  text_.clear();
  last_sentence_.clear();
  first_sentence_.reset();
  failures_ = 0;
}

void Mouth::say(std::string sentence) {
  if (sentence.empty()) return;
  if (!text_.empty()) text_ += ' ';
  text_ += sentence;
  last_sentence_ = sentence;
  if (!first_sentence_) first_sentence_ = clock_.now();
  if (interrupted_) {
    unheard_.push_back(std::move(sentence));
    return;
  }
  queue_.push_back({generation_, std::move(sentence)});
  work_.notify();
}

void Mouth::finish() {
  finished_ = true;
  if (queue_.empty() && !busy_) playout_.finish(generation_);
}

Playout::Heard Mouth::interrupt() {
  auto heard = playout_.interrupt();
  unheard_ = heard.unheard;
  for (auto& waiting : queue_) unheard_.push_back(std::move(waiting.text));
  queue_.clear();
  interrupted_ = true;
  return heard;
}

bool Mouth::resume() {
  auto again = std::move(unheard_);
  unheard_.clear();
  if (!interrupted_ || again.empty()) return false;
  auto text = text_;
  begin();
  for (auto& sentence : again) say(std::move(sentence));
  text_ = std::move(text);
  finish();
  return true;
}

bool Mouth::asking() const {
  return queue_.empty() && last_sentence_.ends_with('?') && playout_.in_last_sentence();
}

asio::awaitable<void> Mouth::run(Context ctx) {
  while (true) {
    while (queue_.empty()) co_await work_.wait();
    auto sentence = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    auto generation = sentence.generation;
    co_await speak(ctx, std::move(sentence));
    busy_ = false;
    if (finished_ && queue_.empty() && generation == generation_) playout_.finish(generation);
  }
}

asio::awaitable<void> Mouth::speak(Context ctx, Sentence sentence) {
  playout_.add_sentence(sentence.generation, sentence.text);
  auto starting = synthesizer_.synthesize(ctx, sentence.text, voice_);
  auto stream = co_await with_deadline(clock_, clock_.now() + synthesis_limit, std::move(starting));
  if (!stream) {
    if (sentence.generation == generation_) ++failures_;
    if (on_failure) on_failure(stream.error());
    co_return;
  }
  while (true) {
    auto making = (*stream)->next();
    auto frame = co_await with_deadline(clock_, clock_.now() + synthesis_limit, std::move(making));
    if (!frame) {
      if (frame.error().code == Errc::end_of_stream) co_return;
      if (sentence.generation == generation_) ++failures_;
      if (on_failure) on_failure(frame.error());
      co_return;
    }
    if (!playout_.add_audio(sentence.generation, frame->samples)) co_return;
    co_await playout_.wait_for_room(sentence.generation);
  }
}

}  // namespace parley::voice
