#include "websocket_core.hpp"

#include <boost/asio/bind_executor.hpp>

#include "handler_failure.hpp"
#include "parley/base/race.hpp"

namespace parley::net {

Task<void> WebSocket::receive_all(MessageTaker taker) {
  while (true) {
    auto receiving = receive();
    auto message = co_await std::move(receiving);
    if (!message) co_return std::unexpected(message.error());
    if (!taker({message->binary, message->payload})) co_return Result<void>{};
  }
}

namespace {

constexpr std::size_t max_batch_bytes = 64u << 10;
/// Urgent messages (stop the audio!) may pass the queue's bound by this much.
constexpr std::size_t urgent_reserve_bytes = 64u << 10;
constexpr Duration close_patience = std::chrono::seconds(2);

}  // namespace

WebSocketCore::WebSocketCore(asio::any_io_executor executor, Clock& clock, Parts parts)
    : executor_(std::move(executor)),
      clock_(clock),
      stream_(std::move(parts.stream)),
      in_(std::move(parts.already_read)),
      side_(parts.side),
      limits_(parts.limits),
      reader_(parts.side, parts.limits.max_message_bytes),
      changed_(executor_, asio::steady_timer::time_point::max()),
      last_heard_(clock.now()) {}

WebSocketCore::~WebSocketCore() { stop_watching(); }

void WebSocketCore::notify() noexcept {
  if (closing_) changed_.cancel();
}

void WebSocketCore::abort() noexcept {
  break_off(Error{Errc::end_of_stream, "the socket was closed"});
}

void WebSocketCore::break_off(Error why) noexcept {
  if (dead_) return;
  dead_ = true;
  closing_ = true;
  if (!end_) end_ = std::move(why);
  urgent_.clear();
  normal_.clear();
  queued_bytes_ = 0;
  stop_watching();
  if (sending_ > 0) {
    // What the peer did not take yet it never will.
    ring_->flush();
    ::shutdown(descriptor_, SHUT_RDWR);
  }
  stream_->close();
  notify();
}

std::unexpected<Error> WebSocketCore::ended() const {
  if (end_) return std::unexpected(*end_);
  return fail(Errc::end_of_stream, "the socket was closed");
}

// Writing

Result<void> WebSocketCore::send(WebSocketMessage message, WebSocket::Priority priority) {
  if (closing_ || dead_) return fail(Errc::end_of_stream, "the socket was closed");
  bool urgent = priority == WebSocket::Priority::urgent;
  auto bound = limits_.max_queued_bytes + (urgent ? urgent_reserve_bytes : 0);
  if (queued_bytes() + message.payload.size() > bound)
    return fail(Errc::rate_limited, "the send queue is full");
  queued_bytes_ += message.payload.size();
  (urgent ? urgent_ : normal_).push_back(std::move(message));
  schedule_write();
  return {};
}

std::size_t WebSocketCore::drop_queued() {
  auto dropped = normal_.size();
  for (auto& message : normal_) queued_bytes_ -= message.payload.size();
  normal_.clear();
  return dropped;
}

/// The write begins at the loop's next turn: what is sent in this one goes with it.
void WebSocketCore::schedule_write() {
  if (write_scheduled_ || writing_ || dead_) return;
  write_scheduled_ = true;
  if (writes_after_) return;
  asio::post(executor_, [self = shared_from_this()] {
    self->write_scheduled_ = false;
    self->write_batch();
  });
}

std::optional<MaskKey> WebSocketCore::next_mask() {
  if (side_ == FrameReader::Side::server) return std::nullopt;
  MaskKey key;
  SystemRandom().fill(std::as_writable_bytes(std::span(key)));
  return key;
}

void WebSocketCore::fill_batch(std::string& batch) {
  if (pong_) append_frame(batch, Opcode::pong, *pong_, next_mask());
  pong_.reset();
  if (ping_due_) append_frame(batch, Opcode::ping, {}, next_mask());
  ping_due_ = false;
  for (auto* queue : {&urgent_, &normal_}) {
    while (!queue->empty() && batch.size() < max_batch_bytes) {
      auto& message = queue->front();
      append_frame(batch, message.binary ? Opcode::binary : Opcode::text, message.payload,
                   next_mask());
      queued_bytes_ -= message.payload.size();
      queue->pop_front();
    }
  }
  if (broken_ && batch.size() < max_batch_bytes && urgent_.empty() && normal_.empty()) {
    auto before = batch.size();
    append_frame(batch, broken_->binary ? Opcode::binary : Opcode::text, broken_->payload,
                 next_mask());
    batch.resize(before + (batch.size() - before) / 2);
    broken_.reset();
    close_frame_.reset();
    breaks_ = true;
  }
  if (close_frame_ && urgent_.empty() && normal_.empty()) {
    append_frame(batch, Opcode::close, *close_frame_, next_mask());
    close_frame_.reset();
    close_sent_ = true;
  }
}

/// A batch nearly always fits the socket's buffer: it is gone without a handler to wait for.
void WebSocketCore::write_batch() {
  thread_local std::string room;  // of the thread: nothing of it outlives this call
  while (!writing_ && !dead_ && !close_sent_) {
    room.clear();
    fill_batch(room);
    if (room.empty()) return;
    if (receiving_) {
      writing_ = true;
      write_began_ = clock_.now();
      sending_ = room.size();
      ring_->send(descriptor_, room, {shared_from_this(), static_cast<Ring::Peer*>(this)});
      return;
    }
    auto taken = stream_->write_now(asio::buffer(room));
    bool all = taken == room.size();
    if (!all) rest_.assign(room, taken);
    // A large message passed through once: the room it took is given back.
    if (room.capacity() > 2 * max_batch_bytes) room = {};
    if (all) {
      if (breaks_) return break_off(Error{Errc::unavailable, "broken off in mid-message"});
      notify();
      continue;
    }
    writing_ = true;
    write_began_ = clock_.now();
    auto written = [self = shared_from_this()](const error_code& ec, std::size_t) {
      self->on_written(ec);
    };
    stream_->start_write(asio::buffer(rest_), asio::bind_executor(executor_, std::move(written)));
  }
}

void WebSocketCore::on_sent(const error_code& failed) noexcept {
  sending_ = 0;
  on_written(failed);
}

void WebSocketCore::on_written(const error_code& ec) {
  writing_ = false;
  rest_ = {};
  if (ec || breaks_)
    break_off(Error{Errc::unavailable, "the connection broke: " + ec.message()});
  else
    write_batch();
  notify();
}

// Closing

void WebSocketCore::break_within(WebSocketMessage message) {
  if (closing_ || dead_) return;
  closing_ = true;
  broken_ = std::move(message);
  schedule_write();
}

void WebSocketCore::start_closing(std::string payload) {
  if (closing_) return;
  closing_ = true;
  close_frame_ = std::move(payload);
  if (end_) {  // the peer is done with us: what was queued has no reader
    urgent_.clear();
    normal_.clear();
    queued_bytes_ = 0;
  }
  write_batch();
}

asio::awaitable<void> WebSocketCore::await_peer_close() {
  auto self = shared_from_this();
  while (!dead_) {
    if (close_sent_ && !writing_ && peer_closed_) co_return;
    if (!reading_ && !peer_closed_) {
      auto work = read_message();
      co_await std::move(work);
      continue;
    }
    error_code ec;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    co_await throw_if_cancelled();
  }
}

asio::awaitable<void> WebSocketCore::close(int code, std::string reason) {
  auto self = shared_from_this();
  if (dead_) co_return;
  start_closing(close_payload(code, reason));
  auto orderly = await_peer_close();
  auto patience = clock_.sleep_for(close_patience);
  co_await race(std::move(orderly), std::move(patience));
  abort();
}

// Time

TimePoint WebSocketCore::tick(TimePoint now) {
  auto half = std::max<Duration>(limits_.idle_timeout / 2, 1ms);
  if (dead_) return now + half;
  if (writing_ && now - write_began_ >= limits_.idle_timeout) {
    break_off(Error{Errc::unavailable, "the peer takes nothing"});
    return now + half;
  }
  if (!reading_)
    return now +
           std::min(half, limits_.message_timeout > Duration::zero()
                              ? limits_.message_timeout / 4
                              : half);  // what came is not looked at, so silence proves nothing
  auto patience =
      limits_.message_timeout > Duration::zero() ? limits_.message_timeout : Duration::max();
  if (now - reading_since_ >= patience) {
    break_off(Error{Errc::timeout, "no message came in time"});
    return now + half;
  }
  // While it is read one message at a time, the wait for each is short and seldom looked at.
  auto again = patience == Duration::max() ? TimePoint::max() : now + patience / 4;
  if (now - last_heard_ < half) return std::min(again, last_heard_ + half);
  if (pinged_at_ <= last_heard_) {
    pinged_at_ = now;
    ping_due_ = true;
    schedule_write();
  } else if (now - pinged_at_ >= half) {
    break_off(Error{Errc::timeout, "nothing came for the idle time"});
    return now + half;
  }
  return std::min(again, pinged_at_ + half);
}

// The user's side

namespace {

class OpenWebSocket final : public WebSocket {
 public:
  OpenWebSocket(std::shared_ptr<WebSocketCore> core, Clock& clock, Timing timing)
      : core_(std::move(core)), clock_(clock), timing_(timing) {}
  ~OpenWebSocket() override {
    if (timing_ == Timing::by_itself) core_->abort();  // a server closes its own in order
  }

