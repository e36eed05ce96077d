#include "understanding.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"
#include "rules.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t max_alternatives = 4;
/// Each further reading is believed less.
constexpr double alternative_discount = 0.8;

bool is_meant(const Act& act) {
  return act.intent != Intent::none || act.answer || act.has_facts() || act.choice ||
         !act.digits.empty() || act.part != Act::Part::none;
}

/// Intents that a bare answer to "what is your name?" could be mistaken for.
bool is_command(Intent intent) {
  return intent != Intent::none && intent != Intent::inform && intent != Intent::book &&
         intent != Intent::thanks && intent != Intent::greeting && intent != Intent::offered;
}

void drop_time(calendar::When& when) {
  when.earliest.reset();
  when.latest.reset();
  when.meridiem_guessed = false;
}

bool is_month(const std::string& word) {
  constexpr std::array<std::string_view, 12> months{
      "january", "february", "march",     "april",   "may",      "june",
      "july",    "august",   "september", "october", "november", "december"};
  return std::ranges::find(months, word) != months.end();
}

bool is_ordinal(std::string_view word) {
  bool written = word.size() > 2 && word[0] >= '0' && word[0] <= '9';
  return written || word == "first" || word == "second" || word == "third" || word == "twenty" ||
         word == "thirty" || (word.ends_with("th") && word != "month");
}

bool expects_time(Asked asked) {
  return asked == Asked::when || asked == Asked::confirm || asked == Asked::what_else ||
         asked == Asked::doubt || asked == Asked::choice || asked == Asked::appointment;
}

/// "two" is a time only where a time is talked about: "I have two questions" is not.
bool is_stray_number(const calendar::When& when, const Words& words, Asked asked) {
  if (!when.exact_time() || !when.meridiem_guessed || when.has_day()) return false;
  if (expects_time(asked)) return false;
  return !has_any(words, {"at|around|by|till|until|after|before|from|o'clock|past|quarter|half",
                          "thirty|fifteen|forty", "make it|that",
                          "appointment|booking|visit for|to? "
                          "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"}) &&
         std::ranges::none_of(words, [](const auto& word) { return word.contains(':'); });
}

/// Phrases that lead to a day or a time without belonging to it.
constexpr std::array<std::string_view, 12> date_leads{
    "^no",       "^yes",       "i|we meant", "i said",   "make it|that", "change it|that to",
    "how about", "what about", "let's do",   "actually", "i'll take",    "can|could i come"};

/// The text for the date parser. Where a day is expected, "the third" is one even without "on".
std::string date_text(Words words, Asked asked, bool service_said) {
  if (auto visit = find(words, "appointment|booking|visit for|to?")) words = without(words, *visit);
  if (expects_time(asked)) {
    for (auto lead : date_leads)
      if (auto found = find(words, lead)) words = without(words, *found);
  }
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == ",") {
      text += ',';
      continue;
    }
    bool counts_days =
        (service_said || asked == Asked::when || asked == Asked::confirm || asked == Asked::doubt ||
         asked == Asked::service || asked == Asked::what_else) &&
        words[i] == "the" && i + 1 < words.size() && is_ordinal(words[i + 1]) &&
        (i == 0 || (words[i - 1] != "on" && words[i - 1] != "of" && !is_month(words[i - 1])));
    text += (text.empty() ? "" : " ") + std::string(counts_days ? "on the" : words[i]);
  }
  return text;
}

/// "John Price" asks for no price.
Words without_name(const Act& act) {
  if (act.name.empty()) return act.words;
  auto place = find(act.words, to_lower(act.name));
  return place ? without(act.words, *place) : act.words;
}

/// The parser takes a bare number for a time only when it is all that is said, so what other facts
/// left over is also read piece by piece.
calendar::NaturalDate read_date(const Words& words, const Situation& situation, bool service_said) {
  auto text = date_text(words, situation.asked, service_said);
  auto date = calendar::parse_natural_date(text, situation.now);
  if (!text.contains(',')) return date;
  for (const auto& piece : split(text, ',')) {
    auto part = calendar::parse_natural_date(piece, situation.now);
    if (part.problem != calendar::DateProblem::none &&
        date.problem == calendar::DateProblem::none) {
      date.problem = part.problem;
      date.words = part.words;
    }
    if (!date.when.has_day() && part.when.has_day()) {
      date.when.first_day = part.when.first_day;
      date.when.last_day = part.when.last_day;
    }
    // An exact time says more than the part of the day that the whole was taken for.
    if (part.when.exact_time() ? !date.when.exact_time() : !date.when.has_time()) {
      date.when.earliest = part.when.earliest;
      date.when.latest = part.when.latest;
      date.when.meridiem_guessed = part.when.meridiem_guessed;
    }
    date.when.soonest = date.when.soonest || part.when.soonest;
  }
  return date;
}

