#include "ngram.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <unordered_map>

namespace parley::providers::pocketsphinx {

namespace {

constexpr std::size_t order = 3;
using WordId = std::uint32_t;
using Gram = std::array<WordId, order>;  ///< the unused places at the end are zero
constexpr WordId sentence_start = 1;
constexpr WordId sentence_end = 2;

/// What was seen after one history.
struct History {
  double total = 0.0;
  double kinds = 0.0;
};

class Model {
 public:
  Model(const std::vector<WeightedSentence>& sentences,
        const std::vector<std::string>& vocabulary) {
    names_ = {"", "<s>", "</s>"};
    for (const auto& word : vocabulary) id_of(word);
    for (const auto& sentence : sentences) count(sentence);
  }

  std::size_t words() const { return names_.size() - 3; }

  std::string text() const {
    std::string out = "\\data\\\n";
    auto to = std::back_inserter(out);
    fmt::format_to(to, "ngram 1={}\n", names_.size() - 1);
    for (std::size_t n = 2; n <= order; ++n)
      fmt::format_to(to, "ngram {}={}\n", n, counts_[n].size());
    write_unigrams(out);
    for (std::size_t n = 2; n <= order; ++n) write_grams(out, n);
    out += "\n\\end\\\n";
    return out;
  }

 private:
  WordId id_of(const std::string& word) {
    const auto [place, fresh] = ids_.emplace(word, static_cast<WordId>(names_.size()));
    if (fresh) names_.push_back(word);
    return place->second;
  }

  void count(const WeightedSentence& sentence) {
    if (sentence.words.empty()) return;
    std::vector<WordId> line{sentence_start};
    for (const auto& word : sentence.words) line.push_back(id_of(word));
    line.push_back(sentence_end);
    for (std::size_t i = 1; i < line.size(); ++i)
      for (std::size_t n = 1; n <= order && n <= i + 1; ++n) {
        Gram gram{};
        std::copy_n(line.begin() + static_cast<std::ptrdiff_t>(i + 1 - n), n, gram.begin());
        auto& seen = counts_[n][gram];
        auto& history = histories_[n - 1][without_last(gram, n)];
        if (seen == 0.0) history.kinds += 1.0;
        seen += sentence.weight;
        history.total += sentence.weight;
      }
  }

  static Gram without_last(Gram gram, std::size_t n) {
    gram[n - 1] = 0;
    return gram;
  }
  static Gram without_first(const Gram& gram) {
    Gram rest{};
    std::copy(gram.begin() + 1, gram.end(), rest.begin());
    return rest;
  }

  double probability(const Gram& gram, std::size_t n) const {
    if (n == 0) return 1.0 / static_cast<double>(names_.size() - 2);  // all words and </s>
    const double lower = probability(n == 1 ? Gram{} : without_first(gram), n - 1);
    const auto history = histories_[n - 1].find(without_last(gram, n));
    if (history == histories_[n - 1].end()) return lower;
    const auto seen = counts_[n].find(gram);
    const double count = seen == counts_[n].end() ? 0.0 : seen->second;
    const auto& [total, kinds] = history->second;
    return (count + kinds * lower) / (total + kinds);
  }

  /// Interpolation and back-off agree: what an unseen word gets is the share of the shorter
  /// history.
  double backoff(const Gram& gram, std::size_t n) const {
    const auto history = histories_[n].find(gram);
    if (history == histories_[n].end()) return 1.0;
    return history->second.kinds / (history->second.total + history->second.kinds);
  }

  void write_unigrams(std::string& out) const {
    out += "\n\\1-grams:\n";
    for (WordId id = 1; id < names_.size(); ++id) {
      const Gram gram{id};
      // Nothing is followed by the start of a sentence.
      const double p = id == sentence_start ? 1e-99 : probability(gram, 1);
      fmt::format_to(std::back_inserter(out), "{:.4f} {} {:.4f}\n", std::log10(p), names_[id],
                     std::log10(backoff(gram, 1)));
    }
  }

  void write_grams(std::string& out, std::size_t n) const {
    fmt::format_to(std::back_inserter(out), "\n\\{}-grams:\n", n);
    for (const auto& [gram, unused] : counts_[n]) {
      fmt::format_to(std::back_inserter(out), "{:.4f}", std::log10(probability(gram, n)));
      for (std::size_t i = 0; i < n; ++i) out += " " + names_[gram[i]];
      if (n < order)
        fmt::format_to(std::back_inserter(out), " {:.4f}", std::log10(backoff(gram, n)));
      out += '\n';
    }
  }

  std::vector<std::string> names_;
  std::unordered_map<std::string, WordId> ids_;
  std::array<std::map<Gram, double>, order + 1> counts_;
  std::array<std::map<Gram, History>, order + 1> histories_;  ///< by the length of the history
};

}  // namespace

std::string make_arpa(const std::vector<WeightedSentence>& sentences,
                      const std::vector<std::string>& vocabulary) {
  const Model model(sentences, vocabulary);
  return model.words() == 0 ? std::string{} : model.text();
}

}  // namespace parley::providers::pocketsphinx
