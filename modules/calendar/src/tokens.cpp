#include "tokens.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>

namespace parley::calendar {

namespace {

using Kind = Token::Kind;
constexpr std::size_t max_text = 2000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// What recognizers and hurried typists write for the words the rules know.
std::string_view usual_spelling(std::string_view word) {
  static const std::unordered_map<std::string_view, std::string_view> spellings{
      {"tommorow", "tomorrow"},  {"tomorow", "tomorrow"},     {"tommorrow", "tomorrow"},
      {"tomorrows", "tomorrow"}, {"todays", "today"},         {"yesterdays", "yesterday"},
      {"febuary", "february"},   {"feburary", "february"},    {"wensday", "wednesday"},
      {"wednsday", "wednesday"}, {"teusday", "tuesday"},      {"thrusday", "thursday"},
      {"mornings", "morning"},   {"afternoons", "afternoon"}, {"evenings", "evening"},
      {"til", "until"},          {"till", "until"},           {"thru", "through"},
      {"fourty", "forty"},       {"tonite", "tonight"},       {"asap", "asap"}};
  auto found = spellings.find(word);
  return found == spellings.end() ? word : found->second;
}

struct Spelled {
  int value;
  bool ordinal;
};

std::optional<Spelled> spelled(std::string_view word) {
  static const std::unordered_map<std::string_view, Spelled> words = [] {
    std::unordered_map<std::string_view, Spelled> all;
    constexpr std::array<std::string_view, 20> cardinals{
        "zero",     "one",     "two",     "three",     "four",     "five",    "six",
        "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
        "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
    constexpr std::array<std::string_view, 20> ordinals{
        "zeroth",    "first",     "second",      "third",      "fourth",
        "fifth",     "sixth",     "seventh",     "eighth",     "ninth",
        "tenth",     "eleventh",  "twelfth",     "thirteenth", "fourteenth",
        "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"};
    constexpr std::array<std::string_view, 8> tens{"twenty", "thirty",  "forty",  "fifty",
                                                   "sixty",  "seventy", "eighty", "ninety"};
    for (int i = 0; i < 20; ++i) {
      all[cardinals[static_cast<std::size_t>(i)]] = {i, false};
      all[ordinals[static_cast<std::size_t>(i)]] = {i, true};
    }
    for (int i = 0; i < 8; ++i) all[tens[static_cast<std::size_t>(i)]] = {20 + 10 * i, false};
    all["twentieth"] = {20, true};
    all["thirtieth"] = {30, true};
    all["fortieth"] = {40, true};
    return all;
  }();
  auto found = words.find(word);
  if (found == words.end()) return std::nullopt;
  return found->second;
}

/// Splits text into words, numbers, clocks and dates; no meaning yet.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text.substr(0, max_text)) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) step();
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool starts(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  Token& push(Kind kind, std::string text) {
    tokens_.push_back(Token{.kind = kind, .text = std::move(text)});
    return tokens_.back();
  }

  void step() {
    char c = peek();
    if (is_digit(c)) return digits();
    if (starts("\xE2\x80\x93") || starts("\xE2\x80\x94")) {  // dashes
      at_ += 3;
      return dash();
    }
    if (is_letter(c)) return word();
    ++at_;
    if (c == '-') return dash();
    if (c == '.' || c == ',' || c == ';' || c == '?' || c == '!' || c == '\n') {
      if (!tokens_.empty()) tokens_.back().breaks = true;
    } else if (c == '$' || c == '#' || c == '+') {
      unreadable_number_ = true;  // money, a house number, a phone number
    }
  }

  /// "2-4", "2pm - 4pm": the dash of a span is the word "to".
  void dash() {
    std::size_t next = at_;
    while (next < text_.size() && text_[next] == ' ') ++next;
    if (tokens_.empty() || next >= text_.size() || !is_digit(text_[next])) return;
    const auto& last = tokens_.back();
    bool after_time = last.kind == Kind::clock || last.kind == Kind::number || last.text == "am" ||
                      last.text == "pm" || last.text == "noon";
    if (after_time && !last.breaks) push(Kind::word, "to");
  }

  void word() {
    if ((lower(peek()) == 'a' || lower(peek()) == 'p') && dotted_meridiem()) return;
    std::string text;
    while (at_ < text_.size()) {
      if (starts("\xE2\x80\x93") || starts("\xE2\x80\x94")) break;
      if (starts("\xE2\x80\x99") || starts("\xE2\x80\x98")) {  // typographic apostrophes
        at_ += 3;
      } else if (is_letter(peek())) {
        text += lower(text_[at_++]);
      } else if (peek() == '\'') {
        ++at_;
      } else {
        break;
      }
    }
    if (text.empty()) return;
    std::string_view stem = text;
    if (stem.ends_with("ish")) {  // "threeish", "noonish"
      auto without = stem.substr(0, stem.size() - 3);
      if (without == "noon" || spelled(without)) stem = without;
    }
    push(Kind::word, std::string(usual_spelling(stem)));
  }

  /// "a.m.", "p.m"
  bool dotted_meridiem() {
    if (peek(1) != '.' || lower(peek(2)) != 'm' || is_letter(peek(3))) return false;
    push(Kind::word, lower(peek()) == 'a' ? "am" : "pm");
    at_ += peek(3) == '.' ? 4 : 3;
    return true;
  }

  std::string digit_run() {
    std::string run;
    while (is_digit(peek())) run += text_[at_++];
    return run;
  }

  /// Digit groups with one separator between: "212-555-0100", "3/14/2026".
  std::vector<std::string> groups(char separator, std::string first) {
    std::vector<std::string> all{std::move(first)};
    while (peek() == separator && is_digit(peek(1))) {
      ++at_;
      all.push_back(digit_run());
    }
    return all;
  }

  void unreadable(std::string text) { push(Kind::word, std::move(text)); }

  void digits() {
    std::size_t begin = at_;
    bool refuse = std::exchange(unreadable_number_, false);
    std::string run = digit_run();
    if (peek() == ':' && is_digit(peek(1))) {
      clock(run, begin);
    } else if (peek() == '/' && is_digit(peek(1))) {
      slashed(groups('/', run), begin);
    } else if (peek() == '-' && is_digit(peek(1))) {
      dashed(groups('-', run), begin);
    } else if ((peek() == '.' || peek() == ',') && is_digit(peek(1))) {
      grouped(groups(peek(), run), begin);
    } else if (run.size() > 4) {
      unreadable(run);
    } else {
      plain(run);
    }
    if (peek() == '%') refuse = true;
    if (refuse && !tokens_.empty()) {
      tokens_.back().kind = Kind::word;
      tokens_.back().text = std::string(text_.substr(begin, at_ - begin)) + "#";
    }
  }

  void plain(const std::string& run) {
    Token& token = push(Kind::number, run);
    token.value = std::stoi(run);
    token.digits = static_cast<int>(run.size());
    token.padded = run.size() > 1 && run[0] == '0';
    auto letter = [&](std::size_t i) { return lower(peek(i)); };
    static constexpr std::array<std::string_view, 4> suffixes{"st", "nd", "rd", "th"};
    for (auto suffix : suffixes) {
      if (letter(0) == suffix[0] && letter(1) == suffix[1] && !is_letter(peek(2))) {
        token.kind = Kind::ordinal;
        token.text += suffix;
        at_ += 2;
        return;
      }
    }
    if ((letter(0) == 'a' || letter(0) == 'p') && !is_letter(peek(1)) && peek(1) != '.') {
      push(Kind::word, letter(0) == 'a' ? "am" : "pm");  // "2p"
      ++at_;
    }
  }

  void clock(const std::string& hour, std::size_t begin) {
    ++at_;
    std::string minute = digit_run();
    if (peek() == ':' && is_digit(peek(1))) {  // seconds mean nothing here
      ++at_;
      digit_run();
    }
    std::string text(text_.substr(begin, at_ - begin));
    if (hour.size() > 2 || minute.size() != 2 || std::stoi(hour) > 23 || std::stoi(minute) > 59)
      return unreadable(text);
    Token& token = push(Kind::clock, text);
    token.value = std::stoi(hour) * 60 + std::stoi(minute);
    token.padded = hour.size() == 2 && hour[0] == '0';
  }

  void date(int year, int month, int day, std::size_t begin) {
    Token& token = push(Kind::date, std::string(text_.substr(begin, at_ - begin)));
    token.year = year;
    token.month = month;
    token.day = day;
    if (lower(peek()) == 't' && is_digit(peek(1))) ++at_;  // 2026-03-14T14:30
  }

  void slashed(const std::vector<std::string>& parts, std::size_t begin) {
    std::string text(text_.substr(begin, at_ - begin));
    bool small = parts[0].size() <= 2 && parts[1].size() <= 2;
    bool year_ok = parts.size() == 2 || parts[2].size() == 2 || parts[2].size() == 4;
    if (parts.size() > 3 || !small || !year_ok || text == "24/7") return unreadable(text);
    int month = std::stoi(parts[0]);
    int day = std::stoi(parts[1]);
    if (month > 12 && day <= 12) std::swap(month, day);  // 14/3 can only be day first
    int year = parts.size() == 3 ? std::stoi(parts[2]) : 0;
    if (parts.size() == 3 && parts[2].size() == 2) year += 2000;
    date(year, month, day, begin);
  }

  void dashed(const std::vector<std::string>& parts, std::size_t begin) {
    std::string text(text_.substr(begin, at_ - begin));
    bool small = parts[0].size() <= 2 && parts[1].size() <= 2;
    if (parts.size() == 3 && parts[0].size() == 4 && parts[1].size() <= 2 && parts[2].size() <= 2)
      return date(std::stoi(parts[0]), std::stoi(parts[1]), std::stoi(parts[2]), begin);
    if (parts.size() == 3 && small && parts[2].size() == 4)
      return date(std::stoi(parts[2]), std::stoi(parts[0]), std::stoi(parts[1]), begin);
    if (parts.size() != 2 || !small) return unreadable(text);  // a phone number
    at_ = begin + parts[0].size();
    plain(parts[0]);
    ++at_;
    dash();
  }

  /// "2.30" may be a time; "1,000" and "212.555.0100" are not.
  void grouped(const std::vector<std::string>& parts, std::size_t begin) {
    std::string text(text_.substr(begin, at_ - begin));
    if (text_[begin + parts[0].size()] == ',') {
      if (parts.size() == 2 && parts[1].size() <= 2 && parts[0].size() <= 2) {  // "March 5,6"
        at_ = begin + parts[0].size();
        return plain(parts[0]);
      }
      return unreadable(text);
    }
    if (parts.size() != 2 || parts[0].size() > 2 || parts[1].size() != 2 ||
        std::stoi(parts[0]) > 23 || std::stoi(parts[1]) > 59)
      return unreadable(text);
    Token& token = push(Kind::clock, text);
    token.value = std::stoi(parts[0]) * 60 + std::stoi(parts[1]);
    token.dotted = true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool unreadable_number_ = false;
  std::vector<Token> tokens_;
};

/// Reads number words, joins "twenty" "first", "p" "m", "o" "clock" and "oh" "five".
std::vector<Token> read_numbers(std::vector<Token> in) {
  std::vector<Token> out;
  auto word_at = [&](std::size_t i) -> std::string_view {
    return i < in.size() && in[i].kind == Kind::word ? std::string_view(in[i].text) : "";
  };
  for (std::size_t i = 0; i < in.size(); ++i) {
    Token token = in[i];
    bool joined = !token.breaks && i + 1 < in.size();
    if (token.kind == Kind::word) {
      auto first = spelled(token.text);
      auto second = joined ? spelled(word_at(i + 1)) : std::nullopt;
      bool after_number = !out.empty() && out.back().kind == Kind::number && !out.back().breaks;
      if (first) {
        token.kind = first->ordinal ? Kind::ordinal : Kind::number;
        token.value = first->value;
        if (!first->ordinal && first->value >= 20 && second && second->value >= 1 &&
            second->value <= 9) {
          token.kind = second->ordinal ? Kind::ordinal : Kind::number;
          token.value += second->value;
          token.text += " " + in[i + 1].text;
          token.breaks = in[++i].breaks;
        }
      } else if ((token.text == "oh" || token.text == "o") && after_number && second &&
                 !second->ordinal && second->value <= 9) {
        token.kind = Kind::number;
        token.value = second->value;
        token.padded = true;
        token.text += " " + in[i + 1].text;
        token.breaks = in[++i].breaks;
      } else if ((token.text == "p" || token.text == "a") && joined && word_at(i + 1) == "m") {
        token.text += "m";
        token.breaks = in[++i].breaks;
      } else if (token.text == "o" && joined && word_at(i + 1) == "clock") {
        token.text = "oclock";
        token.breaks = in[++i].breaks;
      }
    }
    out.push_back(std::move(token));
  }
  return out;
}

}  // namespace

Words::Words(std::string_view text) : tokens_(read_numbers(Lexer(text).run())) {}

bool Words::is(std::size_t i, std::initializer_list<std::string_view> any) const {
  return std::ranges::find(any, std::string_view((*this)[i].text)) != any.end();
}

bool Words::are(std::size_t i, std::initializer_list<std::string_view> row) const {
  for (auto word : row)
    if (!is(i++, word)) return false;
  return true;
}

bool Words::number(std::size_t i, int low, int high) const {
  const auto& token = (*this)[i];
  return token.kind == Token::Kind::number && token.value >= low && token.value <= high;
}

std::string Words::text(std::size_t from, std::size_t to) const {
  std::string all;
  for (std::size_t i = from; i < to && i < size(); ++i) {
    if (!all.empty()) all += ' ';
    all += tokens_[i].text;
  }
  return all;
}

}  // namespace parley::calendar
