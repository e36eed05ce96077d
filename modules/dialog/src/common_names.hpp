#pragma once
#include <string_view>

namespace parley::dialog {

/// Lower-case names separated by single spaces, sorted.
std::string_view common_first_names();
std::string_view common_last_names();
/// Those of them that are heard so often that a likeness should rather be one of these.
std::string_view frequent_first_names();
std::string_view frequent_last_names();

}  // namespace parley::dialog
