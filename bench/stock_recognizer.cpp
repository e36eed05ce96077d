#include "stock_recognizer.hpp"

#include <stdexcept>

#include "parley/base/strings.hpp"

namespace parley::providers::pocketsphinx {

StockRecognizer::StockRecognizer(const std::filesystem::path& model_directory)
    : to_16_khz_(audio::Resampler::create(8000, 16000).value()) {
  silence_library();
  auto path = [&](const char* name) { return (model_directory / name).string(); };
  Sphinx<cmd_ln_t> config(cmd_ln_init(nullptr, ps_args(), 1, "-hmm", path("en-us").c_str(), "-lm",
                                      path("en-us.lm.bin").c_str(), "-dict",
                                      path("cmudict-en-us.dict").c_str(), nullptr));
  if (config) decoder_ = Sphinx<ps_decoder_t>(ps_init(config.get()));
  if (!decoder_) throw std::runtime_error("no speech model in " + model_directory.string());
}

std::string StockRecognizer::hear(const audio::Samples& line) {
  auto samples = to_16_khz_.process(line);
  auto* ps = decoder_.get();
  ps_start_utt(ps);
  ps_process_raw(ps, samples.data(), samples.size(), 0, 1);
  ps_end_utt(ps);
  int score = 0;
  const char* heard = ps_get_hyp(ps, &score);
  std::string text;
  for (const auto& word : split(heard ? heard : "", ' ')) {
    if (word.empty() || word.front() == '<' || word.front() == '[') continue;
    if (!text.empty()) text += ' ';
    text += word.substr(0, word.find('('));
  }
  return text;
}

}  // namespace parley::providers::pocketsphinx
