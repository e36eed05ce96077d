// What an MCP server may send: JSON, event streams, and bytes that are neither.
#include <cstdlib>

#include "mcp_message.hpp"

using namespace parley;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 65536) return 0;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  for (const auto& event : owntools::events_in(text))
    if (event.size() > text.size()) std::abort();
  auto response = net::text_response(200, std::move(text),
                                     data[0] % 2 == 0 ? "application/json" : "text/event-stream");
  (void)owntools::result_in(response, 1);
  return 0;
}
