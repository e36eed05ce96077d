#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace parley::knowledge {

/// Lower-case words without accents, in order: what a recognizer writes and what a document says
/// come out the same. "$1,200.00" -> 1200 dollars; "3rd" -> 3; "X-ray" -> x ray; "twenty-five" and
/// "twenty five" -> 25; "children's" -> children.
std::vector<std::string> plain_words(std::string_view utf8);

/// The word without its endings: prices, price, pricing -> pric.
std::string stem(std::string_view word);

/// Says nothing about what a passage is about: "the", "do", "please", "um".
bool is_stop_word(std::string_view word);

/// Stems of everything that is not a stop word, and of compounds joined ("x-ray" also as xray).
std::vector<std::string> index_terms(std::string_view utf8);

struct QueryTerm {
  std::string stem;
  double weight = 1.0;
};
/// Terms of a question: its own words, then words that mean the same at a lower weight, and
/// neighbouring words joined ("tooth brush" also as toothbrush). Without stop words, unless there
/// is nothing else. At most `limit`.
std::vector<QueryTerm> query_terms(std::string_view utf8, std::size_t limit = 48);

/// "we open at 8:30 for $180" -> "we open at eight thirty for one hundred eighty dollars": words a
/// recognizer knows.
std::string spoken_words(std::string_view utf8);

}  // namespace parley::knowledge
