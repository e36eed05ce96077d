#include "fault_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

using Effect = Fault::Effect;

constexpr std::size_t most_bytes = 64u << 10;
constexpr std::size_t most_rules = 200;
constexpr auto longest = std::chrono::hours(24 * 7);

const std::vector<std::string> effects{"refuse", "reset",  "close", "hang",  "half", "garbage",
                                       "slow",   "status", "rate",  "delay", "torn", "endless"};
const std::vector<std::string> conditions{"on",   "first", "every", "requests", "p",
                                          "from", "to",    "lost",  "after"};

bool ends_word(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ';'; }

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  auto read =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::unexpected<Error> FaultParser::wrong(const Word& word, std::string what) const {
  return fail(Errc::invalid, fmt::format("line {}, column {}: {}", word.line, word.column, what));
}

std::unexpected<Error> FaultParser::unknown(const Word& word, std::string_view kind,
                                            std::span<const std::string> known) const {
  auto text = std::string(word.text.substr(0, 40));
  if (word.kind == Word::Kind::end || word.kind == Word::Kind::end_of_rule) text = "the end";
  auto near = nearest(word.text, known);
  return wrong(
      word, fmt::format("{} is no {}; {}",
                        word.kind == Word::Kind::word ? fmt::format("\"{}\"", text) : text, kind,
                        near ? "did you mean " + *near + "?" : "there are " + join(known, ", ")));
}

Result<void> FaultParser::cut() {
  Word next;
  for (std::size_t i = 0; i < text_.size();) {
    auto c = text_[i];
    if (c == '#') {
      while (i < text_.size() && text_[i] != '\n') ++i;
      continue;
    }
    next.column = i - (text_.substr(0, i).rfind('\n') + 1) + 1;
    if (c == '\n' || c == ';') {
      words_.push_back({text_.substr(i, 1), next.line, next.column, Word::Kind::end_of_rule});
      if (c == '\n') ++next.line;
      ++i;
    } else if (ends_word(c)) {
      ++i;
    } else if (c == '"') {
      auto end = text_.find_first_of("\"\n", i + 1);
      if (end == std::string_view::npos || text_[end] == '\n')
        return wrong(next, "the quotation that begins here does not end on its line");
      words_.push_back(
          {text_.substr(i + 1, end - i - 1), next.line, next.column, Word::Kind::quoted});
      i = end + 1;
    } else {
      auto end = i;
      while (end < text_.size() && !ends_word(text_[end]) && text_[end] != '#') ++end;
      words_.push_back({text_.substr(i, end - i), next.line, next.column, Word::Kind::word});
      i = end;
    }
  }
  next.column = text_.size() - (text_.rfind('\n') + 1) + 1;
  words_.push_back({"", next.line, next.column, Word::Kind::end});
  return {};
}

Result<std::vector<FaultPlan::Rule>> FaultParser::rules() {
  if (text_.size() > most_bytes) return fail(Errc::invalid, "the plan is longer than 64 KB");
  if (auto good = cut(); !good) return std::unexpected(good.error());
  std::vector<Rule> all;
  while (peek().kind != Word::Kind::end) {
    if (peek().kind == Word::Kind::end_of_rule) {
      take();
      continue;
    }
    if (all.size() == most_rules) return wrong(peek(), "a plan has at most 200 rules");
    auto next = rule();
    if (!next) return std::unexpected(next.error());
    all.push_back(std::move(*next));
  }
  return all;
}

Result<FaultPlan::Rule> FaultParser::rule() {
  Rule rule;
  auto first = peek();
  if (auto good = effect(rule); !good) return std::unexpected(good.error());
  while (peek().kind == Word::Kind::word || peek().kind == Word::Kind::quoted)
    if (auto good = condition(rule); !good) return std::unexpected(good.error());
  if (auto good = check(rule, first); !good) return std::unexpected(good.error());
  return rule;
}

