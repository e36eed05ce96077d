// What a language model may say: cut into pieces and put into words, whatever the bytes are.
#include <cstdlib>

#include "claims.hpp"
#include "piece_cutter.hpp"
#include "spoken_text.hpp"

using namespace parley::dialog;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  std::size_t token = data[0] % 17 + 1u;
  std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  static const SpokenText english("en-US", {{"Nguyen", "win"}, {"A1C", "A one C"}});
  static const SpokenText german("de-DE", {{"Nguyen", "Nujen"}});
  PieceCutter cutter;
  std::size_t cut = 0;
  auto take = [&](const std::vector<std::string>& pieces) {
    for (const auto& piece : pieces) {
      cut += piece.size();
      if (piece.empty() || piece.size() > size) std::abort();
      (void)english.of(piece);
      (void)german.of(piece);
      (void)claim_in(piece);
    }
  };
  for (std::size_t at = 0; at < text.size(); at += token) take(cutter.add(text.substr(at, token)));
  take(cutter.finish());
  // Line breaks stand in for code blocks; nothing else is added.
  if (cut > size) std::abort();
  return 0;
}
