#pragma once
#include "parley/business/business.hpp"

namespace parley::business {

/// What a business may be: zone known, times in order, amounts in range, lists and texts within
/// their limits. Errors: invalid, naming the field and what is wrong with it.
Result<void> check_profile(const Profile& profile);

/// One line of text: no control characters, `min` to `max` bytes.
Result<void> check_line(std::string_view field, std::string_view text, std::size_t min,
                        std::size_t max);
/// Text that may have line breaks.
Result<void> check_paragraph(std::string_view field, std::string_view text, std::size_t max);

}  // namespace parley::business
