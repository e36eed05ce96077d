#pragma once
#include <string>
#include <string_view>

#include "parley/base/error.hpp"

namespace parley::knowledge {

namespace media {
inline constexpr std::string_view pdf = "application/pdf";
inline constexpr std::string_view docx =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
inline constexpr std::string_view text = "text/plain";
inline constexpr std::string_view markdown = "text/markdown";
inline constexpr std::string_view html = "text/html";
inline constexpr std::string_view csv = "text/csv";
}  // namespace media

/// What the bytes are. The file name only decides between kinds of text that look alike (a CSV and
/// a plain text). Errors: unsupported, with what it seems to be instead.
Result<std::string> detect_media_type(std::string_view bytes, std::string_view file_name);

/// UTF-8 without byte-order mark, lines ended by \n, from UTF-8, UTF-16 or Windows-1252.
std::string decode_text(std::string_view bytes);

/// The name without any path, control characters or excess length, in UTF-8. Errors: invalid when
/// nothing is left.
Result<std::string> clean_file_name(std::string_view name);

}  // namespace parley::knowledge
