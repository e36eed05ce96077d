#include "postgres_sql.hpp"

#include <charconv>
#include <cstdlib>
#include <functional>

#include "parley/base/strings.hpp"

namespace parley::store {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Where the piece that starts at `at` and is not code ends; `at` itself when it is code.
std::size_t end_of_literal(std::string_view sql, std::size_t at) {
  auto until = [&](std::string_view stop, std::size_t from) {
    auto found = sql.find(stop, from);
    return found == std::string_view::npos ? sql.size() : found + stop.size();
  };
  auto rest = sql.substr(at);
  if (rest.starts_with("--")) return until("\n", at);
  if (rest.starts_with("/*")) {
    // PostgreSQL's comments nest.
    std::size_t depth = 1;
    auto i = at + 2;
    for (; i < sql.size() && depth > 0; ++i) {
      if (sql.substr(i).starts_with("/*"))
        ++depth, ++i;
      else if (sql.substr(i).starts_with("*/"))
        --depth, ++i;
    }
    return i;
  }
  // A doubled quote inside is two literals side by side, which ends at the same place.
  if (rest.front() == '\'' || rest.front() == '"') return until(rest.substr(0, 1), at + 1);
  bool after_word = at > 0 && is_word(sql[at - 1]);
  if (rest.front() == '$' && !after_word) {
    auto tag = rest.substr(0, rest.find('$', 1) + 1);
    bool is_tag = tag.size() >= 2 && std::ranges::all_of(tag.substr(1, tag.size() - 2), is_word) &&
                  !(tag[1] >= '0' && tag[1] <= '9');
    if (is_tag) return until(tag, at + tag.size());
  }
  return at;
}

/// Copies literals and comments as they are; `code` handles one piece of code at the position it
/// is given, appends what it becomes and returns how many characters it took.
using TranslateCode = std::function<std::size_t(std::size_t at, std::string& out)>;
std::string translate(std::string_view sql, const TranslateCode& code) {
  std::string out;
  out.reserve(sql.size() + 16);
  for (std::size_t i = 0; i < sql.size();) {
    auto end = end_of_literal(sql, i);
    if (end > i) {
      out.append(sql.substr(i, end - i));
      i = end;
    } else {
      i += code(i, out);
    }
  }
  return out;
}

}  // namespace

NumberedSql numbered_parameters(std::string_view sql) {
  NumberedSql numbered;
  numbered.sql = translate(sql, [&](std::size_t at, std::string& out) -> std::size_t {
    std::size_t number = 0;
    auto* digits = sql.data() + at + 1;
    auto* end = sql.data() + sql.size();
    bool parameter = sql[at] == '?' && std::from_chars(digits, end, number).ec == std::errc{};
    if (parameter) numbered.parameters = std::max(numbered.parameters, number);
    out.push_back(parameter ? '$' : sql[at]);
    return 1;
  });
  return numbered;
}

std::string postgres_types(std::string_view sql) {
  return translate(sql, [&](std::size_t at, std::string& out) -> std::size_t {
    auto end = at;
    while (end < sql.size() && is_word(sql[end])) ++end;
    auto word = sql.substr(at, end == at ? 1 : end - at);
    out.append(iequals(word, "BLOB") ? std::string_view("BYTEA") : word);
    return word.size();
  });
}

Classified classify(std::string_view sqlstate, std::string_view message) {
  auto in_class = [&](std::string_view prefix) { return sqlstate.starts_with(prefix); };
  auto one_of = [&](std::initializer_list<std::string_view> states) {
    return std::ranges::find(states, sqlstate) != states.end();
  };
  if (one_of({"40001", "40P01", "55P03"})) return {Trouble::retry, Errc::unavailable};
  if (sqlstate == "08P01") return {Trouble::none, Errc::invalid, true};
  if (in_class("08") || one_of({"57P01", "57P02", "57P03", "25P03"}))
    return {Trouble::lost, Errc::unavailable};
  bool stale_plan = sqlstate == "0A000" && message.find("cached plan") != std::string_view::npos;
  if (stale_plan || sqlstate == "26000") return {Trouble::replan, Errc::unavailable};
  if (one_of({"42P18", "42P08", "42804", "42883"})) return {Trouble::retype, Errc::invalid, true};
  if (one_of({"23505", "23503", "23P01"})) return {Trouble::none, Errc::conflict};
  if (in_class("23") || in_class("22") || in_class("P0")) return {Trouble::none, Errc::invalid};
  if (in_class("54")) return {Trouble::none, Errc::too_large};
  if (one_of({"53100", "53200", "53400"})) return {Trouble::none, Errc::resource_exhausted};
  if (sqlstate == "57014") return {Trouble::none, Errc::timeout};
  if (one_of({"XX001", "XX002"})) return {Trouble::none, Errc::corrupt};
  bool bug = (in_class("42") && sqlstate != "42501") || in_class("0A") || in_class("25");
  return {Trouble::none, bug ? Errc::invalid : Errc::unavailable, bug};
}

namespace {

// From PostgreSQL's pg_type.dat; they never change.
constexpr Oid bool_type = 16, bytes_type = 17, int8_type = 20, int2_type = 21, int4_type = 23,
              oid_type = 26, float4_type = 700, float8_type = 701, numeric_type = 1700;

std::optional<std::int64_t> as_integer(std::string_view text) {
  std::int64_t value = 0;
  auto [stop, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "\x0aff": the server's bytea_output is set to hex.
Value::Blob bytes_from_hex(std::string_view text) {
  Value::Blob bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 2; i + 1 < text.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    bytes.push_back(static_cast<std::byte>(byte));
  }
  return bytes;
}

}  // namespace

Value postgres_value(Oid type, std::string_view text) {
  switch (type) {
    case bool_type:
      return Value(text == "t");
    case int2_type:
    case int4_type:
    case int8_type:
    case oid_type:
    case numeric_type:
      // SUM(BIGINT) is a numeric there, an integer in SQLite.
      if (auto integer = as_integer(text)) return Value(*integer);
      return Value(std::strtod(std::string(text).c_str(), nullptr));
    case float4_type:
    case float8_type:
      return Value(std::strtod(std::string(text).c_str(), nullptr));
    case bytes_type:
      return Value(bytes_from_hex(text));
    default:
      return Value(text);
  }
}

}  // namespace parley::store
