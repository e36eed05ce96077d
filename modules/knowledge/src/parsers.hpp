#pragma once
#include <cstddef>
#include <string_view>

#include "block.hpp"
#include "parley/base/error.hpp"

namespace parley::knowledge {

/// Bounds on what a document may unfold into.
struct ParseLimits {
  std::size_t max_unpacked_bytes = 64u << 20;  ///< of all members of an archive together
  std::size_t max_ratio = 200;                 ///< unpacked to packed, past the first megabyte
  std::size_t max_archive_entries = 5000;
  int max_depth = 200;  ///< of nested XML elements; what lies deeper is left out
};

// Parsers of outside bytes: pure functions, no files, no network. They run in the sandboxed child;
// they are here for it, for tests and for fuzzing. Errors: corrupt, too_large, unsupported; the
// detail is a sentence for people.
std::vector<Block> parse_plain(std::string_view utf8);
std::vector<Block> parse_markdown(std::string_view utf8);
std::vector<Block> parse_csv(std::string_view utf8);
std::vector<Block> parse_html(std::string_view utf8);
Result<std::vector<Block>> parse_docx(std::string_view bytes, const ParseLimits& limits);

/// Everything except PDF, by media type.
Result<Extracted> parse_document(std::string_view media_type, std::string_view bytes,
                                 const ParseLimits& limits);

/// What `pdftotext -layout` wrote: pages ended by form feeds, columns apart by runs of spaces.
Extracted parse_pdf_text(std::string_view utf8);

}  // namespace parley::knowledge
