#include "answers.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numbers>

#include "booking_corpus.hpp"
#include "parley/audio/g711.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/testkit/caller_audio.hpp"

namespace parley::answering {

namespace {

using namespace std::chrono_literals;
using audio::AnswerKind;
using audio::Samples;

std::size_t samples_in(Duration length) {
  return static_cast<std::size_t>(length / std::chrono::microseconds(125));
}
Duration length_of(std::size_t samples) {
  return std::chrono::microseconds(125) * static_cast<std::int64_t>(samples);
}

/// A sentence as its voice says it, at telephone rate, without the silence around it.
Samples spoken(const std::string& voice, const std::string& words) {
  static std::map<std::string, Samples> made;
  auto& kept = made[voice + "/" + words];
  if (kept.empty()) {
    auto frame = corpus::speak(voice, words);
    kept = audio::resample(frame.samples, frame.rate_hz, audio::telephone_rate_hz).value();
    auto loud = [](std::int16_t sample) { return std::abs(static_cast<int>(sample)) > 300; };
    auto end = std::find_if(kept.rbegin(), kept.rend(), loud).base();
    kept.erase(end, kept.end());
    kept.erase(kept.begin(), std::ranges::find_if(kept, loud));
  }
  return kept;
}

struct Tone {
  double hz = 1000;
  Duration length = 400ms;
  double level_dbfs = -14;
};

void add_tone(Samples& samples, Tone tone) {
  auto amplitude = 32767.0 * std::pow(10.0, tone.level_dbfs / 20) * std::numbers::sqrt2;
  auto count = samples_in(tone.length);
  for (std::size_t i = 0; i < count; ++i)
    samples.push_back(static_cast<std::int16_t>(
        amplitude * std::sin(2 * std::numbers::pi * tone.hz * static_cast<double>(i) / 8000.0)));
}
void add_silence(Samples& samples, Duration length) {
  samples.resize(samples.size() + samples_in(length), 0);
}

/// Level, noise under everything, and the codec.
Samples over(const Samples& clean, double voice_level_dbfs, const Line& line, std::uint64_t seed) {
  auto gain = std::pow(10.0, (line.level_dbfs - voice_level_dbfs) / 20);
  Samples loud(clean.size());
  std::ranges::transform(clean, loud.begin(), [&](std::int16_t sample) {
    return static_cast<std::int16_t>(std::clamp(sample * gain, -32000.0, 32000.0));
  });
  auto noisy = testkit::add_noise(loud, line.snr_db, seed,
                                  seed % 2 == 0 ? testkit::Noise::room : testkit::Noise::white);
  if (line.alaw) return audio::alaw_decode(audio::alaw_encode(noisy));
  return audio::mulaw_decode(audio::mulaw_encode(noisy));
}

struct Script {
  AnswerKind kind;
  std::vector<std::string> sentences;  ///< with a pause after each
  Duration pause = 350ms;
  std::optional<Tone> beep;
  Duration before_beep = 600ms;
};

Answer make(const Script& script, const std::string& voice, const Line& line, std::uint64_t seed) {
  Answer answer;
  answer.kind = script.kind;
  Samples clean;
  add_silence(clean, 300ms + 100ms * static_cast<int>(seed % 8));
  answer.words_begin = length_of(clean.size());
  for (std::size_t i = 0; i < script.sentences.size(); ++i) {
    auto words = spoken(voice, script.sentences[i]);
    if (i > 0) add_silence(clean, script.pause);
    clean.insert(clean.end(), words.begin(), words.end());
    answer.words += (i > 0 ? " " : "") + script.sentences[i];
  }
  answer.words_end = length_of(clean.size());
  auto level = testkit::speech_level_dbfs(clean, audio::telephone_rate_hz);
  if (script.beep) {
    add_silence(clean, script.before_beep);
    auto tone = *script.beep;
    tone.level_dbfs += level + 14;
    add_tone(clean, tone);
    answer.beep_end = length_of(clean.size());
  }
  add_silence(clean, 5s);
  answer.samples = over(clean, level, line, seed);
  answer.name = fmt::format("{} / {} / {} dB snr, {} dBFS{}", answer.words, voice, line.snr_db,
                            line.level_dbfs, line.alaw ? ", A-law" : "");
  return answer;
}

Answer tones(AnswerKind kind, std::string name, const std::vector<Tone>& sequence, Duration gap,
             const Line& line, std::uint64_t seed) {
  Answer answer;
  answer.kind = kind;
  answer.name = std::move(name);
  Samples clean;
  add_silence(clean, 400ms);
  for (const auto& tone : sequence) {
    add_tone(clean, tone);
    add_silence(clean, gap);
  }
  add_silence(clean, 6s);
  answer.samples = over(clean, line.level_dbfs, line, seed);
  return answer;
}

const std::vector<Script>& people(Set set) {
  static const std::vector<Script> known{
      {AnswerKind::human, {"hello?"}},
      {AnswerKind::human, {"yes, hello?"}},
      {AnswerKind::human, {"smith residence, who's there?"}},
      {AnswerKind::human, {"good morning, this is john speaking."}},
      {AnswerKind::human, {"hi, who is this please?"}},
      {AnswerKind::human, {"thank you for calling smith dental, how can i help you?"}}};
  static const std::vector<Script> unseen{
      {AnswerKind::human, {"hi."}},
      {AnswerKind::human, {"yeah?"}},
      {AnswerKind::human, {"hello, mary here."}},
      {AnswerKind::human, {"baker and sons, good afternoon."}},
      {AnswerKind::human, {"hello?", "is anybody there?"}},
      {AnswerKind::human, {"riverside garage, tom speaking, what can i do for you?"}}};
  return set == Set::known ? known : unseen;
}

const std::vector<Script>& mailboxes(Set set) {
  static const std::vector<Script> known{
      {AnswerKind::machine,
       {"hi, you've reached the smiths.", "we can't come to the phone right now.",
        "please leave a message after the tone."},
       350ms,
       Tone{1000, 400ms, -14}},
      {AnswerKind::machine,
       {"hello.", "this is john.", "leave your name and number and i'll get back to you."},
       400ms,
       Tone{440, 600ms, -14},
       900ms},
      {AnswerKind::machine,
       {"your call has been forwarded to an automated voice messaging system.",
        "the person you are calling is not available.", "at the tone, please record your message."},
       300ms,
       Tone{1400, 250ms, -20},
       1200ms},
      {AnswerKind::machine,
       {"you have reached the mailbox of two one two five five five zero one nine nine.",
        "please leave a message."},
       450ms,
       std::nullopt}};
  static const std::vector<Script> unseen{
      {AnswerKind::machine,
       {"hey, it's anna.", "i'm not here, so you know what to do after the beep."},
       400ms,
       Tone{850, 700ms, -14},
       500ms},
      {AnswerKind::machine,
       {"the customer you have dialed cannot be reached at the moment.",
        "to leave a voice mail, please wait for the tone."},
       350ms,
       Tone{2000, 300ms, -17},
       1000ms},
      {AnswerKind::machine,
       {"thank you for calling baker and sons.", "our office is closed.",
        "our hours are monday to friday, nine to five.",
        "please leave a message and have a nice day."},
       450ms,
       Tone{620, 1000ms, -12},
       700ms},
      {AnswerKind::machine,
       {"hi there.", "sorry i missed your call.",
        "leave me a message and i will call you back soon."},
       450ms,
       Tone{1209, 200ms, -18},
       400ms}};
  return set == Set::known ? known : unseen;
}

const std::vector<Script>& assistants(Set set) {
  static const std::vector<Script> known{
      {AnswerKind::screening,
       {"hi.",
        "if you record your name and reason for calling, i'll see if this person is available."},
       400ms}};
  static const std::vector<Script> unseen{
      {AnswerKind::screening,
       {"the person you are calling is using a screening service.",
        "go ahead and say your name and why you are calling."},
       400ms}};
  return set == Set::known ? known : unseen;
}

}  // namespace

std::vector<Answer> answers(Set set) {
  const bool known = set == Set::known;
  const std::vector<std::string> voices =
      known ? std::vector<std::string>{corpus::voices()[0], corpus::voices()[1]}
            : std::vector<std::string>(corpus::voices().begin() + 2, corpus::voices().end());
  const std::vector<Line> lines =
      known ? std::vector<Line>{{30, -22}, {15, -22}, {25, -34, true}}
            : std::vector<Line>{{28, -20}, {18, -26, true}, {12, -24}, {25, -38}};
  std::vector<Answer> all;
  std::uint64_t seed = known ? 1 : 1001;
  for (auto* scripts : {&people(set), &mailboxes(set), &assistants(set)})
    for (const auto& script : *scripts)
      for (const auto& voice : voices)
        for (const auto& line : lines) all.push_back(make(script, voice, line, seed++));
  for (const auto& line : lines) {
    all.push_back(tones(AnswerKind::fax, "fax answer tone", {{2100, 3s, -14}}, 0ms, line, seed++));
    all.push_back(tones(AnswerKind::fax, "fax calling tone",
                        {{1100, 500ms, -14}, {1100, 500ms, -14}, {1100, 500ms, -14}}, 3s, line,
                        seed++));
    all.push_back(tones(AnswerKind::unknown, "number not in service",
                        {{950, 330ms, -14}, {1400, 330ms, -14}, {1777, 330ms, -14}}, 0ms, line,
                        seed++));
    all.push_back(tones(AnswerKind::unknown, "silence", {}, 0ms, line, seed++));
  }
  return all;
}

}  // namespace parley::answering
