#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "field.hpp"
#include "parley/base/strings.hpp"

namespace parley::transform {

namespace {

std::unexpected<Error> wrong(std::string what) { return fail(Errc::invalid, std::move(what)); }

/// Text as it is, numbers and truth values as JSON writes them. Errors: objects and lists.
Result<std::string> as_text(const json::value& value) {
  if (auto* text = value.if_string()) return std::string(*text);
  if (value.is_object() || value.is_array()) return wrong("must be text, not an object or a list");
  if (auto* number = value.if_double()) return fmt::format("{}", *number);
  return json::serialize(value);
}

Result<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size() || text.empty())
    return wrong("must be a whole number");
  return number;
}

Result<json::value> as_integer(const json::value& value) {
  if (auto* text = value.if_string()) {
    auto number = to_integer(trim(*text));
    if (!number) return std::unexpected(number.error());
    return json::value(*number);
  }
  boost::system::error_code ec;
  auto number = value.to_number<std::int64_t>(ec);
  if (ec) return wrong("must be a whole number");
  return json::value(number);
}

Result<json::value> as_number(const json::value& value) {
  if (value.is_number()) return value;
  auto* string = value.if_string();
  if (!string) return wrong("must be a number");
  auto text = trim(*string);
  double number = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
    return wrong("must be a number, written like 1234.5");
  return json::value(number);
}

Result<json::value> as_boolean(const json::value& value) {
  if (value.is_bool()) return value;
  auto text = as_text(value);
  if (!text) return wrong("must be true or false");
  auto word = to_lower(trim(*text));
  constexpr std::array<std::string_view, 6> yes{"true", "yes", "y", "on", "1", "t"};
  constexpr std::array<std::string_view, 6> no{"false", "no", "n", "off", "0", "f"};
  if (std::ranges::find(yes, word) != yes.end()) return json::value(true);
  if (std::ranges::find(no, word) != no.end()) return json::value(false);
  return wrong("must be true or false (also yes, no, on, off, 1, 0)");
}

