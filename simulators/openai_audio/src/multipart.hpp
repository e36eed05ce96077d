#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace parley::simulators {

/// The parts of a multipart/form-data body by their names; nothing when it is none.
std::optional<std::map<std::string, std::string, std::less<>>> multipart_fields(
    std::string_view content_type, std::string_view body);

}  // namespace parley::simulators
