#include "seam.hpp"

#include <cctype>

namespace parley::dialog {

namespace {

/// Longer words are given in parts: there are scripts without spaces.
constexpr std::size_t longest_word_bytes = 48;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Letters of ASCII and of two-byte characters; in other scripts a word may end anywhere.
bool is_of_word(char c) {
  auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || c == '\'' || (byte >= 0x80 && byte < 0xE0);
}

/// Where the word that has not ended begins.
std::size_t last_word(std::string_view text) {
  auto begin = text.size();
  while (begin > 0 && is_of_word(text[begin - 1])) --begin;
  // Continuation bytes alone are of a longer character, which is no letter here.
  while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
  return text.size() - begin > longest_word_bytes ? text.size() : begin;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string Seam::take(std::string_view piece) {
  word_ += without_repetition(piece, false);
  auto begin = last_word(word_);
  auto whole = word_.substr(0, begin);
  word_.erase(0, begin);
  return give(std::move(whole));
}

std::string Seam::rest() {
  word_ += without_repetition("", true);
  return give(std::exchange(word_, {}));
}

void Seam::take_over() {
  word_.clear();
  repetition_.clear();
  is_after_take_over_ = !given_.empty();
}

std::string Seam::give(std::string text) {
  given_ += text;
  return text;
}

/// The words so far end with one.
std::string Seam::without_second_space(std::string text) {
  if (!follows_space_) return text;
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  follows_space_ = text.empty();
  return text;
}

/// Engines that are asked to go on sometimes begin again, or with the last sentence.
std::string Seam::without_repetition(std::string_view piece, bool is_end) {
  if (!is_after_take_over_) return without_second_space(std::string(piece));
  repetition_ += piece;
  auto said = trimmed(given_);
  auto begin = repetition_.find_first_not_of(" \n\t\r");
  auto says = std::string_view(repetition_).substr(std::min(begin, repetition_.size()));
  if (says.empty() && !is_end) return "";
  std::size_t repeated = 0;
  for (std::size_t at = 0; at < said.size(); ++at) {
    bool begins_word = at == 0 || is_space(said[at - 1]);
    if (!begins_word || is_space(said[at])) continue;
    auto ending = said.substr(at);
    // One word twice may be meant so.
    if (ending.find(' ') == std::string_view::npos && at > 0) break;
    if (!is_end && ending.size() > says.size() && ending.starts_with(says)) return "";
    if (says.starts_with(ending)) {
      repeated = ending.size();
      break;
    }
  }
  is_after_take_over_ = false;
  auto rest = std::string(says.substr(repeated));
  repetition_.clear();
  bool has_space = is_space(given_.back());
  follows_space_ = has_space;
  rest = without_second_space(std::move(rest));
  bool needs_space = !has_space && repeated == 0 && !rest.empty() && is_of_word(rest.front());
  return needs_space ? " " + rest : rest;
}

}  // namespace parley::dialog
