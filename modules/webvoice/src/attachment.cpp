#include "attachment.hpp"

#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"

namespace parley::webvoice {

void Attachment::send(net::WebSocketMessage message, Priority priority) {
  auto queue = [self = shared_from_this(), message = std::move(message), priority]() mutable {
    // A browser that takes nothing is seen by the socket's own limits, and ends there.
    (void)self->socket_->send(std::move(message), priority);
    self->waiting_bytes_.store(self->socket_->queued_bytes());
  };
  asio::post(executor_, std::move(queue));
}

void Attachment::send_event(const json::object& event, Priority priority) {
  send({false, json::serialize(event)}, priority);
}

void Attachment::send_audio(std::span<const std::byte> audio) {
  send({true, std::string(as_text(audio))}, Priority::normal);
}

void Attachment::drop_queued() {
  asio::post(executor_, [self = shared_from_this()] {
    self->socket_->drop_queued();
    self->waiting_bytes_.store(self->socket_->queued_bytes());
  });
}

void Attachment::request_close(CloseCode code, std::string reason) {
  asio::post(executor_, [self = shared_from_this(), code, reason = std::move(reason)]() mutable {
    if (!self->close_) self->close_ = Close{code, std::move(reason)};
    self->closing_.notify();
  });
}

Task<net::WebSocketMessage> Attachment::receive() {
  if (close_) co_return fail(Errc::end_of_stream, "closing");
  auto receiving = socket_->receive();
  auto closing = closing_.wait();
  auto first = co_await race(std::move(receiving), std::move(closing));
  waiting_bytes_.store(socket_->queued_bytes());
  if (first.index() == 1) co_return fail(Errc::end_of_stream, "closing");
  co_return std::move(std::get<0>(first));
}

asio::awaitable<void> Attachment::close() {
  auto how = close_.value_or(Close{});
  auto closing = socket_->close(static_cast<int>(how.code), how.reason);
  co_await std::move(closing);
}

}  // namespace parley::webvoice
