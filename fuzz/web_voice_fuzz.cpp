// What a browser sends over its socket: the first message, then others, one a line; a line that
// begins with '#' is binary.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>

#include "browser_line.hpp"
#include "parley/base/strings.hpp"

using namespace parley;
using namespace parley::webvoice;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every message that goes to the browser is sound.
class Browser final : public net::WebSocket {
 public:
  Task<net::WebSocketMessage> receive() override { co_return fail(Errc::unavailable, "reset"); }
  Result<void> send(net::WebSocketMessage message, Priority) override {
    if (message.binary) return {};
    auto parsed = parse_json(message.payload);
    require(parsed && parsed->is_object() && !text_in(parsed->as_object(), "type").empty());
    return {};
  }
  std::size_t drop_queued() override { return 0; }
  std::size_t queued_bytes() const noexcept override { return 0; }
  asio::awaitable<void> close(int, std::string) override { co_return; }
};

asio::awaitable<void> talk(asio::any_io_executor executor, Clock& clock,
                           std::vector<std::string> lines) {
  auto opening = read_opening(lines.front());
  if (!opening) {
    require(!opening.error().code.empty() && !opening.error().message.empty());
    co_return;
  }
  auto line = std::make_shared<BrowserLine>(executor, clock, "web_1", BrowserLine::Options{});
  auto socket = std::make_shared<Attachment>(executor, std::make_unique<Browser>());
  line->attach(socket, *opening, "token");
  require(line->send_mark("turn-1").has_value());
  for (std::size_t i = 1; i < lines.size(); ++i) {
    bool binary = lines[i].starts_with('#');
    line->take(socket, {binary, binary ? lines[i].substr(1) : lines[i]});
  }
  line->take(socket, {false, R"({"type":"hangup"})"});
  auto receiving = line->receive_all([](telephony::MediaEvent& event) {
    if (auto* text = std::get_if<telephony::MediaText>(&event))
      require(!text->text.empty() && text->text.size() <= most_text_bytes);
    if (auto* audio = std::get_if<telephony::MediaAudio>(&event))
      require(!audio->payload.empty() && audio->timestamp.count() >= 0);
    return true;
  });
  auto ended = co_await std::move(receiving);
  require(!ended);
  line->close();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto lines = split(bytes, '\n');
  if (lines.empty()) return 0;
  SystemClock clock;
  asio::io_context io{1};
  std::exception_ptr thrown;
  asio::co_spawn(io, talk(io.get_executor(), clock, std::move(lines)),
                 [&](std::exception_ptr e) { thrown = e; });
  io.run();
  require(!thrown);
  return 0;
}
