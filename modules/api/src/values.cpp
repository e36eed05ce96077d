#include "values.hpp"

#include <fmt/format.h>

#include "parley/base/strings.hpp"

namespace parley::api {

Result<std::chrono::minutes> parse_time_of_day(std::string_view text) {
  auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4))
    return fail(Errc::invalid, "not a time of day");
  auto hours = (text[0] - '0') * 10 + (text[1] - '0');
  auto minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (minutes > 59 || hours * 60 + minutes > 24 * 60)
    return fail(Errc::invalid, "not a time of day");
  return std::chrono::minutes(hours * 60 + minutes);
}

std::string time_of_day(std::chrono::minutes since_midnight) {
  return fmt::format("{:02}:{:02}", since_midnight.count() / 60, since_midnight.count() % 60);
}

namespace {

const json::value* there(const json::object& object, std::string_view name) {
  auto* found = object.if_contains(name);
  return found && !found->is_null() ? found : nullptr;
}

}  // namespace

std::optional<std::string> text_in(const json::object& object, std::string_view name) {
  auto* found = there(object, name);
  if (!found) return std::nullopt;
  return std::string(found->as_string());
}

std::optional<std::int64_t> integer_in(const json::object& object, std::string_view name) {
  auto* found = there(object, name);
  if (!found) return std::nullopt;
  return found->to_number<std::int64_t>();
}

std::optional<double> number_in(const json::object& object, std::string_view name) {
  auto* found = there(object, name);
  if (!found) return std::nullopt;
  return found->to_number<double>();
}

std::optional<bool> flag_in(const json::object& object, std::string_view name) {
  auto* found = there(object, name);
  if (!found) return std::nullopt;
  return found->as_bool();
}

std::optional<WallTime> time_in(const json::object& object, std::string_view name) {
  auto text = text_in(object, name);
  if (!text) return std::nullopt;
  return parse_rfc3339(*text).value();
}

Result<ListPlace> parse_list_place(std::string_view text) {
  auto comma = text.find(',');
  auto time = parse_rfc3339(text.substr(0, comma));
  if (!time) return std::unexpected(time.error());
  if (comma == std::string_view::npos) return ListPlace{*time, ""};
  return ListPlace{*time, std::string(text.substr(comma + 1))};
}

std::optional<ListPlace> list_place_in(const json::object& object, std::string_view name) {
  auto text = text_in(object, name);
  if (!text) return std::nullopt;
  return parse_list_place(*text).value();
}

const json::object* object_in(const json::object& object, std::string_view name) {
  auto* found = there(object, name);
  return found ? &found->as_object() : nullptr;
}

const json::array* list_in(const json::object& object, std::string_view name) {
  auto* found = there(object, name);
  return found ? &found->as_array() : nullptr;
}

std::vector<std::string> texts_in(const json::object& object, std::string_view name) {
  std::vector<std::string> texts;
  if (auto* list = list_in(object, name))
    for (auto& item : *list) texts.emplace_back(item.as_string());
  return texts;
}

std::string phone_in(const json::object& object, std::string_view name) {
  auto text = text_in(object, name);
  return text ? normalize_e164(*text).value() : std::string();
}

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value time_json(WallTime time) { return json::value(to_rfc3339(time)); }

json::value time_json(const std::optional<WallTime>& time) {
  return time ? time_json(*time) : json::value(nullptr);
}

json::value list_place_json(const ListPlace& place) {
  return json::value(to_rfc3339(place.time) + "," + place.id);
}

}  // namespace parley::api
