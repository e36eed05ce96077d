#include "pauses.hpp"

#include <algorithm>
#include <charconv>
#include <map>

#include "booking_corpus.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/caller_audio.hpp"

namespace parley::callers {
namespace {

constexpr auto behind = std::chrono::seconds(3);
constexpr auto before = std::chrono::milliseconds(600);

struct Piece {
  std::string words;
  Duration pause{};  ///< after it
};

std::vector<Piece> pieces_of(const std::string& script) {
  std::vector<Piece> pieces(1);
  for (const auto& token : split(script, ' ')) {
    if (token.empty()) continue;
    if (token.front() != '|') {
      pieces.back().words += (pieces.back().words.empty() ? "" : " ") + std::string(token);
      continue;
    }
    int ms = 0;
    std::from_chars(token.data() + 1, token.data() + token.size(), ms);
    pieces.back().pause = std::chrono::milliseconds(ms);
    pieces.emplace_back();
  }
  return pieces;
}

/// Without the silence that a synthesizer puts around its words, so that the script's pauses are
/// those in the sound.
audio::Samples trimmed(const audio::Samples& samples, int rate_hz) {
  const auto step = static_cast<std::size_t>(rate_hz / 100);
  auto loud = [&](std::size_t at) {
    double energy = 0;
    for (std::size_t i = at; i < std::min(at + step, samples.size()); ++i)
      energy += static_cast<double>(samples[i]) * samples[i];
    return energy / static_cast<double>(step) > 150.0 * 150.0;
  };
  std::size_t first = 0, last = samples.size();
  while (first + step < samples.size() && !loud(first)) first += step;
  while (last > first + step && !loud(last - step)) last -= step;
  return {samples.begin() + static_cast<std::ptrdiff_t>(first),
          samples.begin() + static_cast<std::ptrdiff_t>(last)};
}

const audio::Frame& spoken(const std::string& voice, const std::string& words) {
  static std::map<std::string, audio::Frame> made;
  auto& frame = made[voice + "/" + words];
  if (!frame.samples.empty()) return frame;
  constexpr std::string_view own = "flite:";
  frame = corpus::speak(voice.starts_with(own) ? voice.substr(own.size()) : voice, words);
  frame.samples = trimmed(frame.samples, frame.rate_hz);
  return frame;
}

std::size_t samples_in(Duration duration, int rate_hz) {
  return static_cast<std::size_t>(std::chrono::duration<double>(duration).count() * rate_hz);
}

Duration duration_of(std::size_t samples, int rate_hz) {
  return std::chrono::nanoseconds(1'000'000'000LL * static_cast<std::int64_t>(samples) / rate_hz);
}

}  // namespace

RecordedTurn record(const PausedTurn& turn, const Recording& how) {
  RecordedTurn made{.asked = turn.asked, .script = turn.script, .samples = {}, .words = {}};
  audio::Samples voice;
  int rate_hz = audio::telephone_rate_hz;
  for (const auto& piece : pieces_of(turn.script)) {
    const auto& frame = spoken(how.voice, piece.words);
    rate_hz = frame.rate_hz;
    const auto begins = voice.size();
    voice.insert(voice.end(), frame.samples.begin(), frame.samples.end());
    // Words are taken to last as long as they are written.
    std::size_t letters = 0;
    for (const auto& word : split(piece.words, ' ')) {
      letters += word.size() + 1;
      const auto share = begins + frame.samples.size() * letters / (piece.words.size() + 1);
      made.words.push_back({std::string(word), Duration(before) + duration_of(share, rate_hz)});
    }
    voice.insert(voice.end(), samples_in(piece.pause, rate_hz), 0);
  }
  made.ends = made.words.back().known;
  made.samples = testkit::over_the_telephone(voice, rate_hz,
                                             {.snr_db = how.noise_db,
                                              .seed = how.seed,
                                              .lead = Duration(before),
                                              .tail = Duration(behind)});
  return made;
}

std::vector<RecordedTurn> human_turns() {
  std::vector<RecordedTurn> turns;
  for (const char* name : {"human_0870", "human_0880", "human_0890"}) {
    auto voice = testkit::human_voice(name);
    voice.samples = trimmed(voice.samples, audio::telephone_rate_hz);
    RecordedTurn made{.asked = "message", .script = name, .samples = {}, .words = {}};
    made.samples = testkit::over_the_telephone(
        voice.samples, audio::telephone_rate_hz,
        {.snr_db = 25, .lead = Duration(before), .tail = Duration(behind)});
    std::size_t letters = 0;
    for (const auto& word : split(voice.words, ' ')) {
      if (word.empty()) continue;
      letters += word.size() + 1;
      const auto share = voice.samples.size() * letters / (voice.words.size() + 1);
      made.words.push_back(
          {std::string(word), Duration(before) + duration_of(share, audio::telephone_rate_hz)});
    }
    made.ends = Duration(before) + duration_of(voice.samples.size(), audio::telephone_rate_hz);
    turns.push_back(std::move(made));
  }
  return turns;
}

}  // namespace parley::callers
