#include "language.hpp"

#include <algorithm>
#include <optional>
#include <random>
#include <set>

#include "ngram.hpp"
#include "parley/base/strings.hpp"
#include "sphinx.hpp"

namespace parley::providers::pocketsphinx {

namespace {

constexpr std::size_t max_grammar_bytes = 256U << 10U;
constexpr std::size_t max_sentences = 20000;
constexpr std::size_t max_sentence_words = 60;
constexpr std::size_t max_vocabulary = 5000;
constexpr int samples_of_grammar = 600;
/// All samples of the grammar together weigh as much as this many sentences for each given one.
constexpr double grammar_share = 1.0;

struct Grammar {
  std::set<std::string> words;
  std::vector<WeightedSentence> samples;
};

/// A walk through the grammar, each turn taken as often as its weight says.
std::vector<std::string> walk(fsg_model_t* fsg, logmath_t* logmath, std::mt19937& random) {
  std::vector<std::string> words;
  std::int32_t state = fsg->start_state;
  for (std::size_t step = 0; step < 20 * max_sentence_words; ++step) {
    std::vector<fsg_link_t*> links;
    std::vector<double> weights;
    for (auto* arc = fsg_model_arcs(fsg, state); arc != nullptr; arc = fsg_arciter_next(arc)) {
      links.push_back(fsg_arciter_get(arc));
      weights.push_back(logmath_exp(logmath, links.back()->logs2prob));
    }
    // A final state with ways on: half of the walks end here.
    if (state == fsg->final_state && (links.empty() || random() % 2 == 0)) return words;
    if (links.empty() || words.size() > max_sentence_words) break;
    std::discrete_distribution<std::size_t> choice(weights.begin(), weights.end());
    const auto* link = links[choice(random)];
    if (link->wid >= 0) words.emplace_back(fsg_model_word_str(fsg, link->wid));
    state = link->to_state;
  }
  return {};  // got lost in a loop
}

/// The library takes a missing rule for one that can never be said.
std::optional<std::string> undefined_rule(std::string_view text) {
  std::set<std::string_view> defined{"<NULL>", "<VOID>"}, used;
  for (auto at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const auto end = text.find('>', at);
    if (end == std::string_view::npos) break;
    const auto rule = text.substr(at, end + 1 - at);
    const auto next = text.find_first_not_of(" \t\r\n", end + 1);
    const bool defines = next != std::string_view::npos && text[next] == '=';
    (defines ? defined : used).insert(rule);
  }
  for (auto rule : used)
    if (!defined.contains(rule)) return std::string(rule);
  return std::nullopt;
}

Result<Grammar> read_grammar(const std::string& text) {
  if (auto rule = undefined_rule(text))
    return fail(Errc::invalid, "the grammar uses " + *rule + ", which it does not define");
  if (text.size() > max_grammar_bytes) return fail(Errc::invalid, "grammar of more than 256 KiB");
  Sphinx<jsgf_t> jsgf(jsgf_parse_string(text.c_str(), nullptr));
  if (!jsgf) return fail(Errc::invalid, "the grammar is not well-formed JSGF");
  auto* rule = jsgf_get_public_rule(jsgf.get());
  if (rule == nullptr) return fail(Errc::invalid, "the grammar has no public rule <utterance>");
  Sphinx<logmath_t> logmath(logmath_init(1.0001, 0, 0));
  Sphinx<fsg_model_t> fsg(jsgf_build_fsg(jsgf.get(), rule, logmath.get(), 1.0F));
  if (!fsg) return fail(Errc::invalid, "the grammar uses a rule that it does not define");
  Grammar grammar;
  for (std::int32_t i = 0; i < fsg->n_word; ++i)
    grammar.words.emplace(fsg_model_word_str(fsg.get(), i));
  std::mt19937 random(1);  // the same model for the same grammar
  for (int i = 0; i < samples_of_grammar; ++i) {
    auto words = walk(fsg.get(), logmath.get(), random);
    if (!words.empty()) grammar.samples.push_back({std::move(words), 1.0});
  }
  return grammar;
}

class Compiler {
 public:
  explicit Compiler(const Lexicon& lexicon) : lexicon_(lexicon) {}

