#include "connection.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>

#include "gzip.hpp"
#include "handler_failure.hpp"
#include "parley/telemetry/log.hpp"
#include "request_target.hpp"
#include "websocket_handshake.hpp"

namespace parley::net {

namespace {

constexpr std::size_t body_bytes_per_second = 16u << 10;  ///< slower clients are cut off
constexpr std::size_t long_body_bytes = 64u << 10;
constexpr std::size_t write_slice_bytes = 256u << 10;
constexpr std::size_t gzip_slice_bytes = 64u << 10;
constexpr std::size_t max_goodbye_bytes = 16u << 20;
constexpr Duration goodbye_timeout = std::chrono::seconds(2);

std::string text_of(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  return address.to_string();
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerShared> shared, Stream::Socket socket)
    : shared_(std::move(shared)), reader_(shared_->options.max_head_bytes) {
  error_code ec;
  auto peer = socket.remote_endpoint(ec);
  if (!ec) remote_ip_ = text_of(peer.address());
  stream_ = shared_->tls ? std::make_unique<Stream>(std::move(socket), *shared_->tls)
                         : std::make_unique<Stream>(std::move(socket));
}

// Time

void Connection::enter(Phase phase, Duration limit) {
  phase_ = phase;
  due_ = (shared_->clock.now() + limit).time_since_epoch().count();
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  due_ = Duration::max().count();
}

void Connection::expire() {
  asio::post(strand_, [self = shared_from_this()] {
    auto now = self->shared_->clock.now();
    if (self->due() > now) return;  // the step ended in the meantime
    if (self->phase_ == Phase::websocket) {
      self->due_ = self->websocket_->tick(now).time_since_epoch().count();
      return;
    }
    self->due_ = Duration::max().count();
    self->expired_ = true;
    // A slow request still gets its 408; there is nothing to say to the others.
    if (self->phase_ == Phase::head || self->phase_ == Phase::body)
      self->stream_->cancel();
    else
      self->stream_->close();
  });
}

void Connection::drain() {
  asio::post(strand_, [self = shared_from_this()] {
    if (self->phase_ == Phase::idle) self->stream_->cancel();
  });
}

// The life of a connection

asio::awaitable<void> Connection::run() {
  struct Closer {
    Connection& connection;
    ~Closer() {
      if (connection.stream_) connection.stream_->close();
      if (connection.websocket_) connection.websocket_->abort();
    }
  } closer{*this};
  auto serving = serve_requests();
  auto after = co_await std::move(serving);
  if (after == After::close) {
    auto goodbye = say_goodbye();
    co_await std::move(goodbye);
  } else if (after == After::talk) {
    auto talk = run_websocket(std::move(upgrade_));
    co_await std::move(talk);
  }
}

asio::awaitable<Connection::After> Connection::serve_requests() {
  if (!co_await shake_hands()) co_return After::drop;
  while (true) {
    reader_.next();
    in_.shrink();
    if (!co_await read_head()) co_return After::drop;
    auto after = co_await serve_request();
    first_ = false;
    if (after != After::keep) co_return after;
  }
}

asio::awaitable<void> Connection::turn_away() {
  if (stream_->is_tls()) co_return;  // a handshake costs more than the answer is worth
  keep_alive_ = false;
  request_id_ = "req_" + make_ulid(shared_->clock.wall(), shared_->random);
  Headers headers;
  headers.set("Retry-After", "1");
  Refusal busy{503, "the server has too many connections"};
  co_await refuse(std::move(busy), std::move(headers));
  co_await say_goodbye();
}

asio::awaitable<bool> Connection::shake_hands() {
  if (!stream_->is_tls()) co_return true;
  enter(Phase::handshake, shared_->options.head_timeout);
  error_code ec;
  co_await stream_->handshake(asio::ssl::stream_base::server, ec);
  co_return !ec;
}

/// Closing at once would let the kernel reset the connection when unread bytes are there, and the
/// reset may overtake the answer: so send the end, and read until the peer has ended too.
asio::awaitable<void> Connection::say_goodbye() {
  enter(Phase::ending, goodbye_timeout);
  error_code ec;
  if (stream_->is_tls()) co_await stream_->shutdown_tls(ec);
  stream_->shutdown_send();
  std::size_t discarded = 0;
  ec = {};
  while (!ec && discarded < max_goodbye_bytes) {
    in_.clear();
    auto into = in_.prepare();
    discarded += co_await stream_->socket().async_read_some(
        into, asio::redirect_error(asio::use_awaitable, ec));
  }
}

// Reading

asio::awaitable<bool> Connection::read_more() {
  error_code ec;
  auto into = in_.prepare();
  in_.commit(co_await stream_->read_some(into, ec));
  co_return !ec;
}

/// False when there is no request and nothing to say about it.
asio::awaitable<bool> Connection::read_head() {
  auto& options = shared_->options;
  enter(Phase::idle, first_ ? options.head_timeout : options.keep_alive_timeout);
  while (true) {
    while (!reader_.started() && in_.data().starts_with("\r\n")) in_.consume(2);
    if (!in_.empty()) {
      if (phase_ == Phase::idle) enter(Phase::head, options.head_timeout);
      in_.consume(reader_.feed(in_.data(), refused_));
      if (refused_ || reader_.head_done()) co_return true;
    } else if (shared_->draining && phase_ == Phase::idle) {
      co_return false;
    }
    if (co_await read_more()) continue;
    if (!expired_ || phase_ != Phase::head) co_return false;
    refused_ = Refusal{408, "the request head took too long"};
    co_return true;
  }
}

/// False when the connection ended before the body did.
asio::awaitable<bool> Connection::read_body() {
  auto limit = shared_->options.body_timeout;
  enter(Phase::body, limit);
  auto began = shared_->clock.now();
  auto length = reader_.head().content_length;
  if (length && *length >= long_body_bytes) in_.grow_to(long_body_bytes);
  while (true) {
    in_.consume(reader_.feed(in_.data(), refused_));
    if (refused_ || reader_.done()) co_return true;
    // A steady sender may take longer than the limit for a large body, a trickle may not.
    auto earned = std::chrono::seconds(reader_.body_bytes() / body_bytes_per_second);
    due_ = (began + limit + earned).time_since_epoch().count();
    if (co_await read_more()) continue;
    if (!expired_) co_return false;
    refused_ = Refusal{408, "the request body took too long"};
    co_return true;
  }
}

/// The same for a body that the handler reads: only what the client makes us wait counts.
Task<std::string> Connection::next_body_piece() {
  if (refused_) co_return fail(Errc::invalid, refused_->message);
  if (!std::exchange(continued_, true) && in_.empty() &&
      !co_await write("HTTP/1.1 100 Continue\r\n\r\n"))
    co_return fail(Errc::end_of_stream, "the client went away");
  in_.grow_to(long_body_bytes);
  while (true) {
    if (!reader_.done()) in_.consume(reader_.feed(in_.data(), refused_));
    if (refused_)
      co_return fail(refused_->status == 413 ? Errc::too_large : Errc::invalid, refused_->message);
    auto piece = reader_.take_body();
    if (!piece.empty() || reader_.done()) {
      enter(Phase::handler);
      co_return piece;
    }
    auto earned = std::chrono::seconds(reader_.body_bytes() / body_bytes_per_second);
    enter(Phase::body, shared_->options.body_timeout + earned - body_waited_);
    auto began = shared_->clock.now();
    bool more = co_await read_more();
    body_waited_ += shared_->clock.now() - began;
    if (more) continue;
    enter(Phase::handler);
    keep_alive_ = false;
    if (expired_) co_return fail(Errc::timeout, "the request body took too long");
    co_return fail(Errc::end_of_stream, "the client went away");
  }
}

std::string Connection::request_id_for(const Headers& headers) {
  auto given = headers.get("X-Request-Id");
  if (given && is_sound_request_id(*given)) return std::string(*given);
  return "req_" + make_ulid(shared_->clock.wall(), shared_->random);
}

Result<HttpRequest> Connection::make_request() {
  auto& head = reader_.head();
  auto target = parse_request_target(head.target);
  if (!target) return std::unexpected(target.error());
  HttpRequest request;
  request.method = head.method.value_or(Method::options);
  request.target = std::move(head.target);
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  request.headers = std::move(head.headers);
  request.remote_ip = remote_ip_;
  request.tls = stream_->is_tls();
  request.request_id = request_id_;
  return request;
}

// Answering

asio::awaitable<Connection::After> Connection::serve_request() {
  auto& head = reader_.head();
  request_id_ = request_id_for(head.headers);
  if (refused_) {
    keep_alive_ = is_head_ = http_1_0_ = false;
    co_return co_await refuse(*refused_);
  }
  keep_alive_ = head.keep_alive;
  is_head_ = head.method == Method::head;
  http_1_0_ = head.http_1_0;
  accept_encoding_ = head.headers.get("Accept-Encoding").value_or("");
  auto method = head.method;
  auto request = make_request();
  if (!request) co_return co_await refuse({400, request.error().detail});

  auto& router = shared_->router;
  auto websocket = router.match_websocket(request->path);
  if (asks_for_websocket(*request)) {
    if (websocket) co_return co_await serve_websocket(std::move(*request), std::move(*websocket));
    if (auto gate = router.match_gate(request->path))
      co_return co_await serve_gate(std::move(*request), *gate);
  }
  if (method) {
    auto match = router.match(*method, request->path);
    if (auto* found = std::get_if<Router::HttpMatch>(&match))
      co_return co_await serve_http(std::move(*request), std::move(*found));
  }
  Headers headers;
  if (auto allow = allowed_methods(request->path); !allow.empty()) {
    headers.set("Allow", allow);
    Refusal wrong_method{405, "the method is not allowed here; allowed: " + allow};
    co_return co_await refuse(std::move(wrong_method), std::move(headers));
  }
  if (websocket) {
    headers.set("Upgrade", "websocket");
    Refusal needs_upgrade{426, "this address speaks WebSocket"};
    co_return co_await refuse(std::move(needs_upgrade), std::move(headers));
  }
  co_return co_await refuse({404, "no such route"});
}

std::string Connection::allowed_methods(std::string_view path) const {
  // Any method that does not match here tells which ones do.
  for (auto method : {Method::options, Method::patch, Method::put, Method::delete_, Method::post,
                      Method::get, Method::head}) {
    auto match = shared_->router.match(method, path);
    if (auto* wrong = std::get_if<Router::WrongMethod>(&match)) return std::move(wrong->allow);
    if (std::holds_alternative<Router::NoRoute>(match)) return "";
  }
  return "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
}

asio::awaitable<Connection::After> Connection::serve_http(HttpRequest request,
                                                          Router::HttpMatch match) {
  auto& head = reader_.head();
  auto limit = match.limits.max_body_bytes;
  if (head.content_length.value_or(0) > limit)
    co_return co_await refuse({413, "the body is larger than " + std::to_string(limit) + " bytes"});
  reader_.set_body_limit(limit);
  auto& above = match.limits.stream_above_bytes;
  bool streams =
      above && !reader_.done() && (!head.content_length || *head.content_length > *above);
  if (streams) {
    continued_ = !head.expects_continue;
    body_waited_ = {};
    request.body_length = head.content_length;
    request.body_stream = [self = shared_from_this()] { return self->next_body_piece(); };
  } else if (!reader_.done()) {
    if (head.expects_continue && in_.empty() && !co_await write("HTTP/1.1 100 Continue\r\n\r\n"))
      co_return After::drop;
    if (!co_await read_body()) co_return After::drop;
    if (refused_) co_return co_await refuse(*refused_);
  }
  if (!streams) request.body = reader_.take_body();
  request.path_values = std::move(match.path_values);
  enter(Phase::handler);
  auto answer = call(*match.handler, std::move(request));
  auto response = co_await std::move(answer);
  co_return co_await respond(std::move(response));
}

HttpResponse Connection::error_page(const Refusal& refusal) const {
  if (shared_->error_page) return shared_->error_page(refusal.status, refusal.message, request_id_);
  return text_response(refusal.status, refusal.message + "\n");
}

asio::awaitable<HttpResponse> Connection::call(const HttpHandler& handler, HttpRequest request) {
  std::string thrown;
  try {
    auto work = handler(std::move(request));
    co_return co_await std::move(work);
  } catch (...) {
    thrown = what_was_thrown();
  }
  co_await throw_if_cancelled();
  log::error("http.handler_threw", {{"requestId", request_id_}, {"what", thrown}});
  co_return error_page({500, "something went wrong here"});
}

asio::awaitable<Connection::After> Connection::refuse(Refusal refusal, Headers headers) {
  auto page = error_page(refusal);
  for (auto& [name, value] : headers.all()) page.headers.set(name, value);
  auto answer = respond(std::move(page));
  co_return co_await std::move(answer);
}

asio::awaitable<void> Connection::compress(HttpResponse& response) {
  if (!is_worth_gzip(response)) co_return;
  response.headers.add("Vary", "Accept-Encoding");
  if (!accepts_gzip(accept_encoding_)) co_return;
  Gzip gzip;
  std::string packed;
  std::string_view rest = response.body;
  while (!rest.empty()) {
    gzip.add(rest.substr(0, gzip_slice_bytes), packed);
    rest.remove_prefix(std::min(rest.size(), gzip_slice_bytes));
    // Others on this thread have their turn between slices.
    if (!rest.empty()) co_await asio::post(asio::use_awaitable);
  }
  gzip.finish(packed);
  response.body = std::move(packed);
  response.headers.set("Content-Encoding", "gzip");
}

asio::awaitable<Connection::After> Connection::respond(HttpResponse response) {
  if (response.sending != HttpResponse::Sending::whole) {
    if (response.sending == HttpResponse::Sending::reset) stream_->reset();
    co_return After::drop;
  }
  if (response.status < 200 || response.status > 599)
    response = error_page({500, "something went wrong here"});
  bool streamed = static_cast<bool>(response.stream);
  if (!streamed) co_await compress(response);
  HeadFacts facts{.now = shared_->clock.wall(), .request_id = request_id_};
  bool has_body = status_has_body(response.status);
  bool unknown_length = streamed && !response.stream_size;
  if (unknown_length)
    facts.chunked = has_body && !http_1_0_;
  else if (has_body)
    facts.content_length = streamed ? *response.stream_size : response.body.size();
  facts.http_1_0 = http_1_0_;
  facts.keep_alive = keep_alive_ && !shared_->draining && !refused_ && reader_.done() &&
                     !(unknown_length && http_1_0_) &&
                     !has_word(response.headers.get("Connection"), "close");
  shared_->metrics.requests[static_cast<std::size_t>(response.status / 100) - 2].add();
  auto head = response_head(response, facts);
  bool sent = false;
  if (is_head_ || !has_body)
    sent = co_await write(head);
  else if (unknown_length)
    sent = co_await write_stream(std::move(head), std::move(response.stream));
  else if (streamed)
    sent = co_await write_sized(std::move(head), std::move(response));
  else
    sent = co_await write_body(std::move(head), response.body);
  if (!sent) co_return After::drop;
  co_return facts.keep_alive ? After::keep : After::close;
}

// Writing

asio::awaitable<bool> Connection::write(std::string_view bytes) {
  enter(Phase::writing, shared_->options.write_timeout);
  error_code ec;
  co_await stream_->write(asio::buffer(bytes), ec);
  co_return !ec;
}

asio::awaitable<bool> Connection::write_body(std::string head, std::string_view body) {
  // Head and the first slice leave together; each slice has the whole write timeout.
  auto together = body.substr(0, write_slice_bytes);
  head.append(together);
  body.remove_prefix(together.size());
  if (!co_await write(head)) co_return false;
  while (!body.empty()) {
    auto slice = body.substr(0, write_slice_bytes);
    if (!co_await write(slice)) co_return false;
    body.remove_prefix(slice.size());
  }
  co_return true;
}

asio::awaitable<Result<std::string>> Connection::next_piece(const BodyStream& stream) {
  std::string thrown;
  try {
    auto work = stream();
    co_return co_await std::move(work);
  } catch (...) {
    thrown = what_was_thrown();
  }
  co_await throw_if_cancelled();
  co_return fail(Errc::unavailable, std::move(thrown));
}

void Connection::stream_failed(std::string_view what) {
  log::warn("http.stream_failed", {{"requestId", request_id_}, {"what", what}});
}

/// A stream that fails is cut off without its last chunk, so that the client sees it is not whole;
/// in HTTP/1.0, where the end of the connection is the end of the body, only a reset says so.
asio::awaitable<bool> Connection::write_stream(std::string head, BodyStream stream) {
  if (!co_await write(head)) co_return false;
  while (true) {
    enter(Phase::handler);
    auto piece = co_await next_piece(stream);
    if (!piece) {
      stream_failed(piece.error().detail);
      if (http_1_0_) stream_->reset();
      co_return false;
    }
    auto framed = http_1_0_ ? *piece : fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece);
    if (!framed.empty() && !co_await write(framed)) co_return false;
    if (piece->empty()) co_return true;
  }
}

/// Ends after the promised bytes, or is cut off before them.
asio::awaitable<bool> Connection::write_sized(std::string head, HttpResponse response) {
  if (!co_await write(head)) co_return false;
  for (auto left = *response.stream_size; left > 0;) {
    enter(Phase::handler);
    auto piece = co_await next_piece(response.stream);
    if (piece && piece->empty()) piece = fail(Errc::corrupt, "the body is shorter than was said");
    if (piece && piece->size() > left)
      piece = fail(Errc::corrupt, "the body is longer than was said");
    if (!piece) {
      stream_failed(piece.error().detail);
      co_return false;
    }
    left -= piece->size();
    if (!co_await write_body("", *piece)) co_return false;
  }
  co_return true;
}

}  // namespace parley::net
