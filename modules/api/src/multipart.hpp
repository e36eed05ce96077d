#pragma once
#include "route.hpp"

namespace parley::api {

/// multipart/form-data (RFC 7578). The parts refer into `body`. At most 20 parts with heads of at
/// most 4 KB each; nested multiparts and transfer encodings are not taken. Errors: unsupported (the
/// content type is another), invalid (malformed, saying how).
Result<std::vector<FormPart>> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace parley::api
