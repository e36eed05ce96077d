#pragma once
#include <string>
#include <string_view>

#include "block.hpp"
#include "parley/base/error.hpp"

namespace parley::knowledge {

// What the sandboxed child writes: one JSON object a line.
//   {"heading": ["Prices", "Children"], "page": 1, "text": "..."}   a block
//   {"end": true, "pages": 3}                                       last, or the output was cut
//   {"error": "too_large", "reason": "..."}                         instead of everything
std::string to_lines(const Extracted& extracted);
std::string to_line(const Error& error);

/// The writer has read hostile bytes and may be under their control: nothing is taken on trust.
/// Errors: what the child reported (corrupt, too_large or unsupported); invalid when the lines are
/// not of this form or have no end.
Result<Extracted> parse_lines(std::string_view lines);

}  // namespace parley::knowledge
