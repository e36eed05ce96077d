#include "gated_connection.hpp"

#include <boost/asio/write.hpp>

#include "parley/simulators/tcp_listener.hpp"

namespace parley::simulators {

using Effect = Fault::Effect;

void GatedConnection::cut() {
  reset(client_);
  reset(service_);
}

void GatedConnection::end() {
  error_code ignored;
  client_.shutdown(Socket::shutdown_both, ignored);
  client_.close(ignored);
  service_.close(ignored);
}

asio::awaitable<bool> GatedConnection::strikes(Fault::When when) {
  if (fault_.when != when) co_return false;
  if (fault_.effect == Effect::reset) {
    cut();
    co_return true;
  }
  if (fault_.effect == Effect::close) {
    end();
    co_return true;
  }
  if (fault_.effect != Effect::hang) co_return false;
  // Whoever goes first ends it: what comes meanwhile is taken and forgotten.
  auto& speaker = when == Fault::When::before ? client_ : service_;
  error_code ec;
  for (Piece piece; !ec;)
    co_await speaker.async_read_some(asio::buffer(piece),
                                     asio::redirect_error(asio::use_awaitable, ec));
  if (when == Fault::When::before) end();
  co_return true;
}

asio::awaitable<void> GatedConnection::up() {
  error_code ec;
  Piece piece;
  while (true) {
    auto size = co_await client_.async_read_some(asio::buffer(piece),
                                                 asio::redirect_error(asio::use_awaitable, ec));
    if (ec) break;
    client_spoke_ = true;
    if (co_await strikes(Fault::When::before)) co_return;
    co_await asio::async_write(service_, asio::buffer(piece.data(), size),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec) break;
  }
  error_code ignored;
  if (ec == asio::error::eof)
    service_.shutdown(Socket::shutdown_send, ignored);
  else
    cut();
}

asio::awaitable<void> GatedConnection::down() {
  error_code ec;
  Piece piece;
  while (true) {
    auto size = co_await service_.async_read_some(asio::buffer(piece),
                                                  asio::redirect_error(asio::use_awaitable, ec));
    if (ec) break;
    if (client_spoke_ && co_await strikes(Fault::When::after)) co_return;
    auto giving = give(std::span(piece.data(), size));
    if (!co_await std::move(giving)) co_return;
  }
  error_code ignored;
  // A service that is only held in a hang has nothing to say of the connection's end.
  bool hangs = fault_.effect == Effect::hang && client_spoke_;
  if (ec == asio::error::eof && !hangs)
    client_.shutdown(Socket::shutdown_send, ignored);
  else if (!hangs)
    cut();
}

asio::awaitable<bool> GatedConnection::give(std::span<char> answer) {
  if (fault_.effect == Effect::garbage) random_.fill(std::as_writable_bytes(answer));
  if (fault_.effect == Effect::slow) {
    auto trickling = trickle(answer);
    co_return co_await std::move(trickling);
  }
  bool is_last = false;
  if (fault_.effect == Effect::half) {
    auto most = fault_.bytes > 0 ? fault_.bytes : (answer.size() + 1) / 2;
    is_last = given_ + answer.size() >= most;
    answer = answer.first(std::min(answer.size(), most - given_));
  }
  error_code ec;
  co_await asio::async_write(client_, asio::buffer(answer.data(), answer.size()),
                             asio::redirect_error(asio::use_awaitable, ec));
  given_ += answer.size();
  if (is_last) end();
  if (ec) cut();
  co_return !ec && !is_last;
}

asio::awaitable<bool> GatedConnection::trickle(std::span<char> answer) {
  auto step = std::max<std::size_t>(1, fault_.bytes / 10);
  while (!answer.empty()) {
    auto piece = answer.first(std::min(step, answer.size()));
    answer = answer.subspan(piece.size());
    error_code ec;
    co_await asio::async_write(client_, asio::buffer(piece.data(), piece.size()),
                               asio::redirect_error(asio::use_awaitable, ec));
    if (ec) {
      cut();
      co_return false;
    }
    auto takes = std::chrono::duration<double>(static_cast<double>(piece.size()) /
                                               static_cast<double>(fault_.bytes));
    co_await clock_.sleep_for(std::chrono::duration_cast<Duration>(takes));
  }
  co_return true;
}

}  // namespace parley::simulators
