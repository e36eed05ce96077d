#pragma once
#include "parley/base/json.hpp"

namespace parley::dialog {

/// Checks `arguments` against the part of JSON Schema that tools use: type, properties, required,
/// enum, minLength, maxLength, minimum, maximum, items, additionalProperties (false unless said).
/// Errors: invalid, naming the first wrong field by its path ("slot.start").
Result<void> check_arguments(const json::object& schema, const json::object& arguments);

}  // namespace parley::dialog
