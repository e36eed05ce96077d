// Answers of language models as their servers may send them. The first byte chooses the vendor and
// how the rest is cut.
#include <boost/asio/io_context.hpp>
#include <cstdlib>

#include "chat_errors.hpp"
#include "chat_stream.hpp"
#include "messages_stream.hpp"
#include "parley/base/run_to_end.hpp"
#include "parley/base/strings.hpp"

using namespace parley;
using namespace parley::providers;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

net::BodyStream pieces_of(std::string text, std::size_t piece_bytes) {
  auto rest = std::make_shared<std::string>(std::move(text));
  return [rest, piece_bytes]() -> Task<std::string> {
    auto piece = rest->substr(0, piece_bytes);
    rest->erase(0, piece.size());
    co_return piece;
  };
}

/// Whatever comes, each event makes sense, and after the completion there is an end.
Task<void> read(dialog::LanguageStream& stream) {
  bool is_complete = false;
  for (;;) {
    auto waiting = stream.next();
    auto event = co_await std::move(waiting);
    if (!event) {
      require(is_complete == (event.error().code == Errc::end_of_stream));
      co_return Result<void>{};
    }
    require(!is_complete);
    if (auto* piece = std::get_if<dialog::TextPiece>(&*event))
      require(!piece->text.empty() && is_valid_utf8(piece->text));
    if (auto* request = std::get_if<dialog::ToolRequest>(&*event)) require(!request->id.empty());
    is_complete = std::holds_alternative<dialog::Completion>(*event);
  }
}

std::unique_ptr<dialog::LanguageStream> stream_of(std::unique_ptr<language::Answer> answer,
                                                  bool is_chat) {
  language::WireNames names{dialog::ModelPrompt{}};
  if (is_chat) return std::make_unique<openai::ChatStream>(std::move(answer), std::move(names));
  return std::make_unique<anthropic::MessagesStream>(std::move(answer), std::move(names));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t size) {
  if (size == 0) return 0;
  static SystemClock clock;
  static const language::ExchangeOptions options = [] {
    language::ExchangeOptions made;
    made.words.of_event = openai::error_of_event;
    made.max_answer_bytes = 4096;
    return made;
  }();
  bool is_chat = bytes[0] % 2 == 1;
  std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  auto body = pieces_of(std::move(text), 1 + bytes[0] / 2);
  auto answer =
      std::make_unique<language::Answer>(clock, options, TimePoint::max(), std::move(body));
  auto stream = stream_of(std::move(answer), is_chat);
  asio::io_context io;
  auto ended = run_to_end(
      io, [&] { return read(*stream); },
      [&](const bool& done) {
        while (!done) io.run_one();
      });
  require(ended.has_value());
  return 0;
}
