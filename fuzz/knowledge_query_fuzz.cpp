// Any words through normalisation, embedding and a search.
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "business_index.hpp"
#include "words.hpp"

using namespace parley;
using namespace parley::knowledge;

namespace {

const BusinessIndex& index() {
  static const BusinessIndex made = [] {
    std::vector<IndexedPassage> passages;
    for (const auto* text :
         {"White filling $180", "We open at 8:30 on Mondays", "Park behind the house"})
      passages.push_back({ChunkId("chunk_" + std::to_string(passages.size())), "Prices", text,
                          embed_passage(text)});
    auto segment = std::make_shared<Segment>(DocumentId("doc_1"), 1, "all.txt", passages);
    return BusinessIndex(1, {segment});
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  spoken_words(text);
  embed_passage(text);
  for (const auto& hit : index().search(text, 5))
    if (!(hit.score >= 0.0 && hit.score <= 1.0) || !std::isfinite(hit.lexical)) std::abort();
  return 0;
}
