#include "telephone_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "booking_corpus.hpp"
#include "memory_file.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/testkit/caller_audio.hpp"

namespace parley::providers::pocketsphinx::training {

namespace {

constexpr int wide_rate = 16000;
constexpr const char* model = "/usr/share/pocketsphinx/model/en-us/en-us";

const std::vector<std::string> training_voices{"slt",
                                               "rms",
                                               "awb",
                                               "kal16",
                                               "espeak:en-us",
                                               "espeak:en-us+f3",
                                               "espeak:en-gb",
                                               "espeak:en-us+m3",
                                               "espeak:en-gb-x-rp",
                                               "espeak:en-us+f2",
                                               "espeak:en-gb-scotland+m7",
                                               "espeak:en-us+f4"};

double between(std::mt19937& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}

/// The acoustic model's own front end.
class WidebandFrontEnd {
 public:
  WidebandFrontEnd() {
    silence_library();
    const MemoryFile dictionary("yes Y EH S\n");
    config_.reset(cmd_ln_init(nullptr, ps_args(), 1, "-hmm", model, "-dict",
                              dictionary.path().c_str(), "-remove_noise", "no", "-remove_silence",
                              "no", nullptr));
    decoder_.reset(ps_init(config_.get()));
    if (!decoder_) throw std::runtime_error("the speech model is missing");
  }

  std::vector<Cepstrum> analyze(const audio::Samples& samples) {
    auto* front_end = ps_get_fe(decoder_.get());
    fe_start_stream(front_end);
    fe_start_utt(front_end);
    auto left = samples.size();
    const std::int16_t* at = samples.data();
    std::vector<Cepstrum> frames(samples.size() / 160 + 2);
    std::vector<mfcc_t*> rows;
    for (auto& frame : frames) rows.push_back(frame.data());
    auto count = static_cast<std::int32_t>(frames.size());
    fe_process_frames(front_end, &at, &left, rows.data(), &count, nullptr);
    frames.resize(static_cast<std::size_t>(count));
    return frames;
  }

 private:
  Sphinx<cmd_ln_t> config_;
  Sphinx<ps_decoder_t> decoder_;
};

/// Handsets colour the sound: more or less of the high end.
audio::Samples handset(const audio::Samples& voice, double tilt) {
  audio::Samples result(voice.size());
  double before = 0.0;
  for (std::size_t i = 0; i < voice.size(); ++i) {
    const double value = 0.7 * (voice[i] + tilt * before);
    before = voice[i];
    result[i] = static_cast<std::int16_t>(std::clamp(value, -32000.0, 32000.0));
  }
  return result;
}

/// At one level, with the quiet room that every real recording has.
audio::Samples studio(audio::Samples voice, std::mt19937& random) {
  constexpr std::size_t pause = 4800;
  voice.insert(voice.begin(), pause, 0);
  voice.resize(voice.size() + pause, 0);
  const double gain = std::pow(10.0, (-20.0 - testkit::speech_level_dbfs(voice, wide_rate)) / 20.0);
  for (auto& sample : voice)
    sample = static_cast<std::int16_t>(std::clamp(gain * sample, -32000.0, 32000.0));
  return testkit::add_noise(voice, 42.0, random(), testkit::Noise::room);
}

struct Line {
  std::vector<FloorFrame> frames;
  MelFrame mean;
};

Line listen(const audio::Samples& line) {
  MelAnalyzer analyzer;
  analyzer.push(line);
  NoiseFloor floor;
  LineAverage average;
  Line result;
  for (const auto& mel : analyzer.take()) {
    result.frames.push_back({mel, floor.follow(mel)});
    average.follow(result.frames.back());
  }
  result.mean = average.mean();
  return result;
}

void add_pairs(std::vector<Pair>& pairs, const Line& line, std::vector<Cepstrum> wide) {
  float peak = -1e9F;
  for (const auto& frame : wide) peak = std::max(peak, frame[0]);
  auto is_speech = [peak](const Cepstrum& frame) { return frame[0] > peak - 40.0F; };
  Cepstrum mean{};
  float count = 0.0F;
  for (const auto& frame : wide)
    if (is_speech(frame)) {
      for (std::size_t i = 0; i < frame.size(); ++i) mean[i] += frame[i];
      count += 1.0F;
    }
  const auto length = std::min(wide.size(), line.frames.size());
  for (std::size_t at = context_frames; at + context_frames < length; ++at) {
    // Silence is easy: a third of it will do.
    if (!is_speech(wide[at]) && at % 3 != 0) continue;
    Pair pair;
    const auto around = std::span(line.frames).subspan(at - context_frames, 2 * context_frames + 1);
    make_map_input(around, line.frames[at].floor, line.mean, pair.telephone);
    for (std::size_t i = 0; i < mean.size(); ++i) pair.wideband[i] = wide[at][i] - mean[i] / count;
    pairs.push_back(pair);
  }
}

/// Words of three to nine letters: every sound in every company.
std::vector<std::string> read_words() {
  std::ifstream file("/usr/share/pocketsphinx/model/en-us/cmudict-en-us.dict");
  std::vector<std::string> words;
  std::string line;
  while (std::getline(file, line)) {
    const auto word = line.substr(0, line.find(' '));
    const bool plain = std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; });
    if (plain && word.size() >= 3 && word.size() <= 9) words.push_back(word);
  }
  return words;
}

}  // namespace

std::vector<Pair> make_pairs(int sentences, std::mt19937& random) {
  constexpr std::array snrs{7.0, 9.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0, 24.0, 28.0, 34.0, 45.0};
  WidebandFrontEnd front_end;
  const auto words = read_words();
  std::vector<Pair> pairs;
  for (int number = 0; number < sentences; ++number)
    for (const auto& voice : training_voices) {
      std::string text;
      for (auto count = 5 + random() % 5; count > 0; --count)
        text += words[random() % words.size()] + " ";
      // Read as if it had another rate, a voice becomes higher or lower and its mouth smaller or
      // larger.
      const auto spoken = corpus::speak(voice, text);
      const auto rate = static_cast<int>(spoken.rate_hz * between(random, 0.88, 1.12));
      auto wide = audio::resample(spoken.samples, rate, wide_rate).value();
      const auto line =
          testkit::over_the_telephone(handset(wide, between(random, -0.5, 0.5)), wide_rate,
                                      {.snr_db = snrs[random() % snrs.size()],
                                       .seed = random(),
                                       .noise = static_cast<testkit::Noise>(random() % 3),
                                       .level_dbfs = between(random, -32.0, -16.0)});
      add_pairs(pairs, listen(line), front_end.analyze(studio(std::move(wide), random)));
    }
  return pairs;
}

}  // namespace parley::providers::pocketsphinx::training