Result<void> FaultParser::effect(Rule& rule) {
  auto word = take();
  auto& fault = rule.fault;
  if (word.kind != Word::Kind::word || std::ranges::find(effects, word.text) == effects.end())
    return unknown(word, "effect", effects);
  if (word.text == "status") return status(rule);
  if (word.text == "delay") {
    auto given = argument("delay", "300ms or 300ms..2s");
    if (!given) return std::unexpected(given.error());
    auto text = (*given)->text;
    auto dots = text.find("..");
    auto from = duration(**given, text.substr(0, dots));
    if (!from) return std::unexpected(from.error());
    auto to = dots == std::string_view::npos ? from : duration(**given, text.substr(dots + 2));
    if (!to) return std::unexpected(to.error());
    if (*to < *from) return wrong(**given, "the longer time comes second");
    rule.delay_from = *from;
    rule.delay_to = *to;
    return {};
  }
  if (word.text == "rate" || word.text == "slow") {
    auto given = argument(word.text, word.text == "rate" ? "10/s" : "1000/s");
    if (!given) return std::unexpected(given.error());
    auto text = (*given)->text;
    if (!text.ends_with("/s")) return wrong(**given, "a rate is written as 10/s");
    auto value = whole(**given, text.substr(0, text.size() - 2), 1, 1'000'000'000);
    if (!value) return std::unexpected(value.error());
    if (word.text == "slow") {
      fault.effect = Effect::slow;
      fault.bytes = *value;
      return {};
    }
    rule.rate_per_second = rule.tokens = static_cast<double>(*value);
    fault.effect = place_ == FaultPlan::Place::gate ? Effect::refuse : Effect::status;
    fault.status = 429;
    return {};
  }
  for (auto one : {Effect::refuse, Effect::reset, Effect::close, Effect::hang, Effect::half,
                   Effect::garbage, Effect::torn, Effect::endless})
    if (word.text == to_string(one)) fault.effect = one;
  bool number_follows = peek().kind == Word::Kind::word && !peek().text.empty() &&
                        peek().text[0] >= '0' && peek().text[0] <= '9';
  if (fault.effect == Effect::half && number_follows) {
    auto bytes = number("half", 1, 1'000'000'000);
    if (!bytes) return std::unexpected(bytes.error());
    fault.bytes = *bytes;
  }
  if (fault.effect == Effect::close && number_follows) {
    auto code = number("close", 1000, 4999);
    if (!code) return std::unexpected(code.error());
    fault.close_code = static_cast<int>(*code);
  }
  return {};
}

Result<void> FaultParser::status(Rule& rule) {
  auto value = number("status", 200, 599);
  if (!value) return std::unexpected(value.error());
  rule.fault.effect = Effect::status;
  rule.fault.status = static_cast<int>(*value);
  while (peek().kind == Word::Kind::word) {
    if (peek().text == "code") {
      take();
      auto given = argument("code", "SlowDown or 20429");
      if (!given) return std::unexpected(given.error());
      rule.fault.code = (*given)->text;
    } else if (peek().text == "retry-after") {
      take();
      auto seconds = number("retry-after", 0, 86'400);
      if (!seconds) return std::unexpected(seconds.error());
      rule.fault.retry_after = std::chrono::seconds(*seconds);
    } else {
      break;
    }
  }
  return {};
}

Result<void> FaultParser::condition(Rule& rule) {
  auto word = take();
  if (word.kind != Word::Kind::word || std::ranges::find(conditions, word.text) == conditions.end())
    return unknown(word, "condition", conditions);
  if (word.text == "lost") {
    rule.fault.when = Fault::When::after;
    return {};
  }
  if (word.text == "first" || word.text == "every") {
    auto value = number(word.text, 1, 1'000'000'000);
    if (!value) return std::unexpected(value.error());
    (word.text == "first" ? rule.last_request : rule.every) = *value;
    return {};
  }
  if (word.text == "after") {
    auto pieces = number("after", 0, 1'000'000'000);
    if (!pieces) return std::unexpected(pieces.error());
    rule.fault.after = *pieces;
    return {};
  }
  auto given = argument(word.text, word.text == "on"         ? "\"POST /path\""
                                   : word.text == "requests" ? "10..20"
                                   : word.text == "p"        ? "0.1"
                                                             : "30s");
  if (!given) return std::unexpected(given.error());
  auto& value = **given;
  if (word.text == "on") {
    rule.on = value.text;
  } else if (word.text == "p") {
    auto probability = decimal(value.text);
    if (!probability || !(*probability >= 0 && *probability <= 1))
      return wrong(value, "a probability is a number from 0 to 1");
    rule.probability = *probability;
  } else if (word.text == "requests") {
    auto dots = value.text.find("..");
    if (dots == std::string_view::npos) return wrong(value, "a range is written as 10..20");
    auto from = whole(value, value.text.substr(0, dots), 1, 1'000'000'000);
    if (!from) return std::unexpected(from.error());
    auto to = whole(value, value.text.substr(dots + 2), *from, 1'000'000'000);
    if (!to) return std::unexpected(to.error());
    rule.first_request = *from;
    rule.last_request = *to;
  } else {
    auto time = duration(value, value.text);
    if (!time) return std::unexpected(time.error());
    if (word.text == "from")
      rule.from = *time;
    else
      rule.to = *time;
    if (rule.to && *rule.to <= rule.from) return wrong(value, "that window ends before it begins");
  }
  return {};
}

Result<void> FaultParser::check(const Rule& rule, const Word& effect) const {
  auto is = rule.fault.effect;
  if (place_ == FaultPlan::Place::gate && effect.text == "status")
    return wrong(effect, "a gate passes bytes on and cannot answer with a status");
  if (place_ == FaultPlan::Place::service && is == Effect::refuse)
    return wrong(effect,
                 "a service has taken the connection when it sees the request, and cannot refuse "
                 "it: use reset, or put a gate before it");
  if (place_ == FaultPlan::Place::gate &&
      (is == Effect::torn || is == Effect::endless || rule.fault.after || rule.fault.close_code))
    return wrong(effect, "a gate passes bytes on and knows no messages");
  bool spares_some = is == Effect::reset || is == Effect::close || is == Effect::hang ||
                     is == Effect::half || is == Effect::garbage || is == Effect::torn ||
                     is == Effect::endless;
  if (rule.fault.after && !spares_some)
    return wrong(effect, fmt::format("{} does not begin after some messages", effect.text));
  bool can_be_lost =
      (is == Effect::reset || is == Effect::close || is == Effect::hang || is == Effect::status) &&
      rule.rate_per_second == 0;
  if (rule.fault.when == Fault::When::after && !can_be_lost)
    return wrong(effect, fmt::format("{} has no answer to lose: lost goes with reset, close, hang "
                                     "and status",
                                     effect.text));
  return {};
}

Result<const FaultParser::Word*> FaultParser::argument(std::string_view of,
                                                       std::string_view example) {
  auto& word = peek();
  if (word.kind != Word::Kind::word && word.kind != Word::Kind::quoted)
    return wrong(word, fmt::format("{} needs something after it, such as {}", of, example));
  take();
  return &word;
}

Result<std::uint64_t> FaultParser::number(std::string_view of, std::uint64_t least,
                                          std::uint64_t most) {
  auto given = argument(of, std::to_string(std::max<std::uint64_t>(least, 3)));
  if (!given) return std::unexpected(given.error());
  return whole(**given, (*given)->text, least, most);
}

Result<std::uint64_t> FaultParser::whole(const Word& word, std::string_view text,
                                         std::uint64_t least, std::uint64_t most) const {
  std::uint64_t value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value < least ||
      value > most)
    return wrong(word, fmt::format("\"{}\" is no whole number from {} to {}", text.substr(0, 40),
                                   least, most));
  return value;
}

Result<Duration> FaultParser::duration(const Word& word, std::string_view text) const {
  constexpr std::pair<std::string_view, Duration> units[]{{"ms", std::chrono::milliseconds(1)},
                                                          {"s", std::chrono::seconds(1)},
                                                          {"m", std::chrono::minutes(1)},
                                                          {"h", std::chrono::hours(1)}};
  for (auto& [unit, length] : units) {
    if (!text.ends_with(unit)) continue;
    auto value = decimal(text.substr(0, text.size() - unit.size()));
    auto length_s = std::chrono::duration<double>(length).count();
    if (!value || !(*value >= 0) ||
        *value * length_s > std::chrono::duration<double>(longest).count())
      break;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*value * length_s));
  }
  return wrong(word, fmt::format("\"{}\" is no time such as 300ms, 2s, 5m or 1h, of a week at most",
                                 text.substr(0, 40)));
}

Result<FaultPlan> FaultPlan::parse(std::string_view text, Place place, std::uint64_t seed) {
  auto rules = FaultParser(text, place).rules();
  if (!rules) return std::unexpected(rules.error());
  FaultPlan plan;
  plan.state_ = std::make_unique<State>(seed);
  plan.state_->rules = std::move(*rules);
  return plan;
}

}  // namespace parley::simulators
