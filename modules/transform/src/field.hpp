#pragma once
#include <memory>
#include <optional>

#include "clean.hpp"
#include "dates.hpp"
#include "parley/transform/mapping.hpp"
#include "pointer.hpp"

namespace parley::transform {

enum class Type { any, text, integer, number, boolean, money, phone, date, date_time };

struct Money {
  std::string currency = "USD";
  std::optional<Pointer> currency_from;  ///< wins when the document has it
  char decimal = '.';
};

struct TextLimit {
  std::size_t characters = 0;  ///< 0: none
  bool cut = false;            ///< what is longer is cut, not refused
};

/// One line of a mapping, compiled.
struct Field {
  Pointer to;
  std::vector<Pointer> from;  ///< the first that is there wins; empty: `constant`
  std::optional<json::value> constant;
  Type type = Type::any;
  Cleaning cleaning;
  TextLimit limit;
  std::vector<DateFormat> formats;
  std::optional<CivilZone> zone;
  Money money;
  std::optional<json::object> values;
  std::optional<json::value> otherwise;
  std::optional<json::value> fallback;
  bool required = false;
  bool drop_invalid = false;  ///< an invalid value counts as absent
  /// Each element of the list is mapped by this.
  std::unique_ptr<const Mapping::Record> each;
};

enum class Unknown { drop, keep, refuse };

struct UnknownPolicy {
  Unknown what = Unknown::drop;
  std::string keep_under;
};

struct Mapping::Record {
  std::vector<Field> fields;
  UnknownPolicy unknown;
  KnownFields known;
};

/// What a present, non-null value of the document becomes. Errors: invalid, in words that follow
/// the field's name.
Result<json::value> convert(const Field& field, const json::value& value,
                            const json::value& document);

/// How many decimals an ISO 4217 currency has; empty: not three capital letters.
std::optional<int> decimals_of(std::string_view currency);

}  // namespace parley::transform
