#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/json.hpp"

namespace parley::api {

/// "09:30" to minutes since midnight; "24:00" is the end of the day. Errors: invalid.
Result<std::chrono::minutes> parse_time_of_day(std::string_view text);
std::string time_of_day(std::chrono::minutes since_midnight);

/// A place in a list that is ordered by time, then by id.
struct ListPlace {
  WallTime time;
  std::string id;  ///< empty: before all of that time
};
/// "2026-03-05T14:00:00.000Z,whd_01J...", or the time alone. Errors: invalid.
Result<ListPlace> parse_list_place(std::string_view text);

/// Reading values that were checked against their schema. An absent or null member is nothing.
std::optional<std::string> text_in(const json::object& object, std::string_view name);
std::optional<std::int64_t> integer_in(const json::object& object, std::string_view name);
std::optional<double> number_in(const json::object& object, std::string_view name);
std::optional<bool> flag_in(const json::object& object, std::string_view name);
std::optional<WallTime> time_in(const json::object& object, std::string_view name);
std::optional<ListPlace> list_place_in(const json::object& object, std::string_view name);
const json::object* object_in(const json::object& object, std::string_view name);
const json::array* list_in(const json::object& object, std::string_view name);
std::vector<std::string> texts_in(const json::object& object, std::string_view name);
/// E.164, or empty.
std::string phone_in(const json::object& object, std::string_view name);

/// Writing: null for nothing and for empty text and ids.
json::value or_null(const std::string& text);
template <class T>
json::value id_or_null(const T& id) {
  return or_null(id.str());
}
json::value time_json(WallTime time);
json::value time_json(const std::optional<WallTime>& time);
json::value list_place_json(const ListPlace& place);

}  // namespace parley::api
