#pragma once
#include <string>
#include <string_view>

namespace parley::dialog {

/// A piece of text without what is for the eye only: Markdown, emoji, table bars, bullets. The
/// text of a link stays, an address of the web becomes its host ("bright.example"), line breaks
/// become blanks.
std::string without_markup(std::string_view piece);

}  // namespace parley::dialog
