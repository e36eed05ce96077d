#include "passages.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "text.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t max_passages = 8;
constexpr std::size_t max_sentences = 200;

/// Words for the same thing that callers and documents use differently.
std::string common_sense(const std::string& stem) {
  static const std::map<std::string, std::string> same{{"price", "cost"},
                                                       {"charg", "cost"},
                                                       {"fee", "cost"},
                                                       {"expensiv", "cost"},
                                                       {"tak", "accept"},
                                                       {"park", "park"},
                                                       {"kid", "child"},
                                                       {"children", "child"},
                                                       {"childr", "child"},
                                                       {"pay", "payment"},
                                                       {"paid", "payment"},
                                                       {"payment", "payment"},
                                                       {"hurt", "pain"},
                                                       {"painful", "pain"},
                                                       {"insuranc", "insur"},
                                                       {"insured", "insur"},
                                                       {"cancellation", "cancel"},
                                                       {"cancell", "cancel"},
                                                       {"dog", "pet"},
                                                       {"cat", "pet"},
                                                       {"wheelchair", "accessibl"},
                                                       {"doctor", "dentist"}};
  auto found = same.find(stem);
  return found == same.end() ? stem : found->second;
}

std::set<std::string> subjects(const Words& words) {
  std::set<std::string> stems;
  for (const auto& stem : content_stems(words)) stems.insert(common_sense(stem));
  return stems;
}

double overlap_of(const std::set<std::string>& question, const std::set<std::string>& text) {
  if (question.empty()) return 0;
  auto shared =
      std::ranges::count_if(question, [&](const auto& stem) { return text.contains(stem); });
  return static_cast<double>(shared) / static_cast<double>(question.size());
}

bool ends_sentence(std::string_view text, std::size_t at) {
  char c = text[at];
  if (c == '\n') return true;
  if (c != '.' && c != '!' && c != '?') return false;
  bool blank_follows = at + 1 >= text.size() || text[at + 1] == ' ' || text[at + 1] == '\n';
  if (!blank_follows) return false;
  // "Dr. Lee", "a.m. to", "No. 5": a short word before the dot is an abbreviation.
  auto start = text.substr(0, at).find_last_of(" \n");
  auto word = text.substr(start == std::string_view::npos ? 0 : start + 1,
                          at - (start == std::string_view::npos ? 0 : start + 1));
  static const std::set<std::string_view> short_forms{
      "Dr", "Mr", "Mrs", "Ms", "St", "No", "a.m", "p.m", "e.g", "i.e", "approx", "Ave", "Blvd"};
  return c != '.' || !short_forms.contains(word);
}

/// Text as it can be spoken: no markup, no control characters, single blanks.
std::string speakable(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool markup = c == '*' || c == '#' || c == '`' || c == '|' || c == '_' || c == '<' ||
                  c == '>' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    char next = markup ? ' ' : c;
    if (next == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += next;
  }
  while (!out.empty() && (out.back() == ' ' || out.back() == '-')) out.pop_back();
  auto start = out.find_first_not_of("-\xE2\x80\xA2 ");
  return start == std::string::npos ? "" : out.substr(start);
}

std::size_t word_count(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count(text, ' ')) + (text.empty() ? 0 : 1);
}

/// At most `most` words; what is cut off ends with a full stop all the same.
std::string cut(const std::string& text, std::size_t most) {
  std::size_t words = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == ' ' && ++words == most) return text.substr(0, i) + ".";
  return text;
}

std::string with_full_stop(std::string text) {
  if (!text.empty() && text.back() != '.' && text.back() != '!' && text.back() != '?') text += '.';
  return text;
}

bool asks_amount(const Words& question) {
  return has_any(question, {"how much|many|long|old|often", "price|prices|cost|costs|fee|fees"});
}

/// A number, in digits or in words.
bool names_amount(const std::string& text) {
  if (std::ranges::any_of(text, [](char c) { return c >= '0' && c <= '9'; })) return true;
  return has_any(
      words_of(text),
      {"free|nothing|dollars|dollar|cents|percent|pounds|euros", "hundred|thousand",
       "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|"
       "forty|fifty|sixty|seventy|eighty|ninety"});
}

