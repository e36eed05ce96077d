// Server-sent events as language models' servers send them. The first byte says how the rest is
// cut.
#include <cstdlib>
#include <vector>

#include "parley/net/event_stream.hpp"

using namespace parley::net;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  std::vector<std::pair<std::string, std::string>> events;
  bool too_large = false;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

constexpr std::size_t most = 256;

Outcome read(std::string_view text, std::size_t piece_bytes) {
  EventStreamParser parser(most);
  Outcome outcome;
  while (!text.empty() && !outcome.too_large) {
    auto piece = text.substr(0, piece_bytes);
    text.remove_prefix(piece.size());
    outcome.too_large = !parser.feed(piece);
    while (auto event = parser.next()) {
      require(event->name.size() + event->data.size() <= most);
      outcome.events.emplace_back(event->name, event->data);
    }
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  // However it is cut, the same comes out.
  require(read(text, 1 + bytes[0] % 16) == read(text, size));
  return 0;
}
