#pragma once
#include <string_view>

namespace parley::store {

/// No key's segment may start like this, so unfinished writes are never mistaken for objects.
inline constexpr std::string_view temporary_prefix = ".tmp-";

}  // namespace parley::store