struct Question {
  std::set<std::string> subjects;
  bool amount = false;  ///< asks for a number
};

/// The window of one to three sentences with the most of the question in the fewest words.
Answer best_window(const Question& asked, const FoundPassage& passage) {
  const auto& question = asked.subjects;
  auto sentences = sentences_of(passage.text);
  auto heading = subjects(words_of(passage.heading));
  Answer best;
  for (std::size_t first = 0; first < sentences.size(); ++first) {
    std::string text;
    for (std::size_t count = 0; count < 3 && first + count < sentences.size(); ++count) {
      const auto& next = sentences[first + count];
      if (count > 0 && word_count(text) + word_count(next) > answer_words) break;
      text += (text.empty() ? "" : " ") + with_full_stop(next);
      auto here = subjects(words_of(text));
      auto own = overlap_of(question, here);
      if (own == 0) continue;
      here.insert(heading.begin(), heading.end());
      // A further sentence must bring something; a heading counts, but less than the text itself.
      auto overlap = std::max(own, overlap_of(question, here) - 0.1);
      // A title names the subject and answers nothing.
      bool title = count == 0 && word_count(next) < 6 && next.back() != '.';
      auto score = overlap - 0.05 * static_cast<double>(count) - (title ? 0.15 : 0.0) +
                   (asked.amount && names_amount(text) ? 0.25 : 0.0);
      if (score > best.score)
        best = {cut(text, answer_words), spoken_source(passage.document), overlap, score};
    }
  }
  return best;
}

}  // namespace

std::vector<std::string> sentences_of(std::string_view text) {
  std::vector<std::string> sentences;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size() && sentences.size() < max_sentences; ++i) {
    if (i < text.size() && !ends_sentence(text, i)) continue;
    auto end = i < text.size() && text[i] != '\n' ? i + 1 : i;
    auto sentence = speakable(text.substr(start, end - start));
    start = std::min(end + (end == i ? 1 : 0), text.size());
    if (sentence.empty()) continue;
    // Lines of running text are broken by the page, not by the sense.
    bool goes_on = !sentences.empty() && sentence[0] >= 'a' && sentence[0] <= 'z' &&
                   std::string_view(".!?:").find(sentences.back().back()) == std::string_view::npos;
    if (goes_on)
      sentences.back() += " " + sentence;
    else
      sentences.push_back(sentence);
  }
  return sentences;
}

Answer best_answer(std::string_view question, const std::vector<FoundPassage>& passages) {
  auto words = words_of(question);
  Question wanted{subjects(words), asks_amount(words)};
  Answer best;
  for (std::size_t i = 0; i < std::min(passages.size(), max_passages); ++i) {
    auto answer = best_window(wanted, passages[i]);
    // The search's own order decides between equals.
    if (answer.overlap >= answer_threshold && answer.score > best.score + 1e-9) best = answer;
  }
  return best;
}

std::string spoken_source(std::string_view document) {
  auto slash = document.find_last_of("/\\");
  if (slash != std::string_view::npos) document.remove_prefix(slash + 1);
  if (auto dot = document.rfind('.'); dot != std::string_view::npos)
    document = document.substr(0, dot);
  std::string spaced;
  for (char c : document) spaced += c == '_' || c == '-' ? ' ' : c;
  Words kept;
  for (const auto& word : words_of(spaced)) {
    static const std::set<std::string_view> empty{"document", "doc",   "scan",  "untitled",
                                                  "file",     "final", "copy",  "new",
                                                  "img",      "page",  "draft", "v"};
    bool letters = std::ranges::all_of(word, [](char c) { return c < '0' || c > '9'; });
    if (letters && word.size() > 1 && !empty.contains(word)) kept.push_back(word);
  }
  if (kept.empty() || kept.size() > 4) return "";
  if (kept.size() > 1 && (kept.front() == "our" || kept.front() == "the")) kept.erase(kept.begin());
  return join(kept);
}

}  // namespace parley::dialog
