#include "parley/simulators/event_body.hpp"

namespace parley::simulators {

namespace {

constexpr std::size_t longest_piece_bytes = 64;

/// What a body gives, until whoever reads it lets go of it.
class EventBody {
 public:
  EventBody(ModelScript& script, Clock& clock, std::uint64_t seed, EventBodyOptions options)
      : script_(script), clock_(clock), random_(seed), options_(std::move(options)) {
    script_.stream_begins();
  }
  ~EventBody() { script_.stream_ends(is_whole_); }
  EventBody(const EventBody&) = delete;
  EventBody& operator=(const EventBody&) = delete;

  Task<std::string> next() {
    if (rest_.empty()) {
      auto filling = fill();
      auto filled = co_await std::move(filling);
      if (!filled) co_return std::unexpected(filled.error());
    }
    auto size = std::min<std::size_t>(rest_.size(), 1 + random_.next_u64() % longest_piece_bytes);
    auto piece = rest_.substr(0, size);
    rest_.erase(0, size);
    co_return piece;
  }

 private:
  /// Up to the next event that has to wait.
  Task<void> fill() {
    while (rest_.empty() || at_ < options_.events.size()) {
      if (at_ == options_.events.size()) {
        if (options_.again.empty()) break;
        options_.events = options_.again;
        at_ = 0;
      }
      const auto& event = options_.events[at_];
      auto wait = event.is_token ? wait_before_token() : Duration{};
      if (wait > Duration{} && !rest_.empty()) break;
      if (event.is_token) is_first_token_ = false;
      if (wait > Duration{}) co_await clock_.sleep_for(wait);
      rest_ += options_.events[at_++].text;
      if (rest_.size() > net::body_piece_bytes) break;
    }
    if (!rest_.empty()) co_return Result<void>{};
    is_whole_ = true;
    if (options_.end == EventBodyOptions::End::cut)
      co_return fail(Errc::unavailable, "cut, as the script wants it");
    co_return Result<void>{};
  }

  Duration wait_before_token() const {
    auto pace = script_.pace();
    if (is_first_token_) return pace.first_token;
    if (pace.tokens_per_second <= 0) return {};
    return std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(1 / pace.tokens_per_second));
  }

  ModelScript& script_;
  Clock& clock_;
  SeededRandom random_;
  EventBodyOptions options_;
  std::size_t at_ = 0;
  std::string rest_;
  bool is_first_token_ = true;
  bool is_whole_ = false;
};

}  // namespace

net::HttpResponse event_response(ModelScript& script, Clock& clock, std::uint64_t seed,
                                 EventBodyOptions options) {
  net::HttpResponse response;
  response.headers.set("Content-Type", "text/event-stream; charset=utf-8");
  response.headers.set("Cache-Control", "no-cache");
  auto body = std::make_shared<EventBody>(script, clock, seed, std::move(options));
  response.stream = [body] { return body->next(); };
  return response;
}

}  // namespace parley::simulators
