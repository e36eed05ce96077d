#include "parley/simulators/heard_speech.hpp"

#include <algorithm>
#include <cstdlib>

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

constexpr Duration word_length = std::chrono::milliseconds(300);
constexpr int loud = 500;  ///< of a 16-bit sample: no silence

std::string words_of(const std::string& text, std::size_t from, std::size_t to) {
  auto words = split(text, ' ');
  to = std::min(to, words.size());
  if (from >= to) return "";
  return join(std::span(words).subspan(from, to - from), " ");
}

std::size_t count_words(const std::string& text) {
  return text.empty() ? 0 : split(text, ' ').size();
}

/// A word each 300 ms, the last one when the utterance ends.
std::vector<HeardResult> growing(const std::string& text) {
  std::vector<HeardResult> results;
  for (std::size_t i = 1; i < count_words(text); ++i)
    results.push_back({.after = word_length * static_cast<int>(i), .text = words_of(text, 0, i)});
  return results;
}

}  // namespace

std::vector<std::string> SpeechScript::usual_phrases() {
  return {"hello",
          "i would like to book an appointment",
          "tomorrow at ten in the morning",
          "yes please",
          "my name is anna miller",
          "yes that is right",
          "what are your opening hours",
          "no thank you goodbye"};
}

void SpeechScript::set_phrases(std::vector<std::string> phrases) {
  std::lock_guard lock(mutex_);
  phrases_ = phrases.empty() ? usual_phrases() : std::move(phrases);
}

std::vector<std::string> SpeechScript::phrases() const {
  std::lock_guard lock(mutex_);
  return phrases_;
}

void SpeechScript::next_session(std::vector<HeardUtterance> utterances) {
  std::lock_guard lock(mutex_);
  coming_.push_back(std::move(utterances));
}

SpeechScript::Session SpeechScript::take() {
  std::lock_guard lock(mutex_);
  Session session;
  if (!coming_.empty()) {
    session.utterances = std::move(coming_.front());
    session.repeats = false;
    coming_.pop_front();
  } else {
    for (auto& phrase : phrases_) session.utterances.push_back({.text = phrase});
  }
  for (auto& one : session.utterances)
    if (one.results.empty()) one.results = growing(one.text);
  return session;
}

const HeardUtterance* Hearing::current() const {
  auto& all = session_.utterances;
  if (all.empty() || (next_ >= all.size() && !session_.repeats)) return nullptr;
  return &all[next_ % all.size()];
}

const HeardUtterance& Hearing::utterance() const {
  auto* now = current();
  return of_utterance_ > Duration{} && now ? *now : over_;
}

std::vector<HeardResult> Hearing::on_audio(std::span<const std::int16_t> samples, int rate_hz) {
  auto length =
      std::chrono::nanoseconds(1'000'000'000 * static_cast<std::int64_t>(samples.size()) / rate_hz);
  heard_ += length;
  is_loud_ = is_loud_ || std::ranges::any_of(samples, [](int one) { return std::abs(one) > loud; });
  std::vector<HeardResult> due;
  auto* now = current();
  if (!now || !is_loud_) return due;
  of_utterance_ += length;
  for (; results_given_ < now->results.size(); ++results_given_) {
    auto result = now->results[results_given_];
    if (result.after > of_utterance_) break;
    if (result.is_final) {
      words_final_ += count_words(result.text);
      settled_ = heard_;
    }
    due.push_back(std::move(result));
  }
  return due;
}

bool Hearing::utterance_end_due() {
  auto* now = current();
  if (!now || !is_loud_ || end_told_ || !now->utterance_end) return false;
  if (results_given_ < now->results.size()) return false;
  end_told_ = true;
  return true;
}

HeardResult Hearing::finalize() {
  HeardResult result;
  result.is_final = true;
  result.speech_final = true;
  settled_ = heard_;
  if (auto* now = current(); now && is_loud_) {
    result.text = words_of(now->text, words_final_, count_words(now->text));
    over_ = *now;
    ++next_;
  }
  results_given_ = 0;
  words_final_ = 0;
  of_utterance_ = {};
  is_loud_ = false;
  end_told_ = false;
  return result;
}

}  // namespace parley::simulators
