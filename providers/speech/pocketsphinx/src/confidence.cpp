#include "confidence.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "parley/base/strings.hpp"

namespace parley::providers::pocketsphinx {

namespace {

/// Weights of a logistic regression, in the order of Evidence, and its constant.
struct Calibration {
  std::array<double, 6> weights;
  double constant;

  double operator()(const Evidence& e) const {
    const std::array<double, 6> values{e.score,     e.acoustic,  e.agreement,
                                       e.advantage, e.posterior, e.length};
    double sum = constant;
    for (std::size_t i = 0; i < values.size(); ++i) sum += weights[i] * values[i];
    return 1.0 / (1.0 + std::exp(-sum));
  }
};

constexpr Calibration grammar_calibration{{0.0206, 0.0229, 3.4363, 0.0458, 0.3775, 0.1803}, 1.716};
constexpr Calibration ngram_calibration{{0.0806, 0.0, 4.7152, 0.0404, 0.7838, 0.474}, -0.171};

}  // namespace

double word_agreement(std::string_view left, std::string_view right) {
  auto a = split(left, ' ');
  auto b = split(right, ' ');
  std::erase(a, "");
  std::erase(b, "");
  if (a.empty() || b.empty()) return a.empty() && b.empty() ? 1.0 : 0.0;
  // Longest common subsequence.
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (const auto& word : a) {
    std::size_t diagonal = 0;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto above = row[j];
      row[j] = word == b[j - 1] ? diagonal + 1 : std::max(row[j], row[j - 1]);
      diagonal = above;
    }
  }
  return static_cast<double>(row.back()) / static_cast<double>(std::max(a.size(), b.size()));
}

Evidence weigh(const Reading& reading, const Reading& other) {
  return {.score = reading.score,
          .acoustic = reading.acoustic,
          .agreement = other.valid ? word_agreement(reading.text, other.text) : 0.0,
          .advantage = other.valid ? std::clamp(reading.score - other.score, -30.0, 30.0) : 0.0,
          .posterior = std::log10(std::max(reading.posterior, other.posterior) + 1e-6),
          .length = std::log(std::max(1, reading.word_frames))};
}

double grammar_confidence(const Evidence& evidence) { return grammar_calibration(evidence); }
double ngram_confidence(const Evidence& evidence) { return ngram_calibration(evidence); }

speech::Transcript judge(const Reading& grammar, const Reading& ngram) {
  const bool has_grammar = grammar.valid && !grammar.text.empty();
  const bool has_ngram = ngram.valid && !ngram.text.empty();
  speech::Transcript transcript{.is_final = true};
  if (!has_grammar && !has_ngram) return transcript;
  const double by_grammar = has_grammar ? grammar_confidence(weigh(grammar, ngram)) : 0.0;
  const double by_ngram = has_ngram ? ngram_confidence(weigh(ngram, grammar)) : 0.0;
  const bool choose_grammar = has_grammar && by_grammar >= by_ngram;
  const auto& chosen = choose_grammar ? grammar : ngram;
  const auto& other = choose_grammar ? ngram : grammar;
  transcript.text = chosen.text;
  transcript.confidence = choose_grammar ? by_grammar : by_ngram;
  auto add = [&transcript](const std::string& text) {
    auto& list = transcript.alternatives;
    if (!text.empty() && text != transcript.text && std::ranges::find(list, text) == list.end())
      list.push_back(text);
  };
  if (other.valid) add(other.text);
  for (const auto& text : ngram.alternatives) add(text);
  return transcript;
}

}  // namespace parley::providers::pocketsphinx
