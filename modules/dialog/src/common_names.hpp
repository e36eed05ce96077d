#pragma once
#include <string_view>

namespace parley::dialog {

/// Lower-case names separated by single spaces, sorted.
std::string_view common_first_names();
std::string_view common_last_names();

}  // namespace parley::dialog
