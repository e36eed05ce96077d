#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/json.hpp"

namespace parley::api {

/// A JSON Schema (2020-12) of the subset that the API uses: what is documented is what is checked.
struct Schema {
  json::object body;

  bool empty() const { return body.empty(); }
  Schema about(std::string_view description) &&;
  Schema example(json::value value) &&;
  /// null is allowed besides.
  Schema or_null() &&;
};

/// The named schemas that "$ref" means.
using Schemas = std::map<std::string, Schema, std::less<>>;

namespace schema {

struct Field {
  std::string name;
  Schema schema;
  enum class Presence { required, optional } presence;
};
Field required(std::string name, Schema schema);
Field optional(std::string name, Schema schema);

/// Fields besides these are refused.
Schema object(std::vector<Field> fields);
/// Any members: data whose form belongs to someone else.
Schema any_object();
Schema list(Schema items, std::size_t max_items, std::size_t min_items = 0);
Schema ref(std::string_view name);
Schema text(std::size_t min_length = 0, std::size_t max_length = 1000);
/// Without line breaks and other control characters.
Schema line(std::size_t min_length = 0, std::size_t max_length = 200);
Schema secret(std::size_t min_length, std::size_t max_length);  ///< shown as dots by the docs page
Schema integer(std::int64_t min, std::int64_t max);
Schema number(double min, double max);
Schema flag();
Schema choice(std::vector<std::string> values);
Schema id(std::string_view prefix);
Schema date_time();   ///< RFC 3339
Schema list_place();  ///< RFC 3339, and an id where more than one thing may be of that time
Schema date();        ///< 2026-03-05
Schema local_time();  ///< 2026-03-05T14:00, on the business's wall clock
Schema local_day();   ///< 2026-03-05 or 2026-03-05T14:00
Schema file();
Schema time_of_day();  ///< 09:30, up to 24:00
Schema email();
Schema phone();  ///< made E.164 on the way in

}  // namespace schema

/// Every problem of `value`, with the path of the field; at most 50.
std::vector<FieldProblem> problems_of(const json::value& value, const Schema& schema,
                                      const Schemas& named);

/// A value that fits: examples where given, else the simplest. For the documentation and tests.
json::value sample_of(const Schema& schema, const Schemas& named);

}  // namespace parley::api
