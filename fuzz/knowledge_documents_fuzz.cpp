// Any bytes through type detection and the parser they call for, and (by the first byte) through
// the parsers they do not call for, down to passages.
#include <cstdint>
#include <cstdlib>

#include "extract_lines.hpp"
#include "media_type.hpp"
#include "parley/base/strings.hpp"
#include "parsers.hpp"
#include "passages.hpp"

using namespace parley::knowledge;

namespace {

void check(const Extracted& extracted) {
  auto cuts = cut_passages(extracted.blocks, {20, 5});
  for (const auto& cut : cuts) {
    if (cut.text.empty()) std::abort();
    split_sentences(cut.text);
  }
  auto again = parse_lines(to_lines(extracted));
  // Headings deeper than any parser makes, and broken UTF-8, are what the reader may refuse.
  if (again && again->blocks.size() != extracted.blocks.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  ParseLimits limits{.max_unpacked_bytes = 1u << 20};
  static constexpr std::array types{media::text, media::markdown, media::html, media::csv,
                                    media::docx};
  std::string type(types[data[0] % types.size()]);
  if (data[0] >= 128) {
    auto detected = detect_media_type(bytes, "upload");
    if (!detected || *detected == media::pdf) return 0;
    type = *detected;
  }
  if (auto extracted = parse_document(type, bytes, limits)) check(*extracted);
  if (data[0] % 8 == 7) check(parse_pdf_text(decode_text(bytes)));
  if (data[0] % 16 == 6) (void)parse_lines(bytes);
  (void)clean_file_name(bytes);
  return 0;
}