  Task<WebSocketMessage> receive() override {
    if (timing_ == Timing::by_owner) return core_->receive();
    return receive_watched();
  }
  Result<void> send(WebSocketMessage message, Priority priority) override {
    return core_->send(std::move(message), priority);
  }
  Task<void> receive_all(MessageTaker taker) override {
    if (timing_ == Timing::by_owner) return core_->receive_all(std::move(taker));
    return receive_all_watched(std::move(taker));
  }
  std::size_t drop_queued() override { return core_->drop_queued(); }
  std::size_t queued_bytes() const noexcept override { return core_->queued_bytes(); }
  asio::awaitable<void> close(int code, std::string reason) override {
    return core_->close(code, std::move(reason));
  }
  void break_within(WebSocketMessage message) override { core_->break_within(std::move(message)); }

 private:
  Task<WebSocketMessage> receive_watched() {
    if (auto known = core_->poll()) co_return std::move(*known);
    auto message = core_->receive();
    auto watch = watch_forever(core_, clock_);
    auto first = co_await race(std::move(message), std::move(watch));
    co_return std::get<0>(std::move(first));
  }
  Task<void> receive_all_watched(MessageTaker taker) {
    auto messages = core_->receive_all(std::move(taker));
    auto watch = watch_forever(core_, clock_);
    auto first = co_await race(std::move(messages), std::move(watch));
    co_return std::get<0>(std::move(first));
  }
  static asio::awaitable<void> watch_forever(std::shared_ptr<WebSocketCore> core, Clock& clock) {
    while (true) {
      auto again = core->tick(clock.now());
      co_await clock.sleep_until(again);
    }
  }

  std::shared_ptr<WebSocketCore> core_;
  Clock& clock_;
  Timing timing_;
};

}  // namespace

std::unique_ptr<WebSocket> make_websocket(std::shared_ptr<WebSocketCore> core, Clock& clock,
                                          Timing timing) {
  return std::make_unique<OpenWebSocket>(std::move(core), clock, timing);
}

}  // namespace parley::net
