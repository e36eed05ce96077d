#include "endpointer.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <span>
#include <vector>

namespace parley::voice {

namespace {

// The weights, in the units of a logistic sum: 2 makes 7 : 1 of even odds.

/// What was asked. Without any words it decides alone.
struct StateWeight {
  std::string_view asked;
  double bias;
  double short_answer;  ///< added for up to a second of speech whose words are not known
};
constexpr std::array<StateWeight, 12> state_weights{{
    {"open", 0.0, -0.4},
    {"service", 0.1, -0.2},
    {"when", 0.0, -0.5},
    {"choice", 0.2, -0.2},
    {"name", -0.2, 0.0},  // spelling comes here too
    {"phone", -0.8, 0.0},
    {"confirm", 0.8, -0.3},
    {"doubt", 0.7, -0.3},
    {"what_else", 0.4, -0.1},
    {"appointment", 0.2, 0.0},
    {"message", -0.8, 0.0},
    {"offer", 0.8, -0.3},
}};
constexpr double ends_in_filler = -3.2;  // "um", "let me see"
constexpr double ends_open = -3.6;       // "and", "to", "my name is", "on the"
constexpr double may_go_on = -1.2;       // "no", "yes" where something else was asked
constexpr double only_greeting = -1.6;   // "hello"
constexpr double ends_politely = 2.4;    // "please", "thank you", "goodbye"
constexpr double question_mark = 2.0;    // engines that punctuate
constexpr double full_stop = 0.6;
constexpr double comma = -1.0;
constexpr double whole_answer = 2.6;  // a yes; a day and a time; two names; ten digits
constexpr double no_alone = 1.0;
constexpr double part_of_answer = -0.6;    // a day without a time, one name
constexpr double digits_missing = -2.0;    // two groups of a number
constexpr double spelling_goes_on = -1.8;  // letters: how many come, nobody knows
constexpr double whole_request = 1.6;      // five words and more that do not end open
constexpr double few_words = -0.6;

using Words = std::vector<std::string>;

Words words_of(std::string_view text) {
  Words words(1);
  for (char c : text) {
    auto letter = static_cast<unsigned char>(c);
    if (std::isalnum(letter) || c == '\'')
      words.back() += static_cast<char>(std::tolower(letter));
    else if (!words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

template <std::size_t N>
bool one_of(std::string_view word, const std::array<std::string_view, N>& list) {
  return std::ranges::find(list, word) != list.end();
}

bool ends_with(const Words& words, std::string_view phrase) {
  auto wanted = words_of(phrase);
  return words.size() >= wanted.size() &&
         std::equal(wanted.rbegin(), wanted.rend(), words.rbegin());
}

template <std::size_t N>
bool ends_with_any(const Words& words, const std::array<std::string_view, N>& phrases) {
  return std::ranges::any_of(phrases, [&](auto phrase) { return ends_with(words, phrase); });
}

constexpr std::array<std::string_view, 16> fillers{
    "um",        "uh",       "er",     "erm",  "hmm", "hm",           "well",    "let me see",
    "let's see", "you know", "i mean", "like", "so",  "let me think", "i think", "maybe"};
/// A sentence that ends in one of these has not ended.
constexpr std::array<std::string_view, 76> open_ends{
    "and",     "or",     "but",    "because", "if",     "whether",    "that",      "which", "who",
    "to",      "for",    "on",     "at",      "in",     "of",         "with",      "from",  "about",
    "by",      "until",  "before", "after",   "a",      "an",         "the",       "my",    "your",
    "his",     "her",    "our",    "their",   "this",   "some",       "any",       "is",    "are",
    "was",     "am",     "be",     "it's",    "i'm",    "i'd",        "i'll",      "i've",  "we're",
    "will",    "would",  "can",    "could",   "should", "have",       "has",       "need",  "want",
    "i",       "we",     "he",     "she",     "they",   "than",       "as",        "not",   "very",
    "when",    "where",  "what",   "how",     "next",   "would like", "wondering", "it is", "only",
    "spelled", "double", "number", "make"};
constexpr std::array<std::string_view, 11> polite_ends{
    "please",   "thanks",         "thank you",  "bye",
    "goodbye",  "that's it",      "that's all", "that's right",
    "go ahead", "that's correct", "that's fine"};
constexpr std::array<std::string_view, 9> greetings{
    "hi",           "hello",    "hey",         "good morning", "good afternoon",
    "good evening", "hi there", "hello there", "yes hello"};
constexpr std::array<std::string_view, 15> agreements{
    "yes", "yeah",    "yep",     "yup",        "sure", "correct", "right", "okay",
    "ok",  "exactly", "perfect", "absolutely", "no",   "nope",    "nah"};
constexpr std::array<std::string_view, 19> days{
    "monday", "tuesday",  "wednesday", "thursday", "friday",  "saturday", "sunday",
    "today",  "tomorrow", "january",   "february", "march",   "april",    "june",
    "july",   "august",   "september", "october",  "november"};
constexpr std::array<std::string_view, 9> times{
    "o'clock", "morning", "afternoon", "evening", "noon", "am", "pm", "thirty", "midnight"};
constexpr std::array<std::string_view, 13> hours{"one",    "two",    "three", "four", "five",
                                                 "six",    "seven",  "eight", "nine", "ten",
                                                 "eleven", "twelve", "half"};
constexpr std::array<std::string_view, 11> digits{"zero", "oh",  "one",   "two",   "three", "four",
                                                  "five", "six", "seven", "eight", "nine"};
constexpr std::array<std::string_view, 8> choices{"first", "second",  "third", "fourth",
                                                  "last",  "neither", "none",  "either"};
constexpr std::array<std::string_view, 14> no_name{"my",   "name",    "is",     "the", "it's",
                                                   "this", "i'm",     "am",     "i",   "that's",
                                                   "it",   "spelled", "called", "for"};

int count_digits(const Words& words) {
  int count = 0, times_over = 1;
  for (const auto& word : words) {
    if (word == "double" || word == "triple") {
      times_over = word == "double" ? 2 : 3;
      continue;
    }
    if (one_of(word, digits)) count += times_over;
    if (word == "hundred") count += 2;
    if (std::ranges::all_of(word, [](unsigned char c) { return std::isdigit(c); }))
      count += static_cast<int>(word.size()) * times_over;
    times_over = 1;
  }
  return count;
}

/// Letters said one by one at the end; "a m" and "p m" are a time.
std::size_t trailing_letters(const Words& words) {
  if (ends_with(words, "a m") || ends_with(words, "p m")) return 0;
  auto other =
      std::find_if(words.rbegin(), words.rend(), [](const auto& word) { return word.size() != 1; });
  return static_cast<std::size_t>(other - words.rbegin());
}

bool any_in(const Words& words, auto& list) {
  return std::ranges::any_of(words, [&](const auto& word) { return one_of(word, list); });
}

bool asks_yes_or_no(std::string_view asked) {
  return asked == "confirm" || asked == "doubt" || asked == "offer";
}

/// "Yes I would", "no it's not": whole, though the same words end other sentences open.
bool is_short_form(const Words& words, std::string_view asked) {
  constexpr std::array<std::string_view, 12> ends{"would", "not",   "is",  "am",   "can", "do",
                                                  "will",  "could", "did", "have", "was", "are"};
  return asks_yes_or_no(asked) && words.size() >= 2 && words.size() <= 4 &&
         one_of(words.front(), agreements) && one_of(words.back(), ends);
}

bool is_clock(const std::string& word) {
  return one_of(word, times) || one_of(word, hours) ||
         std::isdigit(static_cast<unsigned char>(word.front()));
}

/// How much of an answer the words are, by what was asked.
struct Completeness {
  double weight = 0;
  bool whole = false;
};
constexpr Completeness whole{whole_answer, true};

Completeness of_request(const Words& words) {
  if (words.size() >= 5) return {whole_request, true};
  return {words.size() <= 2 ? few_words : 0.3, words.size() >= 4};
}

Completeness of_answer(const Words& words, std::string_view asked) {
  if (trailing_letters(words) >= 2) return {spelling_goes_on, false};
  bool says_yes_or_no = one_of(words.front(), agreements);
  if (asks_yes_or_no(asked)) {
    // A "no" is often followed by what it is instead.
    if (words.size() == 1 && words.front() == "no") return {no_alone, true};
    if (ends_with_any(words, agreements) || says_yes_or_no) return whole;
    return of_request(words);
  }
  if (asked == "phone") {
    auto count = count_digits(words);
    if (count >= 10) return whole;
    return count > 0 ? Completeness{digits_missing, false} : Completeness{};
  }
  if (asked == "name") {
    auto names = std::ranges::count_if(words, [](auto& word) { return !one_of(word, no_name); });
    if (names >= 2) return whole;
    return {part_of_answer - (names == 0 ? 1.0 : 0.0), false};
  }
  bool alone = words.size() == 1 && says_yes_or_no;
  if (alone) return {may_go_on, false};
  if (asked == "when" || asked == "choice") {
    bool day = any_in(words, days);
    bool time = is_clock(words.back()) || ends_with(words, "a m") || ends_with(words, "p m") ||
                any_in(words, times);
    if (asked == "choice" && (time || any_in(words, choices))) return whole;
    if (day && time) return whole;
    if (time) return {1.0, true};
    return day ? Completeness{part_of_answer, true} : Completeness{};
  }
  if (asked == "service" || asked == "what_else") return {1.2, true};
  return of_request(words);
}

double punctuation(std::string_view text) {
  auto last = text.find_last_not_of(' ');
  if (last == std::string_view::npos) return 0;
  if (text.ends_with("...") || text[last] == ',' || text[last] == '-') return comma;
  if (text[last] == '?') return question_mark;
  // "j. o." is spelled, not ended.
  return text[last] == '.' && last >= 2 && text[last - 2] != ' ' ? full_stop : 0;
}

double logistic(double sum) { return 1 / (1 + std::exp(-sum)); }

}  // namespace

EndEstimate estimate_end(const TurnSoFar& turn) {
  EndEstimate estimate;
  auto& signs = estimate.signs;
  auto state = std::ranges::find(state_weights, turn.asked, &StateWeight::asked);
  if (state != state_weights.end()) signs.state = state->bias;
  auto words = words_of(turn.words);
  bool known = !words.empty() && turn.freshness == TurnSoFar::Freshness::current;
  if (!known) {
    bool brief = turn.voiced < std::chrono::seconds(1);
    if (brief && state != state_weights.end()) signs.length = state->short_answer;
  } else if (ends_with_any(words, fillers)) {
    signs.syntax = ends_in_filler;
  } else if (ends_with_any(words, polite_ends)) {
    signs.syntax = ends_politely;
    estimate.complete = true;
  } else if (std::ranges::any_of(greetings, [&](auto g) { return words == words_of(g); })) {
    signs.syntax = only_greeting;
  } else if (ends_with_any(words, open_ends) && trailing_letters(words) < 2 &&
             !is_short_form(words, turn.asked)) {
    signs.syntax = ends_open;
  } else {
    auto answer = of_answer(words, turn.asked);
    signs.completeness = answer.weight;
    estimate.complete = answer.whole;
    signs.syntax = punctuation(turn.words);
  }
  signs.syntax *= turn.belief;
  signs.completeness *= turn.belief;
  estimate.over = logistic(signs.state + signs.syntax + signs.completeness + signs.length);
  return estimate;
}

Duration patience_of(const EndEstimate& estimate, Duration usual) {
  constexpr double least = 0.357, most = 2.286;
  constexpr double bend = 0.85;  // even odds give the usual patience
  auto factor = least * std::pow(most / least, std::pow(1 - estimate.over, bend));
  return std::chrono::duration_cast<Duration>(usual * factor);
}

}  // namespace parley::voice
