#include "schema.hpp"

namespace parley::api {

Schema Schema::about(std::string_view description) && {
  body["description"] = description;
  return std::move(*this);
}

Schema Schema::example(json::value value) && {
  body["examples"] = json::array{std::move(value)};
  return std::move(*this);
}

Schema Schema::or_null() && {
  if (auto* type = body.if_contains("type")) {
    *type = json::array{*type, "null"};
    if (auto* values = body.if_contains("enum")) values->get_array().emplace_back(nullptr);
    return std::move(*this);
  }
  Schema either;
  either.body["anyOf"] = json::array{std::move(body), json::object{{"type", "null"}}};
  return either;
}

namespace schema {

namespace {

Schema typed(std::string_view type) {
  Schema made;
  made.body["type"] = type;
  return made;
}

Schema formatted(std::string_view format, std::string_view example) {
  auto made = typed("string");
  made.body["format"] = format;
  made.body["examples"] = json::array{example};
  return made;
}

}  // namespace

Field required(std::string name, Schema schema) {
  return {std::move(name), std::move(schema), Field::Presence::required};
}
Field optional(std::string name, Schema schema) {
  return {std::move(name), std::move(schema), Field::Presence::optional};
}

Schema object(std::vector<Field> fields) {
  auto made = typed("object");
  json::object properties;
  json::array needed;
  for (auto& field : fields) {
    if (field.presence == Field::Presence::required) needed.emplace_back(field.name);
    properties[field.name] = std::move(field.schema.body);
  }
  made.body["properties"] = std::move(properties);
  if (!needed.empty()) made.body["required"] = std::move(needed);
  made.body["additionalProperties"] = false;
  return made;
}

Schema any_object() {
  auto made = typed("object");
  made.body["additionalProperties"] = true;
  return made;
}

Schema list(Schema items, std::size_t max_items, std::size_t min_items) {
  auto made = typed("array");
  made.body["items"] = std::move(items.body);
  if (min_items > 0) made.body["minItems"] = min_items;
  made.body["maxItems"] = max_items;
  return made;
}

Schema ref(std::string_view name) {
  Schema made;
  made.body["$ref"] = "#/components/schemas/" + std::string(name);
  return made;
}

Schema text(std::size_t min_length, std::size_t max_length) {
  auto made = typed("string");
  if (min_length > 0) made.body["minLength"] = min_length;
  made.body["maxLength"] = max_length;
  return made;
}

Schema line(std::size_t min_length, std::size_t max_length) {
  auto made = text(min_length, max_length);
  made.body["format"] = "line";
  return made;
}

Schema secret(std::size_t min_length, std::size_t max_length) {
  auto made = text(min_length, max_length);
  made.body["format"] = "password";
  return made;
}

Schema integer(std::int64_t min, std::int64_t max) {
  auto made = typed("integer");
  made.body["minimum"] = min;
  made.body["maximum"] = max;
  return made;
}

Schema number(double min, double max) {
  auto made = typed("number");
  made.body["minimum"] = min;
  made.body["maximum"] = max;
  return made;
}

Schema flag() { return typed("boolean"); }

Schema choice(std::vector<std::string> values) {
  auto made = typed("string");
  made.body["enum"] = json::array(values.begin(), values.end());
  return made;
}

Schema id(std::string_view prefix) {
  auto made = text(1, 64);
  made.body["examples"] = json::array{std::string(prefix) + "_01JQ3X5Y7Z9ABCDEFGHJKMNPQR"};
  return made;
}

Schema date_time() { return formatted("date-time", "2026-03-05T14:00:00.000Z"); }
Schema date() { return formatted("date", "2026-03-05"); }
Schema local_time() { return formatted("local-time", "2026-03-05T14:00"); }
Schema local_day() { return formatted("local-day", "2026-03-05"); }
Schema time_of_day() { return formatted("time-of-day", "09:00"); }
Schema phone() { return formatted("phone", "+12125550100"); }

Schema file() {
  auto made = typed("string");
  made.body["format"] = "binary";
  return made;
}

Schema list_place() {
  auto made = formatted("list-place", "2026-03-05T14:00:00Z");
  made.body["maxLength"] = 100;
  return made;
}

Schema email() {
  auto made = formatted("email", "someone@example.com");
  made.body["maxLength"] = 254;
  return made;
}

}  // namespace schema

}  // namespace parley::api
