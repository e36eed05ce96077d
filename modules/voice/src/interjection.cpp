#include "interjection.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace parley::voice {

namespace {

/// Joined by spaces, as they stand after lower-casing with hyphens taken as spaces.
constexpr std::array<std::string_view, 26> listening_sounds{
    "uh huh",  "uhhuh", "mm hmm",   "mhm",   "mhmm", "mmhmm", "mm",  "hmm", "hm",
    "um",      "uh",    "ah",       "oh",    "aha",  "uh",    "er",  "huh", "wow",
    "oh okay", "oh ok", "oh i see", "i see", "mmm",  "aw",    "ooh", "yah"};
constexpr std::array<std::string_view, 16> agreements{
    "yes",     "yeah",      "yep",    "yup",   "okay", "ok",   "right",   "sure",
    "alright", "all right", "got it", "great", "good", "fine", "perfect", "exactly"};

std::string plain(std::string_view words) {
  std::string text;
  for (char c : words) {
    auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) || c == '\'')
      text += static_cast<char>(std::tolower(letter));
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
  }
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

/// Takes one of the phrases off the front.
template <std::size_t N>
bool take(std::string_view& rest, const std::array<std::string_view, N>& phrases) {
  std::string_view longest;
  for (auto phrase : phrases) {
    bool begins =
        rest.starts_with(phrase) && (rest.size() == phrase.size() || rest[phrase.size()] == ' ');
    if (begins && phrase.size() > longest.size()) longest = phrase;
  }
  if (longest.empty()) return false;
  rest.remove_prefix(std::min(rest.size(), longest.size() + 1));
  return true;
}

}  // namespace

Interjection classify_interjection(std::string_view words) {
  auto text = plain(words);
  std::string_view rest = text;
  if (rest.empty()) return Interjection::nothing;
  // "Yeah okay uh-huh" is listening too; a longer row is somebody who wants to say something.
  constexpr int most_in_row = 3;
  bool agrees = false;
  for (int taken = 0; !rest.empty(); ++taken) {
    if (taken == most_in_row) return Interjection::words;
    if (take(rest, listening_sounds)) continue;
    if (!take(rest, agreements)) return Interjection::words;
    agrees = true;
  }
  return agrees ? Interjection::agreement : Interjection::backchannel;
}

}  // namespace parley::voice
