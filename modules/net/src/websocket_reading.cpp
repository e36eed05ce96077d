// What comes from the peer: message by message, or all as it comes.
#include "handler_failure.hpp"
#include "websocket_core.hpp"

namespace parley::net {

/// One who reads, until it is destroyed.
struct WebSocketCore::Reading {
  explicit Reading(WebSocketCore& core) : core_(core) {
    core.reading_ = true;
    core.note_heard();
  }
  ~Reading() {
    core_.stop_watching();
    core_.taker_ = nullptr;
    core_.reading_ = false;
    core_.notify();
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

 private:
  WebSocketCore& core_;
};

/// Silence is counted from here.
void WebSocketCore::note_heard() noexcept { reading_since_ = last_heard_ = clock_.now(); }

std::optional<MessageView> WebSocketCore::on_event(FrameEvent event) {
  if (auto* message = std::get_if<MessageView>(&event)) {
    if (closing_) return std::nullopt;  // it crossed our close frame
    return *message;
  }
  if (auto* ping = std::get_if<Ping>(&event)) {
    pong_ = std::move(ping->payload);
    schedule_write();
    return std::nullopt;
  }
  if (std::holds_alternative<Pong>(event)) return std::nullopt;
  deaf_ = true;
  if (auto* closed = std::get_if<PeerClose>(&event)) {
    peer_closed_ = true;
    auto detail = "closed by the peer with code " + std::to_string(closed->code);
    if (!end_) end_ = Error{Errc::end_of_stream, std::move(detail)};
    start_closing(closed->code == 1005 ? std::string() : close_payload(closed->code, ""));
  } else {
    auto& violation = std::get<Violation>(event);
    auto code = violation.code == 1009 ? Errc::too_large : Errc::unavailable;
    if (!end_) end_ = Error{code, std::string(violation.what)};
    start_closing(close_payload(violation.code, violation.what));
  }
  notify();
  return std::nullopt;
}

/// The next message that is whole in `bytes`, of which it takes what it has read. What else it
/// meets there is seen to; after the end nothing is left.
std::optional<MessageView> WebSocketCore::next_message(std::span<char>& bytes) {
  while (!bytes.empty() && !deaf_) {
    std::optional<FrameEvent> event;
    bytes = bytes.subspan(reader_.feed(bytes, event));
    if (!event) break;
    if (auto message = on_event(std::move(*event))) return message;
  }
  if (deaf_) bytes = {};
  return std::nullopt;
}

std::optional<Result<WebSocketMessage>> WebSocketCore::poll() {
  if (end_ || dead_) return ended();
  auto bytes = in_.bytes();
  auto message = next_message(bytes);
  in_.consume(in_.bytes().size() - bytes.size());  // the message lies there until more is read
  if (message) return WebSocketMessage{message->binary, std::string(message->payload)};
  if (end_) return ended();
  return std::nullopt;
}

Task<WebSocketMessage> WebSocketCore::receive() {
  if (reading_) co_return fail(Errc::conflict, "receive() is already waiting");
  if (auto known = poll()) co_return std::move(*known);
  if (closing_) co_return ended();
  auto work = read_message();
  co_return co_await std::move(work);
}

Task<WebSocketMessage> WebSocketCore::read_message() {
  auto self = shared_from_this();
  Reading reading(*this);
  while (true) {
    if (!co_await read_more()) co_return ended();
    if (auto outcome = poll()) co_return std::move(*outcome);
  }
}

/// False when the connection broke.
asio::awaitable<bool> WebSocketCore::read_more() {
  error_code ec;
  auto into = in_.prepare();
  auto count = co_await stream_->read_when_there(into, ec);
  if (ec) {
    if (!dead_) co_await throw_if_cancelled();
    break_off(Error{Errc::unavailable, "the connection broke: " + ec.message()});
    co_return false;
  }
  last_heard_ = clock_.now();
  in_.commit(count);
  if (deaf_) in_.clear();
  co_return true;
}

Task<void> WebSocketCore::receive_all(MessageTaker taker) {
  if (reading_) co_return fail(Errc::conflict, "receive() is already waiting");
  if (closing_) co_return ended();
  auto self = shared_from_this();
  Reading reading(*this);
  taker_ = std::move(taker);
  wants_more_ = true;
  thrown_ = nullptr;
  auto* loop = Readiness::loop_of(executor_);
  while (true) {
    auto left = give(in_.bytes());
    in_.consume(in_.bytes().size() - left.size());
    if (has_all()) break;
    if (stream_->is_tls() || !loop) {
      if (!co_await read_more()) break;
      continue;
    }
    begin_receiving(*loop);
    while (!has_all() || receiving_) {
      error_code ec;
      co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ec));
      if (!has_all()) co_await throw_if_cancelled();
    }
    break;
  }
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  if (!wants_more_) co_return Result<void>{};
  co_return ended();
}

void WebSocketCore::begin_receiving(asio::io_context& loop) {
  in_.drop();  // what comes lies in the thread's room, or in the ring's
  descriptor_ = writing_ ? stream_->socket().native_handle() : stream_->leave_loop();
  ring_ = Ring::of(loop);
  if (ring_)
    receiving_ = ring_->receive(descriptor_, *this);
  else
    watch_.emplace(loop, descriptor_, static_cast<Reader&>(*this));
}

/// At once, and before the socket is closed.
void WebSocketCore::stop_watching() noexcept {
  watch_.reset();
  if (receiving_) ring_->forget(*std::exchange(receiving_, nullptr));
}

void WebSocketCore::on_received(std::span<char> bytes) noexcept {
  auto self = shared_from_this();
  last_heard_ = clock_.now();
  // Answers to what is given go to the ring by the end of this call: it has them sent together.
  writes_after_ = !write_scheduled_;
  if (!has_all()) bytes = give(bytes);
  if (std::exchange(writes_after_, false) && std::exchange(write_scheduled_, false)) write_batch();
  if (!has_all()) return;
  // More of what the kernel has read comes before it stops.
  if (!deaf_) in_.append({bytes.data(), bytes.size()});
  if (receiving_) ring_->stop(*receiving_);
}

void WebSocketCore::on_receive_ended(const error_code& why) noexcept {
  auto self = shared_from_this();
  receiving_ = nullptr;
  if (!has_all()) break_off(Error{Errc::unavailable, "the connection broke: " + why.message()});
  changed_.cancel();
}

/// Gives the taker what is whole in `bytes`; returns what it does not want any more.
std::span<char> WebSocketCore::give(std::span<char> bytes) noexcept {
  try {
    while (!has_all()) {
      auto message = next_message(bytes);
      if (!message) break;
      reading_since_ = last_heard_;
      wants_more_ = taker_(*message);
    }
  } catch (...) {
    thrown_ = std::current_exception();
  }
  return bytes;
}

void WebSocketCore::on_readable(bool ended) noexcept {
  // Of the thread: in its cache, and a quiet socket needs none. Nothing of it outlives this call.
  thread_local std::array<char, 64u << 10> room;
  auto self = shared_from_this();
  error_code ec;
  auto count = stream_->read_now(asio::buffer(room), ec);
  if (ec == asio::error::would_block || ec == asio::error::try_again) return;
  if (ec) return break_off(Error{Errc::unavailable, "the connection broke: " + ec.message()});
  last_heard_ = clock_.now();
  auto left = give(std::span(room).first(count));
  if (!has_all()) {
    if (ended || count == room.size()) watch_->again();
    return;
  }
  in_.append({left.data(), left.size()});
  watch_.reset();
  changed_.cancel();
}

}  // namespace parley::net
