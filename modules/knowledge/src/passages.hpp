#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "block.hpp"

namespace parley::knowledge {

struct PassageOptions {
  std::size_t words = 500;
  std::size_t overlap = 50;
};

/// A passage before it has an id.
struct Cut {
  std::string text;
  std::string heading;  ///< the headings above, outermost first, joined by " > "
  std::int64_t page = 0;
};

/// Cuts a document into passages of at most `words` words; neighbours inside a section share about
/// `overlap` words. A top-level heading (the outermost level the document has more than one of)
/// starts a new passage, and so does a new page once there is enough for a passage of its own, so
/// that heading and page stay true. Ends at the end of a sentence when one is near.
std::vector<Cut> cut_passages(const std::vector<Block>& blocks, const PassageOptions& options);

/// Sentences and list lines of a passage's text.
std::vector<std::string> split_sentences(std::string_view text);

}  // namespace parley::knowledge