  /// True when the word can be said.
  bool add(const std::string& word) {
    if (known_.contains(word)) return true;
    if (refused_.contains(word)) return false;
    if (known_.size() >= max_vocabulary) return false;
    auto ways = lexicon_.pronunciations(word);
    if (ways.empty()) {
      refused_.insert(word);
      return false;
    }
    known_.insert(word);
    language.words.push_back({word, std::move(ways)});
    return true;
  }

  void add_sentence(std::string_view text, double weight) {
    auto words = plain_words(text);
    if (words.size() > max_sentence_words) words.resize(max_sentence_words);
    std::erase_if(words, [this](const std::string& word) { return !add(word); });
    if (!words.empty()) sentences.push_back({std::move(words), weight});
  }

  std::vector<std::string> vocabulary() const { return {known_.begin(), known_.end()}; }
  std::vector<std::string> refused() const { return {refused_.begin(), refused_.end()}; }

  Language language;
  std::vector<WeightedSentence> sentences;

 private:
  const Lexicon& lexicon_;
  std::set<std::string> known_;
  std::set<std::string> refused_;
};

}  // namespace

std::vector<std::string> plain_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool foreign = false;
  auto finish = [&] {
    const auto trimmed = word.find_first_not_of('\'');
    if (!foreign && trimmed != std::string::npos) words.push_back(word);
    word.clear();
    foreign = false;
  };
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || c == '\'')
      word += c;
    else if ((c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80)
      foreign = true;
    else
      finish();
  }
  finish();
  return words;
}

Result<std::shared_ptr<const Language>> compile(const speech::Expectation& expectation,
                                                const Lexicon& lexicon) {
  silence_library();
  Compiler compiler(lexicon);
  if (!trim(expectation.grammar).empty()) {
    // An import would read a file of the grammar's choice.
    if (expectation.grammar.find("import") != std::string::npos)
      return fail(Errc::invalid, "a grammar must not import another");
    const auto text = "#JSGF V1.0;\ngrammar expected;\n" + expectation.grammar + "\n";
    auto grammar = read_grammar(text);
    if (!grammar) return std::unexpected(grammar.error());
    for (const auto& word : grammar->words)
      if (!compiler.add(word))
        return fail(Errc::invalid, "the grammar's word '" + word + "' cannot be said");
    const auto given = std::max<std::size_t>(1, expectation.sentences.size());
    const auto sampled = std::max<std::size_t>(1, grammar->samples.size());
    for (auto& sample : grammar->samples) {
      sample.weight =
          std::max(1.0, grammar_share * static_cast<double>(given) / static_cast<double>(sampled));
      compiler.sentences.push_back(std::move(sample));
    }
    compiler.language.grammar = text;
  }
  const auto count = std::min(max_sentences, expectation.sentences.size());
  for (std::size_t i = 0; i < count; ++i) compiler.add_sentence(expectation.sentences[i], 1.0);
  for (const auto& keyword : expectation.keywords) compiler.add_sentence(keyword, 1.0);
  compiler.language.arpa = make_arpa(compiler.sentences, compiler.vocabulary());
  compiler.language.unsayable = compiler.refused();
  compiler.language.fingerprint = expectation.fingerprint;
  return std::make_shared<const Language>(std::move(compiler.language));
}

const speech::Expectation& default_expectation() {
  static const speech::Expectation expectation{
      .name = "default",
      .grammar =
          "public <utterance> = yes [please] | no [thank you] | <digit>+ ;\n"
          "<digit> = zero | oh | one | two | three | four | five | six | seven | eight | "
          "nine ;\n",
      .fingerprint = "parley.default.1"};
  return expectation;
}

}  // namespace parley::providers::pocketsphinx
