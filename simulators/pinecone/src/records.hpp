#pragma once
#include <map>
#include <string>
#include <vector>

#include "parley/base/json.hpp"

namespace parley::simulators {

struct Record {
  std::vector<float> values;
  json::object metadata;
};
/// By id, so that lists come in order.
using Namespace = std::map<std::string, Record>;

/// Whether the metadata passes the filter. Errors: invalid (an operator that is none).
Result<bool> passes(const json::object& metadata, const json::value& filter);
float cosine(const std::vector<float>& a, const std::vector<float>& b);

/// The numbers of a list. Errors: invalid (none, another size, all zero).
Result<std::vector<float>> values_in(const json::value* list, std::size_t dimension);
/// Errors: invalid (null, nested, a list of other than strings).
Result<json::object> metadata_in(const json::value* value);

}  // namespace parley::simulators
