#include "piece_cutter.hpp"

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

constexpr auto none = std::string::npos;
/// A first piece may end at a clause from this length on, if so much has come in all.
constexpr std::size_t early_piece = 18;
constexpr std::size_t early_buffer = 36;
/// Later pieces are cut inside a sentence only when it is this long.
constexpr std::size_t long_piece = 220;
constexpr std::size_t longest_piece = 320;
constexpr std::size_t longest_tag = 24;

constexpr std::array<std::string_view, 46> abbreviations{
    "dr",  "mr",  "mrs", "ms",     "prof", "st",   "ave", "blvd", "rd",  "ln",  "apt",  "ste",
    "no",  "vs",  "etc", "approx", "appt", "dept", "ext", "inc",  "ltd", "co",  "corp", "jr",
    "sr",  "e.g", "i.e", "jan",    "feb",  "mar",  "apr", "jun",  "jul", "aug", "sep",  "sept",
    "oct", "nov", "dec", "mon",    "tue",  "wed",  "thu", "fri",  "sat", "rev"};

/// Those that a sentence often ends with: it does when a capital follows.
constexpr std::array<std::string_view, 14> closing_forms{
    "a.m", "p.m", "etc", "ave", "blvd", "rd", "ln", "inc", "ltd", "co", "corp", "jr", "sr", "ext"};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return is_lower(c) || is_upper(c); }

/// What closes after the full stop: quotes and brackets, a star of markup.
bool is_closing(char c) {
  return c == '"' || c == '\'' || c == ')' || c == ']' || c == '*' || c == '_';
}

/// The word that ends before `end`: letters and inner full stops.
std::string_view word_before(std::string_view text, std::size_t end) {
  auto begin = end;
  while (begin > 0 && !is_space(text[begin - 1]) && text[begin - 1] != '(') --begin;
  return text.substr(begin, end - begin);
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

/// "a.m", "U.S", and the initial of a name: letters between full stops.
bool is_initials(std::string_view word) {
  if (word.size() == 1) return is_upper(word[0]) && word[0] != 'I';
  if (word.size() % 2 == 0) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (i % 2 == 0 ? !is_letter(word[i]) : word[i] != '.') return false;
  return true;
}

/// Three bytes of a full stop, question or exclamation mark of Chinese and Japanese.
bool is_wide_stop(std::string_view text, std::size_t at) {
  auto three = text.substr(at, 3);
  return three == "\u3002" || three == "\uff1f" || three == "\uff01";
}

}  // namespace

std::vector<std::string> PieceCutter::add(std::string_view token) {
  for (char c : token) take(c);
  return cut(false);
}

std::vector<std::string> PieceCutter::finish() {
  end_backticks();
  if (!in_thought_ && !in_code_) buffer_ += tag_;
  tag_.clear();
  return cut(true);
}

void PieceCutter::take(char c) {
  if (c == '`') {
    ++backticks_;
    return;
  }
  end_backticks();
  if (in_code_) return;
  if (tag_.empty() && c != '<') {
    if (!in_thought_) buffer_ += c;
    return;
  }
  bool begins = tag_.size() == 1 && !is_letter(c) && c != '/';
  if (begins || tag_.size() > longest_tag) {  // "5 < 6"
    if (!in_thought_) buffer_ += tag_;
    tag_.clear();
    take(c);
    return;
  }
  tag_ += c;
  if (c == '>') end_tag();
}

void PieceCutter::end_backticks() {
  if (backticks_ >= 3) {
    in_code_ = !in_code_;
    if (!in_thought_) buffer_ += '\n';
  }
  backticks_ = 0;
}

void PieceCutter::end_tag() {
  if (tag_ == "<think>" || tag_ == "<thinking>") in_thought_ = true;
  if (tag_ == "</think>" || tag_ == "</thinking>") in_thought_ = false;
  if (iequals(tag_, "<br>") || iequals(tag_, "<br/>") || iequals(tag_, "</p>")) buffer_ += '\n';
  tag_.clear();
}

