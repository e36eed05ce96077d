#include <fmt/format.h>

#include "parley/base/clock.hpp"
#include "parley/base/strings.hpp"
#include "parley/calendar/zone.hpp"
#include "schema.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

constexpr std::size_t max_problems = 50;
constexpr std::string_view ref_prefix = "#/components/schemas/";

std::size_t code_points(std::string_view text) {
  auto starts_one = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<std::size_t>(std::ranges::count_if(text, starts_one));
}

std::int64_t integer_at(const json::object& schema, std::string_view key, std::int64_t otherwise) {
  auto* value = schema.if_contains(key);
  return value ? value->to_number<std::int64_t>() : otherwise;
}

std::string_view text_at(const json::object& schema, std::string_view key) {
  auto* value = schema.if_contains(key);
  if (!value || !value->is_string()) return {};
  return std::string_view(value->get_string());
}

/// What is wrong with text of this format; empty when nothing is.
std::string_view format_problem(std::string_view format, std::string_view text) {
  if (format == "date-time" && !parse_rfc3339(text))
    return "must be a time as in 2026-03-05T14:00:00Z";
  if (format == "list-place" && !parse_list_place(text))
    return "must be a time as in 2026-03-05T14:00:00Z, or as an answer gave it";
  if (format == "date" && !calendar::parse_date(text)) return "must be a date as in 2026-03-05";
  if (format == "local-time" && !calendar::parse_local(text))
    return "must be a local time as in 2026-03-05T14:00";
  if (format == "local-day" && !calendar::parse_date(text) && !calendar::parse_local(text))
    return "must be a day or a local time as in 2026-03-05 or 2026-03-05T14:00";
  if (format == "time-of-day" && !parse_time_of_day(text))
    return "must be a time of day as in 09:30";
  if (format == "phone" && !normalize_e164(text))
    return "must be a phone number as in +12125550100";
  if (format == "line") {
    auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
    if (std::ranges::any_of(text, control)) return "must not contain control characters";
  }
  if (format == "email") {
    auto at = text.find('@');
    auto odd = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; };
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size() ||
        std::ranges::any_of(text, odd))
      return "must be an address as in name@example.com";
  }
  return {};
}

class Checker {
 public:
  explicit Checker(const Schemas& named) : named_(named) {}

  void check(const json::value& value, const json::object& schema, const std::string& path);
  std::vector<FieldProblem> take() { return std::move(problems_); }

 private:
  void problem(const std::string& path, std::string what) {
    if (problems_.size() < max_problems) problems_.push_back({path, std::move(what)});
  }
  void check_object(const json::object& value, const json::object& schema, const std::string& path);
  void check_list(const json::array& value, const json::object& schema, const std::string& path);
  void check_text(std::string_view value, const json::object& schema, const std::string& path);
  void check_number(const json::value& value, const json::object& schema, const std::string& path);
  bool check_type(const json::value& value, const json::object& schema, const std::string& path);
  const json::object& named(std::string_view ref) const;

  const Schemas& named_;
  std::vector<FieldProblem> problems_;
};

const json::object& Checker::named(std::string_view ref) const {
  return named_.find(ref.substr(ref_prefix.size()))->second.body;
}

void Checker::check(const json::value& value, const json::object& schema, const std::string& path) {
  if (problems_.size() >= max_problems) return;
  if (auto ref = text_at(schema, "$ref"); !ref.empty()) return check(value, named(ref), path);
  if (auto* either = schema.if_contains("anyOf")) {
    if (!value.is_null()) check(value, either->get_array().at(0).get_object(), path);
    return;
  }
  if (!check_type(value, schema, path)) return;
  if (auto* object = value.if_object()) return check_object(*object, schema, path);
  if (auto* list = value.if_array()) return check_list(*list, schema, path);
  if (auto* text = value.if_string()) return check_text(std::string_view(*text), schema, path);
  if (value.is_number()) check_number(value, schema, path);
}

/// What a JSON type is called towards people.
std::string_view plainly(std::string_view type) {
  if (type == "string") return "text";
  if (type == "integer") return "a whole number";
  if (type == "number") return "a number";
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list";
  if (type == "null") return "null";
  return "an object";
}

bool has_type(const json::value& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_bool();
  if (type == "array") return value.is_array();
  if (type == "object") return value.is_object();
  if (type == "null") return value.is_null();
  if (type == "number") return value.is_number();
  boost::system::error_code ec;
  (void)value.to_number<std::int64_t>(ec);
  return value.is_number() && !ec;
}

bool Checker::check_type(const json::value& value, const json::object& schema,
                         const std::string& path) {
  auto* type = schema.if_contains("type");
  if (!type) return true;
  if (auto* one = type->if_string()) {
    if (has_type(value, std::string_view(*one))) return true;
    problem(path, fmt::format("must be {}", plainly(std::string_view(*one))));
    return false;
  }
  std::string wanted;
  for (auto& one : type->get_array()) {
    auto name = std::string_view(one.get_string());
    if (has_type(value, name)) return true;
    wanted += fmt::format("{}{}", wanted.empty() ? "" : " or ", plainly(name));
  }
  problem(path, "must be " + wanted);
  return false;
}

