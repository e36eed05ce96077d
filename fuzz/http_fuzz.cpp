// What net parses of outside bytes: request heads and bodies, targets, forms, WebSocket frames.
// The first byte chooses which. Whatever the bytes, how they are cut into reads changes nothing.
#include <cstdlib>

#include "request_reader.hpp"
#include "request_target.hpp"
#include "websocket_frames.hpp"

using namespace parley::net;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  int status = 0;
  std::string body;
  std::size_t fields = 0;
  bool done = false;
  bool operator==(const Outcome&) const = default;
};

Outcome read_request(std::string_view bytes, std::size_t step) {
  RequestReader reader(512);
  std::optional<Refusal> refused;
  std::string pending;
  while (!refused && !reader.done()) {
    auto piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    pending += piece;
    auto before = pending.size() + 1;
    while (!refused && !reader.done() && pending.size() < before) {
      before = pending.size();
      bool head_was_done = reader.head_done();
      pending.erase(0, reader.feed(pending, refused));
      if (!head_was_done && reader.head_done()) reader.set_body_limit(256);
    }
    if (piece.empty()) break;
  }
  Outcome outcome;
  outcome.status = refused ? refused->status : 0;
  outcome.done = !refused && reader.done();
  if (!outcome.done) return outcome;
  outcome.fields = reader.head().headers.all().size();
  outcome.body = reader.take_body();
  require(outcome.body.size() <= 256);
  (void)parse_request_target(reader.head().target);
  return outcome;
}

void fuzz_request(std::string_view bytes) {
  auto whole = read_request(bytes, bytes.size() + 1);
  auto piecewise = read_request(bytes, 7);
  require(whole.done == piecewise.done);
  if (whole.done) require(whole == piecewise);
}

void fuzz_target(std::string_view text) {
  auto target = parse_request_target(text);
  if (!target) return;
  require(target->path.starts_with('/'));
  require((target->path + "/").find("/../") == std::string::npos);
  require(target->path.find('\0') == std::string::npos);
}

std::string read_frames(std::string_view bytes, FrameReader::Side side, std::size_t step) {
  FrameReader reader(side, 1000);
  std::string log;
  while (!bytes.empty()) {
    std::string piece(bytes.substr(0, step));
    bytes.remove_prefix(piece.size());
    std::span<char> left(piece);
    while (!left.empty()) {
      std::optional<FrameEvent> event;
      left = left.subspan(reader.feed(left, event));
      if (!event) break;
      log += static_cast<char>('0' + event->index());
      if (auto* message = std::get_if<MessageView>(&*event)) {
        require(message->payload.size() <= 1000);
        log += message->payload;
      }
      if (std::holds_alternative<Violation>(*event) || std::holds_alternative<PeerClose>(*event))
        return log;
    }
  }
  return log;
}

void fuzz_frames(std::string_view bytes, FrameReader::Side side) {
  require(read_frames(bytes, side, bytes.size() + 1) == read_frames(bytes, side, 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      fuzz_request(bytes);
      break;
    case 1:
      fuzz_target(bytes);
      break;
    case 2:
      (void)parse_form(bytes);
      break;
    case 3:
      fuzz_frames(bytes, FrameReader::Side::server);
      break;
    default:
      fuzz_frames(bytes, FrameReader::Side::client);
  }
  return 0;
}