/// The offered time that the caller names: "two thirty", "the four o'clock".
std::optional<std::size_t> offer_at(const calendar::When& when, const Situation& situation) {
  if (!when.has_day() && !when.exact_time()) return std::nullopt;
  std::vector<std::size_t> fitting;
  for (std::size_t i = 0; i < situation.offers.size(); ++i) {
    auto day = std::chrono::floor<std::chrono::days>(situation.offers[i]);
    auto minutes = std::chrono::duration_cast<std::chrono::minutes>(situation.offers[i] - day);
    calendar::Date date{day};
    if (when.has_day() && (date < *when.first_day || date > *when.last_day)) continue;
    using std::chrono::hours;
    bool half_day_off =
        when.meridiem_guessed && when.exact_time() &&
        (minutes == *when.earliest + hours(12) || minutes + hours(12) == *when.earliest);
    if (when.exact_time() && minutes != *when.earliest && !half_day_off) continue;
    fitting.push_back(i);
  }
  if (fitting.size() != 1) return std::nullopt;
  return fitting.front();
}

}  // namespace

std::string_view to_string(Asked asked) noexcept {
  constexpr std::array<std::string_view, 11> names{"open",      "service",     "when",    "choice",
                                                   "name",      "phone",       "confirm", "doubt",
                                                   "what_else", "appointment", "message"};
  auto index = static_cast<std::size_t>(asked);
  return index < names.size() ? names[index] : "offer";
}

std::string_view to_string(Intent intent) noexcept {
  constexpr std::array<std::string_view, 24> names{
      "none",  "inform", "book",   "move",     "cancel",  "lookup",   "abandon",  "message",
      "human", "hours",  "prices", "duration", "offered", "services", "address",  "contact",
      "robot", "repeat", "help",   "question", "thanks",  "goodbye",  "greeting", ""};
  return names[static_cast<std::size_t>(intent)];
}

Act Understanding::understand(const UserTurn& turn, const Situation& situation) const {
  auto best = read(turn.text, situation);
  best.confidence = turn.confidence;
  if (is_meant(best)) return best;
  auto belief = turn.confidence;
  for (std::size_t i = 0; i < std::min(turn.alternatives.size(), max_alternatives); ++i) {
    belief *= alternative_discount;
    auto other = read(turn.alternatives[i], situation);
    other.confidence = belief;
    if (is_meant(other)) return other;
  }
  return best;
}

bool Understanding::is_common_name(const std::string& name) const {
  return std::ranges::all_of(words_of(name),
                             [&](const auto& word) { return names_.is_common(word); });
}

void Understanding::read_name(Act& act, Words& rest, const Situation& situation) const {
  auto name = names_.announced(rest);
  if (!name && situation.asked == Asked::name) {
    name = names_.answered(rest);
    auto known = name && is_common_name(name->name);
    // "John Price" asks for no price; but "what are the hours" is nobody.
    bool surely = known && rest.size() <= name->where.size() + 2;
    if (name && !surely && is_command(intent_of(act.words, {.busy = situation.busy}))) name.reset();
    if (name && !known && yes_or_no(rest, situation.asked) && rest.size() <= 2) name.reset();
  }
  if (!name) return;
  act.name = name->name;
  rest = without(rest, name->where);
}

Act Understanding::read(std::string_view text, const Situation& situation) const {
  Act act;
  act.text = std::string(text);
  act.words = words_of(text);
  auto asked = situation.asked;
  auto like =
      asked == Asked::service ? ServiceLexicon::Context::asked : ServiceLexicon::Context::any;
  auto hits = lexicon_.find(act.words, like);
  // Names and days are looked for in what is left: an "hour massage" is not a time.
  auto rest = act.words;
  for (auto hit = hits.rbegin(); hit != hits.rend(); ++hit)
    if (hit->where.end <= rest.size() &&
        (hit == hits.rbegin() || !hit->where.overlaps(std::prev(hit)->where)))
      rest = without(rest, hit->where);
  for (const auto& hit : hits)
    if (!hit.negated && std::ranges::find(act.services, hit.index) == act.services.end())
      act.services.push_back(hit.index);

  if (auto digits = find_digits(rest);
      digits && (digits->digits.size() >= 7 || asked == Asked::phone)) {
    act.phone = phone_from(digits->digits);
    if (act.phone.empty()) act.digits = digits->digits;
    rest = without(rest, digits->where);
  }
  read_name(act, rest, situation);
  act.date = read_date(rest, situation, !act.services.empty());
  if (act.services.empty() && is_stray_number(act.date.when, act.words, asked))
    drop_time(act.date.when);
  if (any_time(act.words)) act.date.when.soonest = true;
  act.same_time = has(act.words, "same time|hour");

  if (asked == Asked::choice || asked == Asked::appointment) {
    act.choice = offer_at(act.date.when, situation);
    if (!act.choice) act.choice = choice_of(act.words, situation.offers.size());
    if (!act.choice && asked == Asked::appointment && act.services.size() == 1) {
      auto found = std::ranges::find(situation.offer_services, act.services.front());
      if (found != situation.offer_services.end())
        act.choice = static_cast<std::size_t>(found - situation.offer_services.begin());
    }
  }
  act.answer = yes_or_no(act.words, asked);
  act.part = part_of(act.words);
  Heard heard{.service = !act.services.empty(),
              .when = !act.date.when.empty() || act.date.problem != calendar::DateProblem::none,
              .busy = situation.busy,
              .asked = asked};
  act.intent = intent_of(without_name(act), heard);
  if (act.intent == Intent::none && (act.has_facts() || act.same_time)) act.intent = Intent::inform;
  return act;
}

}  // namespace parley::dialog
