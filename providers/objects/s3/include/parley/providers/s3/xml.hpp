#pragma once
#include <string>
#include <string_view>

namespace parley::s3 {

/// The text of the first element of this name, unescaped; empty when there is none. S3's answers
/// are flat enough for that.
std::string xml_text(std::string_view xml, std::string_view element);
std::string xml_escape(std::string_view text);

}  // namespace parley::s3