/// "-1,234.5" with the separators of `decimal`, whatever currency sign stands around it, as minor
/// units. More decimals than the currency has are refused unless they are zeros: money is not
/// rounded in passing.
Result<std::int64_t> minor_units(std::string_view text, char decimal, int decimals) {
  constexpr std::string_view refusal = "must be an amount of money, written like 1234.50";
  char grouping = decimal == '.' ? ',' : '.';
  auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  auto first = std::ranges::find_if(text, is_digit);
  auto last = std::ranges::find_if(text.rbegin(), text.rend(), is_digit).base();
  if (first == text.end()) return wrong(std::string(refusal));
  std::string_view around_before(text.begin(), first);
  std::string_view around_after(last, text.end());
  bool negative = around_before.find('-') != std::string_view::npos;
  // "($5.00)" is how bookkeepers write minus; ".5" and "5e3" are something else.
  bool in_brackets = around_before.find('(') != std::string_view::npos;
  if (in_brackets != (around_after.find(')') != std::string_view::npos))
    return wrong(std::string(refusal));
  if (around_before.find(decimal) != std::string_view::npos || around_after.size() > 8 ||
      around_before.size() > 8)
    return wrong(std::string(refusal));
  std::int64_t units = 0;
  int after_decimal = -1;
  for (char c : std::string_view(first, last)) {
    if (c == decimal && after_decimal < 0) {
      after_decimal = 0;
      continue;
    }
    if ((c == grouping || c == ' ' || c == '\'') && after_decimal < 0) continue;
    if (!is_digit(c)) return wrong(std::string(refusal));
    if (after_decimal >= decimals) {
      if (c != '0') return wrong(fmt::format("has more than {} decimals", decimals));
      continue;
    }
    if (after_decimal >= 0) ++after_decimal;
    if (units > 100'000'000'000'000'000) return wrong("is too large an amount");
    units = units * 10 + (c - '0');
  }
  for (int i = std::max(after_decimal, 0); i < decimals; ++i) {
    if (units > 100'000'000'000'000'000) return wrong("is too large an amount");
    units *= 10;
  }
  return negative || in_brackets ? -units : units;
}

Result<json::value> as_money(const Money& money, const json::value& value,
                             const json::value& document) {
  auto currency = money.currency;
  if (money.currency_from)
    if (auto* named = money.currency_from->find(document))
      if (auto* text = named->if_string()) currency = std::string(trim(*text));
  auto decimals = decimals_of(currency);
  if (!decimals) return wrong("is in no known currency: a code like USD is three capital letters");
  std::string text;
  char decimal = money.decimal;
  if (auto* string = value.if_string()) {
    text = std::string(*string);
  } else if (value.is_number()) {
    auto* number = value.if_double();
    if (number && (!std::isfinite(*number) || std::abs(*number) > 1e15))
      return wrong("is too large an amount");
    // Six decimals are more than any currency has, and forgive what binary fractions add.
    text = number ? fmt::format("{:.{}f}", *number, 6) : json::serialize(value);
    decimal = '.';
  } else {
    return wrong("must be an amount of money");
  }
  auto units = minor_units(text, decimal, *decimals);
  if (!units) return std::unexpected(units.error());
  return json::value(*units);
}

Result<json::value> as_phone(const json::value& value) {
  auto text = as_text(value);
  if (!text) return std::unexpected(text.error());
  auto number = normalize_e164(*text);
  if (!number) return wrong("must be a phone number, best written like +12125550100");
  return json::value(*number);
}

Result<json::value> as_time(const Field& field, const json::value& value) {
  auto time = field.zone->read(value, field.formats);
  if (!time) return std::unexpected(time.error());
  if (field.type == Type::date) return json::value(field.zone->day_of(*time));
  return json::value(to_rfc3339(*time));
}

Result<json::value> as_limited_text(const Field& field, std::string text) {
  auto& limit = field.limit;
  if (limit.characters > 0 && length_of(text) > limit.characters) {
    if (!limit.cut) return wrong(fmt::format("must be at most {} characters", limit.characters));
    text = std::string(first_of(text, limit.characters));
  }
  return json::value(text);
}

Result<json::value> look_up(const Field& field, const std::string& text) {
  if (auto* found = field.values->if_contains(text)) return *found;
  if (field.otherwise) return *field.otherwise;
  std::vector<std::string> known;
  for (auto& [name, meaning] : *field.values) known.emplace_back(name);
  auto near = nearest(text.substr(0, 80), known);
  if (known.size() > 8) known.resize(8);
  return wrong(near ? fmt::format("is not a known value; the nearest is '{}'", *near)
                    : fmt::format("is not a known value; there are: {}", join(known, ", ")));
}

}  // namespace

std::optional<int> decimals_of(std::string_view currency) {
  constexpr std::array<std::string_view, 16> none{"BIF", "CLP", "DJF", "GNF", "ISK", "JPY",
                                                  "KMF", "KRW", "PYG", "RWF", "UGX", "VND",
                                                  "VUV", "XAF", "XOF", "XPF"};
  constexpr std::array<std::string_view, 7> three{"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"};
  auto is_capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (currency.size() != 3 || !std::ranges::all_of(currency, is_capital)) return std::nullopt;
  if (std::ranges::find(none, currency) != none.end()) return 0;
  if (std::ranges::find(three, currency) != three.end()) return 3;
  return 2;
}

Result<json::value> convert(const Field& field, const json::value& value,
                            const json::value& document) {
  json::value cleaned = value;
  if (auto* text = value.if_string()) {
    auto clean_text = clean(std::string(*text), field.cleaning);
    // Nothing left: the same as nothing sent.
    if (clean_text.empty()) return json::value(nullptr);
    cleaned = clean_text;
  }
  if (field.values) {
    auto key = as_text(cleaned);
    if (!key) return std::unexpected(key.error());
    return look_up(field, *key);
  }
  switch (field.type) {
    case Type::any:
      if (auto* text = cleaned.if_string()) return as_limited_text(field, std::string(*text));
      return cleaned;
    case Type::text: {
      auto text = as_text(cleaned);
      if (!text) return std::unexpected(text.error());
      return as_limited_text(field, std::move(*text));
    }
    case Type::integer:
      return as_integer(cleaned);
    case Type::number:
      return as_number(cleaned);
    case Type::boolean:
      return as_boolean(cleaned);
    case Type::money:
      return as_money(field.money, cleaned, document);
    case Type::phone:
      return as_phone(cleaned);
    case Type::date:
    case Type::date_time:
      return as_time(field, cleaned);
  }
  return wrong("has no type");
}

}  // namespace parley::transform
