#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace parley::providers::flite {

/// Plain ASCII: typographic quotes, dashes and accents become their nearest ASCII, anything else a
/// space. Flite would read the bytes of UTF-8 one by one.
std::string to_ascii(std::string_view utf8);

/// Cuts after sentence ends, so that the first one is spoken early; a sentence of more than 200
/// bytes is cut at a comma or space. Pieces are trimmed and never empty.
std::vector<std::string> split_sentences(std::string_view text);

}  // namespace parley::providers::flite
