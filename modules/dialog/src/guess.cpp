#include "guess.hpp"

#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

/// A model that goes on for longer is not listened to: no turn says so much.
constexpr std::size_t most_events = 4000;

}  // namespace

struct Guess::Shared {
  std::deque<LanguageEvent> events;
  std::optional<Error> ended;
  bool dropped = false;
  Signal changed;
};

Guess::Guess(TaskGroup& tasks, asio::any_io_executor executor, std::string words, Begin begin)
    : words_(std::move(words)), shared_(std::make_shared<Shared>()) {
  tasks.spawn_on(std::move(executor), "dialog.guess",
                 [shared = shared_, begin = std::move(begin)] { return run(shared, begin); });
}

Guess::~Guess() {
  shared_->dropped = true;
  shared_->changed.notify();
}

asio::awaitable<void> Guess::run(std::shared_ptr<Shared> shared, Begin begin) {
  if (shared->dropped) co_return;
  auto gathering = gather(shared, std::move(begin));
  auto dropped = [](std::shared_ptr<Shared> watched) -> asio::awaitable<void> {
    while (!watched->dropped) co_await watched->changed.wait();
  };
  auto watching = dropped(shared);
  co_await race(std::move(gathering), std::move(watching));
}

asio::awaitable<void> Guess::gather(std::shared_ptr<Shared> shared, Begin begin) {
  auto end = [&](Error error) {
    shared->ended = std::move(error);
    shared->changed.notify();
  };
  auto beginning = begin();
  auto stream = co_await std::move(beginning);
  if (!stream) {
    end(stream.error());
    co_return;
  }
  while (shared->events.size() < most_events) {
    auto event = co_await (*stream)->next();
    if (!event) {
      end(event.error());
      co_return;
    }
    shared->events.push_back(std::move(*event));
    shared->changed.notify();
  }
  end({Errc::too_large, "the model goes on for too long"});
}

Task<LanguageEvent> Guess::next() {
  auto shared = shared_;
  while (shared->events.empty()) {
    if (shared->ended) co_return std::unexpected(*shared->ended);
    co_await shared->changed.wait();
  }
  auto event = std::move(shared->events.front());
  shared->events.pop_front();
  co_return event;
}

std::string normalized_words(std::string_view text) {
  std::string out;
  for (char c : to_lower(text)) {
    auto byte = static_cast<unsigned char>(c);
    bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' || byte >= 0x80;
    if (kept)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  return std::string(trim(out));
}

}  // namespace parley::dialog
