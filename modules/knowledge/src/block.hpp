#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace parley::knowledge {

/// A piece of a document's text with its place: a paragraph, a list item, a table row.
struct Block {
  std::vector<std::string> headings;  ///< outermost first
  std::int64_t page = 0;              ///< 1-based, 0 when the format has none
  std::string text;                   ///< UTF-8, one paragraph or row
};

struct Extracted {
  std::vector<Block> blocks;
  std::int64_t pages = 0;
};

}  // namespace parley::knowledge
