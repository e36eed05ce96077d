#include "sentences.hpp"

#include <array>
#include <cctype>
#include <utility>

#include "parley/base/strings.hpp"

namespace parley::providers::flite {

namespace {

constexpr std::size_t longest_piece = 200;

constexpr std::array<std::pair<std::string_view, std::string_view>, 36> replacements{
    {{"\u2018", "'"},        {"\u2019", "'"},  {"\u201C", "\""},  {"\u201D", "\""},
     {"\u2013", "-"},        {"\u2014", ", "}, {"\u2026", "..."}, {"\u20AC", " euros "},
     {"\u00A3", " pounds "}, {"\u00A0", " "},  {"\u00E0", "a"},   {"\u00E1", "a"},
     {"\u00E2", "a"},        {"\u00E3", "a"},  {"\u00E4", "a"},   {"\u00E5", "a"},
     {"\u00E7", "c"},        {"\u00E8", "e"},  {"\u00E9", "e"},   {"\u00EA", "e"},
     {"\u00EB", "e"},        {"\u00EC", "i"},  {"\u00ED", "i"},   {"\u00EE", "i"},
     {"\u00EF", "i"},        {"\u00F1", "n"},  {"\u00F2", "o"},   {"\u00F3", "o"},
     {"\u00F4", "o"},        {"\u00F6", "o"},  {"\u00F9", "u"},   {"\u00FA", "u"},
     {"\u00FB", "u"},        {"\u00FC", "u"},  {"\u00C9", "E"},   {"\u00DF", "ss"}}};

bool ends_sentence(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\n') return true;
  if (c != '.' && c != '!' && c != '?') return false;
  // "2.30" and "e.g. this" go on; a title such as "Dr." is followed by a name and costs a pause at
  // most.
  return at + 1 == text.size() || std::isspace(static_cast<unsigned char>(text[at + 1])) != 0;
}

std::size_t cut_before(std::string_view text, std::size_t limit) {
  for (char wanted : {',', ';', ' '}) {
    const auto at = text.substr(0, limit).rfind(wanted);
    if (at != std::string_view::npos && at > limit / 3) return at + 1;
  }
  return limit;
}

void add_piece(std::vector<std::string>& pieces, std::string_view piece) {
  piece = trim(piece);
  while (piece.size() > longest_piece) {
    const auto cut = cut_before(piece, longest_piece);
    pieces.emplace_back(trim(piece.substr(0, cut)));
    piece = trim(piece.substr(cut));
  }
  if (!piece.empty()) pieces.emplace_back(piece);
}

}  // namespace

std::string to_ascii(std::string_view utf8) {
  std::string result;
  result.reserve(utf8.size());
  for (std::size_t at = 0; at < utf8.size();) {
    const auto byte = static_cast<unsigned char>(utf8[at]);
    if (byte < 0x80) {
      result += byte >= 0x20 || byte == '\n' ? utf8[at] : ' ';
      ++at;
      continue;
    }
    bool replaced = false;
    for (const auto& [from, to] : replacements) {
      if (!utf8.substr(at).starts_with(from)) continue;
      result += to;
      at += from.size();
      replaced = true;
      break;
    }
    if (replaced) continue;
    result += ' ';
    do ++at;
    while (at < utf8.size() && (static_cast<unsigned char>(utf8[at]) & 0xC0U) == 0x80U);
  }
  return result;
}

std::vector<std::string> split_sentences(std::string_view text) {
  std::vector<std::string> pieces;
  std::size_t start = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!ends_sentence(text, at)) continue;
    add_piece(pieces, text.substr(start, at + 1 - start));
    start = at + 1;
  }
  add_piece(pieces, text.substr(start));
  return pieces;
}

}  // namespace parley::providers::flite
