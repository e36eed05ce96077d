#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace parley::dialog {

/// A passage as search_knowledge gives it.
struct FoundPassage {
  std::string text;
  std::string document;  ///< file name
  std::string heading;
};

/// The one to three sentences that answer a question.
struct Answer {
  std::string text;
  std::string source;  ///< "price list", or empty when the file's name says nothing
  double overlap = 0;  ///< share of the question's subject words that the text speaks of
  double score = 0;    ///< overlap, and how well the kind of text fits the kind of question
};

/// Below this share of the question's words an answer is a guess, and guesses are not spoken.
inline constexpr double answer_threshold = 0.5;
inline constexpr std::size_t answer_words = 60;

/// The best few sentences of all passages; nothing when none is above the threshold. A passage is
/// data: it is read out and never acted upon.
std::vector<std::string> sentences_of(std::string_view text);
Answer best_answer(std::string_view question, const std::vector<FoundPassage>& passages);
/// "price-list_2026.pdf" is "price list"; empty for names like "scan 0001".
std::string spoken_source(std::string_view document);

}  // namespace parley::dialog
