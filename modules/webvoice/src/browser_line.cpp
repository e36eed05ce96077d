#include "browser_line.hpp"

#include <algorithm>
#include <cctype>

#include "parley/base/strings.hpp"

namespace parley::webvoice {

namespace {

constexpr std::size_t most_kept = 256;
/// Four seconds: the agent is at most 1.2 s ahead of the ear.
constexpr std::size_t most_played_bytes = 64u << 10;
constexpr std::size_t most_audio_events = 250;
constexpr std::size_t most_events = 1000;
/// A visitor's clock may run ahead of ours by this much before it is nonsense.
constexpr Duration furthest_ahead = std::chrono::seconds(5);
/// What a connection held up comes at once, and belongs where it was spoken. Sound that comes later
/// than this is placed at its arrival: the microphone was off.
constexpr Duration furthest_behind = std::chrono::seconds(15);

Duration length_of(std::size_t samples) {
  return std::chrono::microseconds(125) * static_cast<std::int64_t>(samples);
}

}  // namespace

BrowserLine::BrowserLine(asio::any_io_executor strand, Clock& clock, std::string session,
                         Options options)
    : strand_(std::move(strand)),
      clock_(clock),
      session_(std::move(session)),
      options_(options),
      began_(clock.now()) {}

void BrowserLine::attach(std::shared_ptr<Attachment> socket, const Opening& opening,
                         const std::string& resume_token) {
  if (socket_) socket_->request_close(CloseCode::replaced, "another socket resumed the session");
  socket_ = std::move(socket);
  bool resumed = std::exchange(ready_, true);
  wants_speech_ = opening.wants_speech;
  listen_to(opening.audio);
  told_mode_ = mode();
  json::object ready{
      {"type", "session.ready"},
      {"sessionId", session_},
      {"resumed", resumed},
      {"resumeToken", resume_token},
      {"resumeWithinSeconds", options_.resume_within / std::chrono::seconds(1)},
      {"audio", {{"format", "pcm16"}, {"rate", audio::telephone_rate_hz}, {"channels", 1}}},
      {"mode", told_mode_.at("mode")},
      {"input", told_mode_.at("input")},
      {"output", told_mode_.at("output")}};
  tell(ready);
  if (resumed) send_missed(opening.after, opening.audio_bytes);
  // It came while the call was ending.
  if (closed_ || hung_up_) leave();
  changed_.notify();
}

void BrowserLine::send_missed(std::int64_t after, std::uint64_t audio_bytes) {
  for (auto& kept : kept_) {
    if (kept.sequence <= after) continue;
    auto event = kept.event;
    event["missed"] = true;
    tell(event);
  }
  auto first_kept = sent_bytes_ - played_.size();
  auto from = std::max(audio_bytes, first_kept);
  if (from < sent_bytes_) {
    std::vector<std::byte> rest(played_.begin() + static_cast<std::ptrdiff_t>(from - first_kept),
                                played_.end());
    tell({{"type", "agent.audio.start"}, {"audioBytes", from}}, Priority::normal);
    socket_->send_audio(rest);
  } else if (sounding_) {
    tell({{"type", "agent.audio.start"}, {"audioBytes", sent_bytes_}}, Priority::normal);
  }
  for (auto& mark : pending_marks_)
    tell({{"type", "agent.audio.stop"}, {"mark", mark}}, Priority::normal);
}

void BrowserLine::detach(const std::shared_ptr<Attachment>& socket) {
  if (socket_ != socket) return;
  socket_.reset();
  detached_ = clock_.now();
  changed_.notify();
}

void BrowserLine::push(telephony::MediaEvent event) {
  bool audio = std::holds_alternative<telephony::MediaAudio>(event);
  // The call is behind: of sound the oldest goes.
  if (audio && audio_events_ >= most_audio_events) {
    auto oldest = std::ranges::find_if(events_, [](const auto& waiting) {
      return std::holds_alternative<telephony::MediaAudio>(waiting);
    });
    events_.erase(oldest);
    --audio_events_;
    ++counters_.missing;
  }
  if (events_.size() >= most_events) {
    if (auto* typed = std::get_if<telephony::MediaText>(&event)) not_taken(std::move(typed->text));
    return;
  }
  if (audio) ++audio_events_;
  events_.push_back(std::move(event));
  changed_.notify();
}

void BrowserLine::hear(audio::Samples samples) {
  if (samples.empty()) return;
  auto now = elapsed();
  auto length = length_of(samples.size());
  bool begins = std::exchange(begins_, false);
  if (begins || heard_until_ + length + furthest_behind < now)
    heard_until_ = std::max(heard_until_, now - length);
  if (heard_until_ > now + furthest_ahead)
    return give_up(CloseCode::too_fast, "too_much_audio", "Audio comes faster than it is spoken.");
  auto bytes = std::as_bytes(std::span(samples));
  push(telephony::MediaAudio{{bytes.begin(), bytes.end()},
                             std::chrono::floor<std::chrono::milliseconds>(heard_until_)});
  heard_until_ += length;
}

Task<void> BrowserLine::receive_all(telephony::MediaTaker taker) {
  while (true) {
    while (!events_.empty()) {
      auto event = std::move(events_.front());
      events_.pop_front();
      if (std::holds_alternative<telephony::MediaAudio>(event)) --audio_events_;
      if (!taker(event)) co_return Result<void>{};
    }
    if (hung_up_ || closed_) co_return fail(Errc::end_of_stream, "the visitor left");
    auto limit = socket_ ? TimePoint::max() : detached_ + options_.resume_within;
    if (clock_.now() >= limit) {
      hung_up_ = true;
      continue;
    }
    co_await changed_.wait_until(clock_, limit);
  }
}

Result<void> BrowserLine::send_audio(std::span<const std::byte> payload) {
  if (closed_) return fail(Errc::end_of_stream, "the visitor left");
  if (!wants_speech_) return {};
  // What is not sent waits with the agent, who goes on from there.
  if (!socket_ || socket_->backlogged()) return fail(Errc::rate_limited, "no socket takes it now");
  if (!std::exchange(sounding_, true))
    tell({{"type", "agent.audio.start"}, {"audioBytes", sent_bytes_}}, Priority::normal);
  socket_->send_audio(payload);
  sent_bytes_ += payload.size();
  played_.insert(played_.end(), payload.begin(), payload.end());
  if (played_.size() > most_played_bytes)
    played_.erase(played_.begin(), played_.end() - static_cast<std::ptrdiff_t>(most_played_bytes));
  return {};
}

Result<void> BrowserLine::send_mark(std::string name) {
  if (closed_) return fail(Errc::end_of_stream, "the visitor left");
  if (!sounding_) {
    push(telephony::MediaMark{std::move(name)});
    return {};
  }
  sounding_ = false;
  tell({{"type", "agent.audio.stop"}, {"mark", name}}, Priority::normal);
  pending_marks_.push_back(std::move(name));
  return {};
}

Result<void> BrowserLine::clear() {
  if (closed_) return fail(Errc::end_of_stream, "the visitor left");
  for (auto& mark : pending_marks_) push(telephony::MediaMark{std::move(mark)});
  pending_marks_.clear();
  played_.clear();
  sounding_ = false;
  if (socket_) socket_->drop_queued();
  tell({{"type", "clear"}, {"audioBytes", sent_bytes_}});
  return {};
}

void BrowserLine::close() {
  if (std::exchange(closed_, true)) return;
  leave();
  changed_.notify();
}

void BrowserLine::leave() {
  tell({{"type", "session.ended"}}, Priority::normal);
  if (socket_) socket_->request_close(CloseCode::normal, "the conversation is over");
}

void BrowserLine::refuse(std::string code, std::string message) {
  give_up(CloseCode::unavailable, std::move(code), std::move(message));
  closed_ = true;
}

void BrowserLine::give_up(CloseCode close, std::string code, std::string message) {
  tell({{"type", "error"}, {"code", code}, {"message", message}, {"fatal", true}});
  if (socket_) socket_->request_close(close, code);
  hung_up_ = true;
  changed_.notify();
}

void BrowserLine::complain(std::string code, std::string message) {
  tell({{"type", "error"},
        {"code", std::move(code)},
        {"message", std::move(message)},
        {"fatal", false}});
}

void BrowserLine::tell(const json::object& event, Priority priority) {
  if (socket_) socket_->send_event(event, priority);
}

void BrowserLine::show(json::object event) {
  event["seq"] = ++sequence_;
  event["atMs"] = elapsed() / std::chrono::milliseconds(1);
  tell(event);
  kept_.push_back({sequence_, std::move(event)});
  if (kept_.size() > most_kept) kept_.pop_front();
}

void BrowserLine::hearing(std::string words) {
  tell({{"type", "transcript.partial"}, {"text", std::move(words)}});
}

void BrowserLine::heard(std::string words, double confidence, std::string input) {
  show({{"type", "transcript.final"},
        {"text", std::move(words)},
        {"confidence", confidence},
        {"input", std::move(input)}});
}

void BrowserLine::not_taken(std::string text) {
  (void)text;  // the visitor has it on the screen
  complain(
      "too_many_turns",
      "Several of your messages still wait for an answer. Please send that again in a moment.");
}

void BrowserLine::saying(std::string sentence) {
  show({{"type", "agent.text"}, {"text", std::move(sentence)}});
}

void BrowserLine::cut_off(std::string heard_of_it) {
  show({{"type", "agent.cut_off"}, {"heard", std::move(heard_of_it)}});
}

void BrowserLine::tool_used(std::string name, std::string error) {
  show({{"type", "tool"}, {"name", std::move(name)}, {"ok", error.empty()}});
}

void BrowserLine::engine_failed(Engine engine, std::string reason) {
  (void)reason;  // for operators: it is on the timeline
  (engine == Engine::recognizer ? recognizer_down_ : synthesizer_down_) = true;
  tell_mode_if_changed();
}

void BrowserLine::engine_works(Engine engine) {
  (engine == Engine::recognizer ? recognizer_down_ : synthesizer_down_) = false;
  tell_mode_if_changed();
}

json::object BrowserLine::mode() const {
  bool hears = audio_ && !recognizer_down_;
  bool speaks = wants_speech_ && !synthesizer_down_;
  json::object mode{{"type", "mode"},
                    {"mode", hears && speaks ? "voice" : "text"},
                    {"input", hears ? "voice" : "text"},
                    {"output", speaks ? "voice" : "text"}};
  if (recognizer_down_) {
    mode["reason"] = "recognizer_unavailable";
    mode["message"] = "We cannot hear you just now. Please type.";
  } else if (synthesizer_down_) {
    mode["reason"] = "synthesizer_unavailable";
    mode["message"] = "The voice is away just now. Please read on.";
  } else if (!hears || !speaks) {
    mode["reason"] = "chosen";
  }
  return mode;
}

void BrowserLine::tell_mode_if_changed() {
  auto now = mode();
  if (now == told_mode_ || !ready_) return;
  told_mode_ = now;
  show(std::move(now));
}

namespace {

class LineStream final : public telephony::MediaStream {
 public:
  explicit LineStream(std::shared_ptr<BrowserLine> line) : line_(std::move(line)) {}
  telephony::Codec codec() const noexcept override { return telephony::Codec::pcm16; }
  int rate_hz() const noexcept override { return audio::telephone_rate_hz; }
  Task<void> receive_all(telephony::MediaTaker taker) override {
    return line_->receive_all(std::move(taker));
  }
  Result<void> send_audio(std::span<const std::byte> payload) override {
    return line_->send_audio(payload);
  }
  Result<void> send_mark(std::string name) override { return line_->send_mark(std::move(name)); }
  Result<void> clear() override { return line_->clear(); }
  asio::awaitable<void> close() override {
    line_->close();
    co_return;
  }
  telephony::Companion* companion() noexcept override { return line_.get(); }
  Counters counters() const noexcept override { return line_->counters(); }

 private:
  std::shared_ptr<BrowserLine> line_;
};

}  // namespace

std::unique_ptr<telephony::MediaStream> make_stream(std::shared_ptr<BrowserLine> line) {
  return std::make_unique<LineStream>(std::move(line));
}

}  // namespace parley::webvoice