void Checker::check_object(const json::object& value, const json::object& schema,
                           const std::string& path) {
  auto below = [&](std::string_view name) {
    return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
  };
  auto* properties = schema.if_contains("properties");
  if (auto* needed = schema.if_contains("required"))
    for (auto& name : needed->get_array())
      if (!value.contains(std::string_view(name.get_string())))
        problem(below(std::string_view(name.get_string())), "is required");
  if (!properties) return;
  auto& known = properties->get_object();
  for (auto& [name, member] : value) {
    if (auto* found = known.if_contains(name)) {
      check(member, found->get_object(), below(name));
      continue;
    }
    std::vector<std::string> names;
    for (auto& property : known) names.emplace_back(property.key());
    auto near = nearest(name, names);
    problem(below(std::string_view(name).substr(0, 100)),
            near ? fmt::format("is not a known field; did you mean \"{}\"?", *near)
                 : "is not a known field");
  }
}

void Checker::check_list(const json::array& value, const json::object& schema,
                         const std::string& path) {
  auto most = integer_at(schema, "maxItems", INT64_MAX);
  auto least = integer_at(schema, "minItems", 0);
  auto size = static_cast<std::int64_t>(value.size());
  if (size > most) return problem(path, fmt::format("must have at most {} items", most));
  if (size < least) problem(path, fmt::format("must have at least {} items", least));
  auto& items = schema.at("items").get_object();
  for (std::size_t i = 0; i < value.size(); ++i)
    check(value[i], items, fmt::format("{}[{}]", path, i));
}

void Checker::check_text(std::string_view value, const json::object& schema,
                         const std::string& path) {
  auto length = static_cast<std::int64_t>(code_points(value));
  auto least = integer_at(schema, "minLength", 0);
  auto most = integer_at(schema, "maxLength", INT64_MAX);
  if (length < least && length == 0) return problem(path, "must not be empty");
  if (length < least) problem(path, fmt::format("must have at least {} characters", least));
  if (length > most) problem(path, fmt::format("must have at most {} characters", most));
  if (auto* values = schema.if_contains("enum")) {
    auto& allowed = values->get_array();
    auto same = [&](const json::value& one) {
      return one.is_string() && std::string_view(one.get_string()) == value;
    };
    if (std::ranges::any_of(allowed, same)) return;
    std::vector<std::string> names;
    for (auto& one : allowed)
      if (one.is_string()) names.emplace_back(one.get_string());
    return problem(path, "must be one of: " + join(names, ", "));
  }
  auto wrong = format_problem(text_at(schema, "format"), value);
  if (!wrong.empty()) problem(path, std::string(wrong));
}

void Checker::check_number(const json::value& value, const json::object& schema,
                           const std::string& path) {
  auto number = value.to_number<double>();
  auto* minimum = schema.if_contains("minimum");
  auto* maximum = schema.if_contains("maximum");
  bool low = minimum && number < minimum->to_number<double>();
  bool high = maximum && number > maximum->to_number<double>();
  if (low || high)
    problem(path, fmt::format("must be from {} to {}", json::serialize(*minimum),
                              json::serialize(*maximum)));
}

}  // namespace

std::vector<FieldProblem> problems_of(const json::value& value, const Schema& schema,
                                      const Schemas& named) {
  Checker checker(named);
  checker.check(value, schema.body, "");
  return checker.take();
}

namespace {

json::value sample(const json::object& schema, const Schemas& named) {
  if (auto* examples = schema.if_contains("examples")) return examples->get_array().at(0);
  if (auto* either = schema.if_contains("anyOf"))
    return sample(either->get_array().at(0).get_object(), named);
  if (auto ref = text_at(schema, "$ref"); !ref.empty())
    return sample(named.find(ref.substr(ref_prefix.size()))->second.body, named);
  if (auto* values = schema.if_contains("enum")) return values->get_array().at(0);
  auto& type = schema.at("type");
  auto name =
      std::string_view(type.is_array() ? type.get_array().at(0).get_string() : type.get_string());
  if (name == "string")
    return json::string(static_cast<std::size_t>(integer_at(schema, "minLength", 4)), 'x');
  if (name == "boolean") return true;
  if (name == "integer" || name == "number") return schema.at("minimum");
  if (name == "array") {
    json::array items;
    items.push_back(sample(schema.at("items").get_object(), named));
    return items;
  }
  json::object made;
  if (auto* properties = schema.if_contains("properties"))
    for (auto& [key, property] : properties->get_object())
      made[key] = sample(property.get_object(), named);
  return made;
}

}  // namespace

json::value sample_of(const Schema& schema, const Schemas& named) {
  return sample(schema.body, named);
}

}  // namespace parley::api
