#pragma once
#include <libpq-fe.h>

#include <string>
#include <string_view>

#include "parley/store/value.hpp"

namespace parley::store {

struct NumberedSql {
  std::string sql;
  std::size_t parameters = 0;  ///< the highest number
};
/// ?1 becomes $1, outside string literals, quoted identifiers, dollar quotes and comments.
NumberedSql numbered_parameters(std::string_view sql);

/// The type word BLOB becomes BYTEA, likewise only in code: one migration file serves both.
std::string postgres_types(std::string_view sql);

/// What a failed statement means for the transaction.
enum class Trouble {
  none,    ///< An error for the caller.
  retry,   ///< A serialization failure or deadlock: the transaction may run again.
  replan,  ///< A prepared statement is out of date: forget them, run again.
  retype,  ///< The type of a null parameter could not be told.
  lost,    ///< The connection is gone.
};
struct Classified {
  Trouble trouble = Trouble::none;
  Errc code = Errc::unavailable;
  bool bug = false;  ///< no data can cause it
};
Classified classify(std::string_view sqlstate, std::string_view message);

/// A column in text format as the same kind of value that SQLite gives.
Value postgres_value(Oid type, std::string_view text);

}  // namespace parley::store
