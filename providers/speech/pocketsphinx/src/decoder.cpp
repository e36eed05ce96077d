#include "decoder.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "memory_file.hpp"

namespace parley::providers::pocketsphinx {

namespace {

/// Languages kept ready in one decoder.
constexpr std::size_t max_installed = 8;
constexpr std::size_t max_alternatives = 4;

/// The model's own feature settings, with the mean left to us: it is known before the decoder sees
/// the frames.
std::string feature_settings(const std::filesystem::path& model) {
  std::ifstream file(model / "feat.params");
  std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto at = text.find("-cmn ");
  if (at != std::string::npos) text.replace(at, text.find('\n', at) - at, "-cmn none");
  return text;
}

bool is_filler(std::string_view word) {
  return word.empty() || word.front() == '<' || word.front() == '[';
}

/// "tomato(2)" is "tomato" said differently; fillers are dropped.
std::string clean(std::string_view hypothesis) {
  std::string text;
  for (std::size_t at = 0; at < hypothesis.size();) {
    auto end = std::min(hypothesis.find(' ', at), hypothesis.size());
    const auto word = hypothesis.substr(at, end - at);
    at = end + 1;
    if (is_filler(word)) continue;
    if (!text.empty()) text += ' ';
    text += word.substr(0, word.find('('));
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<Decoder>> Decoder::open(const std::filesystem::path& model_directory,
                                               ModelKind kind) {
  const auto model = model_directory / "en-us";
  const MemoryFile features(feature_settings(model));
  const MemoryFile dictionary("yes Y EH S\n");
  silence_library();
  // Scores relative to the best of all senones, not only of the searched ones, can be compared from
  // utterance to utterance: confidence rests on them. No look-ahead: its buffer is too short for
  // frames that come as features. No second pass: it would come after the caller's last word. The
  // penalty and the weight are the best of bench/speech_accuracy.
  const char* lattice = kind == ModelKind::ngram ? "yes" : "no";
  Sphinx<cmd_ln_t> config(
      cmd_ln_init(nullptr, ps_args(), 1, "-hmm", model.c_str(), "-dict", dictionary.path().c_str(),
                  "-featparams", features.path().c_str(), "-remove_noise", "no", "-remove_silence",
                  "no", "-compallsen", "yes", "-pl_window", "0", "-wip", "0.1", "-lw", "8",
                  "-fwdflat", "no", "-bestpath", lattice, nullptr));
  if (!config) return fail(Errc::unavailable, "the speech decoder refused its settings");
  Sphinx<ps_decoder_t> decoder(ps_init(config.get()));
  if (!decoder)
    return fail(Errc::unavailable, "speech model missing or damaged: " + model.string() +
                                       " (package pocketsphinx-en-us)");
  std::unique_ptr<Decoder> made(new Decoder(std::move(decoder), kind));
  made->words_.insert("yes");
  return made;
}

bool Decoder::can_use(const Language& language) const {
  return kind_ == ModelKind::grammar ? !language.grammar.empty() : !language.arpa.empty();
}

Result<void> Decoder::learn(const Language& language) {
  for (const auto& word : language.words) {
    if (words_.contains(word.text)) continue;
    for (std::size_t i = 0; i < word.pronunciations.size(); ++i) {
      auto name = word.text;
      if (i > 0) name += "(" + std::to_string(i + 1) + ")";
      const auto& phones = word.pronunciations[i];
      if (ps_add_word(decoder_.get(), name.c_str(), phones.c_str(), 0) < 0)
        return fail(Errc::unavailable, "the speech decoder refused a word");
    }
    words_.insert(word.text);
  }
  return {};
}

Result<void> Decoder::install(const Language& language, const std::string& name) {
  if (auto learnt = learn(language); !learnt) return learnt;
  auto* ps = decoder_.get();
  if (kind_ == ModelKind::grammar) {
    Sphinx<jsgf_t> jsgf(jsgf_parse_string(language.grammar.c_str(), nullptr));
    if (!jsgf) return fail(Errc::unavailable, "grammar");
    auto* rule = jsgf_get_public_rule(jsgf.get());
    const auto weight = static_cast<float>(cmd_ln_float_r(ps_get_config(ps), "-lw"));
    Sphinx<fsg_model_t> fsg(jsgf_build_fsg(jsgf.get(), rule, ps_get_logmath(ps), weight));
    if (!fsg || ps_set_fsg(ps, name.c_str(), fsg.get()) < 0)
      return fail(Errc::unavailable, "the speech decoder refused a grammar");
    return {};
  }
  const MemoryFile arpa(language.arpa);
  Sphinx<ngram_model_t> model(
      ngram_model_read(ps_get_config(ps), arpa.path().c_str(), NGRAM_ARPA, ps_get_logmath(ps)));
  if (!model || ps_set_lm(ps, name.c_str(), model.get()) < 0)
    return fail(Errc::unavailable, "the speech decoder refused a language model");
  return {};
}

Result<void> Decoder::start(const std::shared_ptr<const Language>& language) {
  auto found = std::ranges::find(installed_, language, &Installed::language);
  if (found == installed_.end()) {
    auto name = "language" + std::to_string(next_name_++);
    if (auto done = install(*language, name); !done) return done;
    installed_.push_front({language, std::move(name)});
  } else {
    installed_.splice(installed_.begin(), installed_, found);
  }
  if (ps_set_search(decoder_.get(), installed_.front().name.c_str()) < 0)
    return fail(Errc::unavailable, "the speech decoder lost a model");
  while (installed_.size() > max_installed) {
    ps_unset_search(decoder_.get(), installed_.back().name.c_str());
    installed_.pop_back();
  }
  frames_ = 0;
  if (ps_start_utt(decoder_.get()) < 0)
    return fail(Errc::unavailable, "the speech decoder did not start");
  return {};
}

void Decoder::decode(std::span<const Cepstrum> frames) {
  if (frames.empty()) return;
  std::vector<Cepstrum> copy(frames.begin(), frames.end());
  std::vector<mfcc_t*> rows(copy.size());
  std::ranges::transform(copy, rows.begin(), [](Cepstrum& frame) { return frame.data(); });
  ps_process_cep(decoder_.get(), rows.data(), static_cast<int>(rows.size()), 0, 0);
  frames_ += static_cast<int>(frames.size());
}

std::string Decoder::partial() {
  const char* hypothesis = ps_get_hyp(decoder_.get(), nullptr);
  return hypothesis == nullptr ? std::string{} : clean(hypothesis);
}

Reading Decoder::finish() {
  auto* ps = decoder_.get();
  ps_end_utt(ps);
  Reading reading;
  std::int32_t score = 0;
  const char* hypothesis = ps_get_hyp(ps, &score);
  if (hypothesis == nullptr || frames_ == 0) return reading;
  reading.text = clean(hypothesis);
  reading.valid = true;
  reading.score = static_cast<double>(score) / frames_;
  double acoustic = 0.0;
  for (auto* segment = ps_seg_iter(ps); segment != nullptr; segment = ps_seg_next(segment)) {
    if (is_filler(ps_seg_word(segment))) continue;
    int first = 0, last = 0;
    std::int32_t segment_acoustic = 0, language = 0, back = 0;
    ps_seg_frames(segment, &first, &last);
    ps_seg_prob(segment, &segment_acoustic, &language, &back);
    acoustic += segment_acoustic;
    reading.word_frames += last - first + 1;
  }
  if (reading.word_frames > 0) reading.acoustic = acoustic / reading.word_frames;
  if (kind_ == ModelKind::ngram && !reading.text.empty()) {
    reading.posterior = logmath_exp(ps_get_logmath(ps), ps_get_prob(ps));
    auto* best = ps_nbest(ps);
    for (int tries = 0; best != nullptr && tries < 20; ++tries) {
      const char* text = ps_nbest_hyp(best, nullptr);
      auto other = text == nullptr ? std::string{} : clean(text);
      if (!other.empty() && other != reading.text &&
          std::ranges::find(reading.alternatives, other) == reading.alternatives.end())
        reading.alternatives.push_back(std::move(other));
      if (reading.alternatives.size() >= max_alternatives) break;
      best = ps_nbest_next(best);
    }
    if (best != nullptr) ps_nbest_free(best);
  }
  return reading;
}

}  // namespace parley::providers::pocketsphinx
