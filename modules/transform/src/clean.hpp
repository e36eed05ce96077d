#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace parley::transform {

/// Which of these a text goes through, in this order.
struct Cleaning {
  bool strip_html = false;
  bool strip_control = false;
  bool collapse_spaces = false;
  bool trim = false;
};

std::string clean(std::string text, const Cleaning& cleaning);

/// Without tags, comments, and what stands in script and style; &amp; &quot; &apos; &#39; &nbsp;
/// are what they mean. &lt; and &gt; stay as they are: no tag can come out of this.
std::string without_html(std::string_view text);

/// Without control characters (tab and newline stay) and the invisible ones that turn the direction
/// of the text around them.
std::string without_control(std::string_view text);

/// Code points, and the first so many of them.
std::size_t length_of(std::string_view utf8) noexcept;
std::string_view first_of(std::string_view utf8, std::size_t count) noexcept;

}  // namespace parley::transform
