#include "parley/providers/streaming/streamed_session.hpp"

#include <algorithm>
#include <set>

namespace parley::providers::streaming {

namespace {

using speech::Transcript;

constexpr std::size_t most_text_bytes = 64u << 10;
constexpr std::size_t most_ready = 200;
constexpr std::size_t most_owed = 50;
constexpr std::size_t longest_keyterm = 100;
constexpr int most_renewals = 3;
/// Vendors count audio in steps of their own.
constexpr Duration tolerance = std::chrono::milliseconds(250);
constexpr Duration covered = std::chrono::milliseconds(20);

Duration length_of(std::size_t samples, int rate_hz) {
  return std::chrono::nanoseconds(1'000'000'000 * static_cast<std::int64_t>(samples) / rate_hz);
}

std::string joined(const std::string& first, const std::string& second) {
  if (first.empty() || second.empty()) return first + second;
  return first + " " + second;
}

}  // namespace

std::vector<std::string> keyterms_of(const std::shared_ptr<const speech::Expectation>& expectation,
                                     std::size_t most) {
  std::vector<std::string> terms;
  if (!expectation) return terms;
  std::set<std::string> seen;
  for (auto& word : expectation->keywords) {
    if (terms.size() >= most) break;
    if (word.empty() || word.size() > longest_keyterm || !seen.insert(word).second) continue;
    terms.push_back(word);
  }
  return terms;
}

StreamedSession::StreamedSession(Clock& clock, StreamedSessionOptions options,
                                 std::unique_ptr<Dialect> dialect,
                                 std::unique_ptr<net::WebSocket> socket,
                                 std::vector<std::string> keyterms, Connect connect)
    : clock_(clock),
      options_(options),
      dialect_(std::move(dialect)),
      conversation_(std::make_shared<Conversation>(clock, std::move(socket))),
      connect_(std::move(connect)),
      keyterms_(keyterms),
      wanted_keyterms_(std::move(keyterms)) {}

void StreamedSession::expect(std::shared_ptr<const speech::Expectation> expectation) {
  wanted_keyterms_ = keyterms_of(expectation, options_.max_keyterms);
  if (wants_renewal()) conversation_->wake();
}

Result<audio::Samples> StreamedSession::at_wire_rate(audio::Frame frame) {
  if (frame.rate_hz == options_.rate_hz) return std::move(frame.samples);
  if (!resampler_ || resampler_->from_hz() != frame.rate_hz) {
    auto made = audio::Resampler::create(frame.rate_hz, options_.rate_hz);
    if (!made) return std::unexpected(made.error());
    resampler_ = std::move(*made);
  }
  return resampler_->process(frame.samples);
}

Result<void> StreamedSession::send_samples(bool all) {
  auto piece =
      static_cast<std::size_t>(options_.piece * options_.rate_hz / std::chrono::seconds(1));
  if (unsent_.empty() || (!all && unsent_.size() < piece)) return {};
  auto sent = conversation_->send(dialect_->audio(unsent_));
  if (sent) sent_ += length_of(unsent_.size(), options_.rate_hz);
  unsent_.clear();  // dropped when the window is full
  return sent;
}

Task<void> StreamedSession::send(audio::Frame frame) {
  if (closed_) co_return fail(Errc::end_of_stream, "closed");
  auto samples = at_wire_rate(std::move(frame));
  if (!samples) co_return std::unexpected(samples.error());
  unsent_.insert(unsent_.end(), samples->begin(), samples->end());
  co_return send_samples(false);
}

Task<void> StreamedSession::finalize() {
  if (closed_) co_return fail(Errc::end_of_stream, "closed");
  if (auto sent = send_samples(true); !sent && sent.error().code != Errc::rate_limited)
    co_return sent;
  if (owed_.size() >= most_owed) co_return fail(Errc::rate_limited, "too many are unanswered");
  bool is_empty = sent_ == begun_at_ && owed_.empty();
  if (is_empty) {
    // The vendor has nothing to answer with.
    complete();
    conversation_->wake();
    co_return Result<void>{};
  }
  owed_.push_back({sent_, clock_.now()});
  auto told = conversation_->send(dialect_->finalize());
  conversation_->wake();
  co_return told;
}

TimePoint StreamedSession::next_deadline() const {
  auto when = conversation_->last_sent() + options_.keep_alive;
  bool may_be_over = !owed_.empty() && was_heard_ && !has_partial_words_;
  if (may_be_over && options_.grace > Duration{})
    when = std::min(when, owed_.front().asked + options_.grace);
  return when;
}

void StreamedSession::on_time() {
  auto now = clock_.now();
  bool may_be_over = !owed_.empty() && was_heard_ && !has_partial_words_;
  if (may_be_over && options_.grace > Duration{} && now >= owed_.front().asked + options_.grace)
    complete();
  if (now < conversation_->last_sent() + options_.keep_alive) return;
  if (auto word = dialect_->keep_alive())
    (void)conversation_->send(std::move(*word));  // its end shows in receive()
}

Task<Transcript> StreamedSession::next() {
  while (true) {
    if (closed_) co_return fail(Errc::end_of_stream, "closed");
    if (!ready_.empty()) {
      auto transcript = std::move(ready_.front());
      ready_.pop_front();
      co_return transcript;
    }
    if (wants_renewal()) {
      co_await renew();
      continue;
    }
    auto conversation = conversation_;
    auto until = next_deadline();
    auto receiving = conversation->receive(until);
    auto message = co_await std::move(receiving);
    if (closed_) continue;
    if (!message) {
      on_time();
      continue;
    }
    if (!*message) co_return std::unexpected(message->error());
    if (auto good = take(**message); !good) co_return std::unexpected(good.error());
  }
}

Result<void> StreamedSession::take(const net::WebSocketMessage& message) {
  auto heard = dialect_->read(message);
  if (!heard) return std::unexpected(heard.error());
  if (heard->kind == Heard::Kind::nothing) return {};
  if (sent_ > begun_at_) was_heard_ = true;
  if (heard->kind == Heard::Kind::deaf) {
    if (!owed_.empty()) complete();
    return {};
  }
  if (heard->kind == Heard::Kind::partial) {
    push_partial(*heard);
    return {};
  }
  settle(*heard);
  if (owed_.empty()) {
    push_partial({});
    return {};
  }
  bool is_all = heard->until && *heard->until + covered >= owed_.front().at;
  bool is_answer = heard->kind == Heard::Kind::finalized &&
                   (!heard->until || *heard->until + tolerance >= owed_.front().at);
  if (is_all || is_answer) complete();
  return {};
}

void StreamedSession::settle(const Heard& heard) {
  has_partial_words_ = false;
  if (heard.until) settled_at_ = std::max(settled_at_, *heard.until);
  if (heard.text.empty() || settled_.size() + heard.text.size() > most_text_bytes) return;
  alternatives_ = settled_.empty() ? heard.alternatives : std::vector<std::string>{};
  settled_ = joined(settled_, heard.text);
  confidence_sum_ += heard.confidence * static_cast<double>(heard.text.size());
  confidence_bytes_ += heard.text.size();
}

void StreamedSession::push_partial(const Heard& heard) {
  has_partial_words_ = !heard.text.empty();
  Transcript transcript;
  transcript.text = joined(settled_, heard.text.substr(0, most_text_bytes));
  transcript.confidence = heard.confidence;
  transcript.settled_bytes = settled_.size();
  if (!settled_.empty()) transcript.settled_until = std::max(settled_at_ - begun_at_, Duration{});
  if (transcript.text.empty() || ready_.size() >= most_ready) return;
  ready_.push_back(std::move(transcript));
}

void StreamedSession::complete() {
  Transcript transcript;
  transcript.is_final = true;
  if (confidence_bytes_ > 0)
    transcript.confidence =
        std::clamp(confidence_sum_ / static_cast<double>(confidence_bytes_), 0.0, 1.0);
  transcript.text = std::move(settled_);
  transcript.alternatives = std::move(alternatives_);
  ready_.push_back(std::move(transcript));
  if (!owed_.empty()) {
    begun_at_ = owed_.front().at;
    owed_.pop_front();
  }
  settled_.clear();
  alternatives_.clear();
  confidence_sum_ = 0;
  confidence_bytes_ = 0;
  has_partial_words_ = false;
  was_heard_ = false;
}

bool StreamedSession::wants_renewal() const {
  bool is_between = owed_.empty() && sent_ == begun_at_ && unsent_.empty();
  return is_between && renewals_ < most_renewals && wanted_keyterms_ != keyterms_;
}

asio::awaitable<void> StreamedSession::renew() {
  ++renewals_;
  auto terms = wanted_keyterms_;
  auto connecting = connect_(terms);
  auto socket = co_await std::move(connecting);
  if (!socket || closed_) co_return;
  // An utterance that began meanwhile stays where it began.
  if (!owed_.empty() || sent_ != begun_at_ || !unsent_.empty()) co_return;
  if (auto word = dialect_->farewell()) (void)conversation_->send(std::move(*word));
  conversation_ = std::make_shared<Conversation>(clock_, std::move(*socket));
  keyterms_ = std::move(terms);
  sent_ = begun_at_ = settled_at_ = Duration{};
}

Task<void> StreamedSession::close() {
  if (closed_) co_return Result<void>{};
  closed_ = true;
  auto conversation = conversation_;
  if (auto word = dialect_->farewell()) (void)conversation->send(std::move(*word));
  conversation->wake();
  auto closing = conversation->close();
  co_await std::move(closing);
  co_return Result<void>{};
}

}  // namespace parley::providers::streaming
