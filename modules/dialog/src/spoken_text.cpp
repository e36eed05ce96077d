#include "spoken_text.hpp"

#include <algorithm>

#include "markup.hpp"
#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

constexpr char said_as_is = '\x01';
constexpr char end_of_said = '\x02';

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

SpokenText::SpokenText(std::string language, std::vector<business::Pronunciation> pronunciations)
    : english_(to_lower(language).starts_with("en")), pronunciations_(std::move(pronunciations)) {
  // The longer entry wins where two begin alike.
  std::ranges::sort(pronunciations_,
                    [](const auto& a, const auto& b) { return a.word.size() > b.word.size(); });
}

std::string SpokenText::of(std::string_view piece) const {
  auto text = with_pronunciations(without_markup(piece));
  if (english_) return english_forms(text);
  std::erase_if(text, [](char c) { return c == said_as_is || c == end_of_said; });
  return text;
}

std::string SpokenText::with_pronunciations(std::string_view text) const {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    bool begins = at == 0 || !is_word(text[at - 1]);
    const business::Pronunciation* found = nullptr;
    for (const auto& entry : pronunciations_) {
      if (!begins || !iequals(text.substr(at, entry.word.size()), entry.word)) continue;
      auto end = at + entry.word.size();
      if (end < text.size() && is_word(text[end]) && is_word(text[end - 1])) continue;
      found = &entry;
      break;
    }
    if (!found) {
      out += text[at++];
      continue;
    }
    out += said_as_is + found->spoken + end_of_said;
    at += found->word.size();
  }
  return out;
}

}  // namespace parley::dialog