std::vector<std::string> PieceCutter::cut(bool complete) {
  std::vector<std::string> pieces;
  while (true) {
    auto end = next_cut(complete);
    if (end == none) break;
    auto piece = std::string(trim(std::string_view(buffer_).substr(0, end)));
    buffer_.erase(0, end);
    // A bullet or a number that stands alone is part of what follows.
    bool words = std::ranges::any_of(piece, [](char c) {
      return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
    });
    if (!words) continue;
    pieces.push_back(std::move(piece));
    first_ = false;
  }
  return pieces;
}

/// Where the next piece ends; none when it cannot be told yet.
std::size_t PieceCutter::next_cut(bool complete) const {
  for (std::size_t at = 0; at < buffer_.size(); ++at) {
    char c = buffer_[at];
    if (c == '\n') return at + 1;
    if (is_wide_stop(buffer_, at)) return at + 3;
    if (c != '.' && c != '!' && c != '?') continue;
    auto end = sentence_end(at, complete);
    if (end == none) continue;
    if (end > buffer_.size()) return none;  // more has to come before it can be told
    return end;
  }
  if (first_ && buffer_.size() >= early_buffer)
    if (auto end = clause_end(early_piece); end != none) return end;
  if (buffer_.size() >= long_piece)
    if (auto end = clause_end(long_piece / 2); end != none) return end;
  if (buffer_.size() >= longest_piece) {
    auto blank = buffer_.rfind(' ');
    // Text without blanks is of a language that does without, or no text: never inside a character.
    auto end = blank != none && blank > 0 ? blank : longest_piece;
    while (end < buffer_.size() && (static_cast<unsigned char>(buffer_[end]) & 0xC0) == 0x80) ++end;
    return end;
  }
  if (complete && !buffer_.empty()) return buffer_.size();
  return none;
}

/// After the stop at `at` and what closes there, if a sentence ends; past the end of the buffer
/// when what follows has to be known first.
std::size_t PieceCutter::sentence_end(std::size_t at, bool complete) const {
  std::string_view text = buffer_;
  auto unknown = text.size() + 1;
  auto end = at + 1;
  while (end < text.size() && (text[end] == '.' || text[end] == '!' || text[end] == '?')) ++end;
  while (end < text.size() && is_closing(text[end])) ++end;
  if (end >= text.size()) return complete ? text.size() : unknown;
  if (!is_space(text[end])) return none;  // "3.5", "www.x.com"
  if (text[at] != '.' || end - at > 1) return end;
  auto word = word_before(text, at);
  auto next = skip_spaces(text, end);
  bool number_in_list =
      !word.empty() && std::ranges::all_of(word, is_digit) && trim(text.substr(0, at)) == word;
  if (number_in_list) return none;  // "1. First this"
  bool short_form = std::ranges::find(abbreviations, to_lower(word)) != abbreviations.end();
  bool initials = is_initials(word);
  if (!short_form && !initials) return end;
  if (next >= text.size()) return complete ? text.size() : unknown;
  if (iequals(word, "no")) return is_digit(text[next]) ? none : end;
  bool may_end = std::ranges::find(closing_forms, to_lower(word)) != closing_forms.end();
  return may_end && is_upper(text[next]) ? end : none;
}

/// After a comma or the like that a sentence can pause at: not inside a number, a date or a place,
/// so a small letter follows.
std::size_t PieceCutter::clause_end(std::size_t least) const {
  std::string_view text = buffer_;
  for (auto at = least; at + 2 < text.size(); ++at) {
    bool dash = text.substr(at, 3) == "\u2014" || text.substr(at, 3) == "\u2013";
    auto end = at + (dash ? 3u : 1u);
    if (!dash && text[at] != ',' && text[at] != ';' && text[at] != ':') continue;
    auto next = skip_spaces(text, end);
    if (next >= text.size() || (next == end && !dash)) continue;
    if (text[at] == ';' || is_lower(text[next])) return end;
  }
  return none;
}

}  // namespace parley::dialog
