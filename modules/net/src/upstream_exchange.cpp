#include "upstream_exchange.hpp"

#include <fmt/format.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/system/system_error.hpp>

#include "client_tls.hpp"
#include "parley/net/address_policy.hpp"
#include "response_head.hpp"

namespace parley::net {

namespace {

using asio::ip::tcp;

constexpr std::size_t piece_bytes = 64u << 10;
constexpr std::size_t slice_bytes = 256u << 10;
/// A kept connection is closed by servers after some seconds: for what must not be sent twice only
/// one that was busy a moment ago will do.
constexpr Duration recently = std::chrono::seconds(1);

TimePoint now() { return std::chrono::steady_clock::now(); }

std::string request_head(const UpstreamRequest& request, const std::string& authority) {
  std::string head;
  head.reserve(512);
  head.append(to_string(request.method)).append(" ").append(request.target).append(" HTTP/1.1\r\n");
  head.append("Host: ").append(authority).append("\r\n");
  for (auto& [name, value] : request.headers.all())
    head.append(name).append(": ").append(value).append("\r\n");
  bool expects_body = request.method == Method::post || request.method == Method::put ||
                      request.method == Method::patch;
  if (request.body_stream && !request.body_length)
    head.append("Transfer-Encoding: chunked\r\n");
  else if (request.body_stream || !request.body.empty() || expects_body)
    head.append("Content-Length: ")
        .append(std::to_string(request.body_length.value_or(request.body.size())))
        .append("\r\n");
  head.append("\r\n");
  return head;
}

}  // namespace

bool is_idempotent(Method method) noexcept {
  return method != Method::post && method != Method::patch;
}

UpstreamExchange::UpstreamExchange(std::shared_ptr<UpstreamPool> pool,
                                   asio::any_io_executor executor, Method method)
    : pool_(std::move(pool)),
      executor_(std::move(executor)),
      method_(method),
      watchdog_(executor_) {}

UpstreamExchange::~UpstreamExchange() = default;

// Time

void UpstreamExchange::watch_until(TimePoint when) {
  due_ = when;
  if (due_ < armed_until_) arm();
}

void UpstreamExchange::arm() {
  armed_until_ = due_;
  watchdog_.expires_at(due_);
  auto fired = [weak = weak_from_this()](const error_code& ec) {
    auto self = weak.lock();
    if (ec || !self) return;
    self->armed_until_ = TimePoint::max();
    if (now() >= self->due_)
      self->cut();
    else
      self->arm();
  };
  watchdog_.async_wait(asio::bind_executor(executor_, std::move(fired)));
}

void UpstreamExchange::cut() {
  expired_ = true;
  error_code ec;
  if (connecting_) connecting_->close(ec);
  if (connection_) connection_->stream->close();
}

Error UpstreamExchange::broken(const error_code& ec, std::string_view when) const {
  if (expired_) return {Errc::timeout, fmt::format("{}: it took too long", when)};
  // Closed by nobody here: the coroutine is being cancelled.
  if (ec == asio::error::operation_aborted)
    throw boost::system::system_error(asio::error::operation_aborted);
  return {Errc::unavailable, fmt::format("{}: {}", when, ec.message())};
}

// Connecting

asio::awaitable<Result<std::vector<tcp::endpoint>>> UpstreamExchange::resolve() {
  std::vector<tcp::endpoint> found;
  error_code ec;
  auto address = asio::ip::make_address(pool_->host(), ec);
  if (!ec) {
    found.emplace_back(address, static_cast<std::uint16_t>(std::stoul(pool_->port())));
  } else {
    tcp::resolver resolver(executor_);
    auto names = co_await resolver.async_resolve(pool_->host(), pool_->port(),
                                                 asio::redirect_error(asio::use_awaitable, ec));
    if (ec) co_return std::unexpected(broken(ec, "cannot resolve the host"));
    for (auto& name : names) found.push_back(name.endpoint());
  }
  if (pool_->options().public_addresses_only)
    std::erase_if(found, [](auto& endpoint) { return !is_public_address(endpoint.address()); });
  if (found.empty()) co_return fail(Errc::forbidden, "the address is not a public one");
  co_return found;
}

Task<std::unique_ptr<Stream>> UpstreamExchange::open(tcp::endpoint endpoint) {
  tcp::socket socket(executor_);
  error_code ec;
  connecting_ = &socket;
  co_await socket.async_connect(endpoint, asio::redirect_error(asio::use_awaitable, ec));
  connecting_ = nullptr;
  if (ec) co_return std::unexpected(broken(ec, "cannot connect"));
  socket.set_option(tcp::no_delay(true), ec);
  if (!pool_->tls()) co_return std::make_unique<Stream>(std::move(socket));
  auto stream = std::make_unique<Stream>(std::move(socket), client_tls_context());
  SSL_set_tlsext_host_name(stream->native_tls(), pool_->host().c_str());
  stream->verify_host(pool_->host());
  connecting_ = &stream->socket();
  co_await stream->handshake(asio::ssl::stream_base::client, ec);
  connecting_ = nullptr;
  if (ec) co_return std::unexpected(broken(ec, "the TLS handshake failed"));
  co_return stream;
}

Task<void> UpstreamExchange::connect() {
  watch_until(std::min(head_due_, now() + pool_->options().connect_timeout));
  auto resolving = resolve();
  auto endpoints = co_await std::move(resolving);
  if (!endpoints) co_return std::unexpected(endpoints.error());
  Error last;
  for (auto& endpoint : *endpoints) {
    auto opening = open(endpoint);
    auto stream = co_await std::move(opening);
    if (stream) {
      connection_ = std::make_unique<UpstreamConnection>();
      connection_->stream = std::move(*stream);
      co_return Result<void>{};
    }
    last = stream.error();
    if (expired_) break;
  }
  co_return std::unexpected(last);
}

// Sending

Task<void> UpstreamExchange::write(std::string_view bytes) {
  while (!bytes.empty()) {
    auto slice = bytes.substr(0, slice_bytes);
    watch_until(now() + idle_timeout_);
    error_code ec;
    co_await connection_->stream->write(asio::buffer(slice), ec);
    if (ec) co_return std::unexpected(broken(ec, "the request could not be sent"));
    sent_any_ = true;
    bytes.remove_prefix(slice.size());
  }
  co_return Result<void>{};
}

Task<void> UpstreamExchange::write_streamed(UpstreamRequest& request) {
  std::uint64_t left = request.body_length.value_or(0);
  while (true) {
    // The sender has time limits of its own.
    watch_until(TimePoint::max());
    auto reading = request.body_stream();
    auto piece = co_await std::move(reading);
    if (!piece) co_return std::unexpected(piece.error());
    body_taken_ = true;
    if (request.body_length) {
      if (piece->size() > left || (piece->empty() && left > 0))
        co_return fail(Errc::invalid, "the body is not as long as was said");
      if (piece->empty()) break;
      left -= piece->size();
    }
    auto framed = request.body_length ? std::move(*piece)
                                      : fmt::format("{:x}\r\n{}\r\n", piece->size(), *piece);
    bool last = !request.body_length && framed == "0\r\n\r\n";
    auto writing = write(framed);
    if (auto written = co_await std::move(writing); !written) co_return written;
    if (last) break;
  }
  co_return Result<void>{};
}

Task<void> UpstreamExchange::write_request(UpstreamRequest& request) {
  auto head = request_head(request, pool_->authority());
  bool together = !request.body_stream && request.body.size() <= piece_bytes;
  if (together) head.append(request.body);
  auto writing = write(head);
  if (auto written = co_await std::move(writing); !written) co_return written;
  if (together) co_return Result<void>{};
  auto rest = request.body_stream ? write_streamed(request) : write(request.body);
  co_return co_await std::move(rest);
}

// Receiving

Task<bool> UpstreamExchange::read_more() {
  error_code ec;
  auto into = connection_->in.prepare();
  connection_->in.commit(co_await connection_->stream->read_some(into, ec));
  if (!ec) co_return true;
  // Many servers end TLS without its goodbye; the framing tells whether anything is missing.
  if (ec == asio::error::eof || ec == asio::ssl::error::stream_truncated) co_return false;
  co_return std::unexpected(broken(ec, "the target's connection broke"));
}

Task<void> UpstreamExchange::read_head() {
  auto& in = connection_->in;
  watch_until(head_due_);
  while (true) {
    auto taken = reader_->feed(in.data());
    if (!taken) co_return std::unexpected(taken.error());
    in.consume(*taken);
    if (reader_->head_done()) co_return Result<void>{};
    // An interim answer may have the final one behind it.
    if (*taken > 0 && !in.empty()) continue;
    auto reading = read_more();
    auto more = co_await std::move(reading);
    if (!more) co_return std::unexpected(more.error());
    if (!*more)
      co_return reader_->started()
          ? fail(Errc::corrupt, "the target closed inside an answer's head")
          : fail(Errc::unavailable, "the target closed without an answer");
  }
}

/// A failure is final: the body must not seem to end after it.
std::unexpected<Error> UpstreamExchange::give_up(Error error) {
  watchdog_.cancel();
  connection_.reset();
  failure_ = error;
  return std::unexpected(std::move(error));
}

Task<std::string> UpstreamExchange::next_piece() {
  while (true) {
    if (failure_) co_return std::unexpected(*failure_);
    // The end was passed on, or the connection is back in the pool.
    if (!connection_) co_return std::string();
    auto& in = connection_->in;
    auto taken = reader_->feed(in.data());
    if (!taken) co_return give_up(taken.error());
    in.consume(*taken);
    auto piece = reader_->take_body();
    if (reader_->done()) release();
    // Until the next piece is asked for, time is the receiver's.
    if (!piece.empty()) watch_until(TimePoint::max());
    if (!piece.empty()) co_return piece;
    if (!connection_) continue;
    in.grow_to(piece_bytes);
    watch_until(now() + idle_timeout_);
    auto reading = read_more();
    auto more = co_await std::move(reading);
    if (!more) co_return give_up(more.error());
    if (*more) continue;
    if (auto whole = reader_->end(); !whole)
      co_return give_up({Errc::unavailable, "the target closed in the middle of the body"});
    release();
  }
}

/// The answer is complete: keeps the connection if it can be used again.
void UpstreamExchange::release() {
  watchdog_.cancel();
  auto connection = std::move(connection_);
  if (reader_->keep_alive() && sent_all_ && connection->in.empty() && !expired_)
    pool_->put(executor_, std::move(connection));
}

// All of it

Task<void> UpstreamExchange::attempt(UpstreamRequest& request, Kept kept) {
  reader_.emplace(method_);
  sent_any_ = sent_all_ = was_kept_ = false;
  connection_.reset();
  if (kept == Kept::allowed) {
    auto longest = pool_->options().idle_connection_life;
    connection_ = pool_->take(executor_, may_repeat_ ? longest : recently);
    was_kept_ = connection_ != nullptr;
  }
  if (!connection_) {
    auto connecting = connect();
    if (auto connected = co_await std::move(connecting); !connected) co_return connected;
  }
  auto writing = write_request(request);
  auto written = co_await std::move(writing);
  sent_all_ = written.has_value();
  // A long upload has not used up the time in which it is answered.
  if (request.body_stream) head_due_ = std::max(head_due_, now() + idle_timeout_);
  // It may have answered early, refusing a body it does not want; anything but a broken connection
  // is the sender's.
  if (!written && (written.error().code != Errc::unavailable || !sent_any_)) co_return written;
  auto reading = read_head();
  co_return co_await std::move(reading);
}

/// What must not be repeated and was sent may have had its effect.
Error UpstreamExchange::failure_of_head(Error error) const {
  bool unclear = error.code == Errc::timeout || error.code == Errc::unavailable;
  if (unclear && sent_any_ && !may_repeat_) error.code = Errc::outcome_unknown;
  return error;
}

Task<UpstreamResponse> UpstreamExchange::run(Context ctx, UpstreamRequest request) {
  for (auto& [name, value] : request.headers.all())
    if (!is_sound_field(name, value)) co_return fail(Errc::invalid, "a header cannot be sent");
  auto good = [](char c) { return c > ' ' && c != 0x7F; };
  if (!request.target.starts_with('/') || !std::ranges::all_of(request.target, good))
    co_return fail(Errc::invalid, "the target of the request cannot be sent");
  may_repeat_ =
      is_idempotent(request.method) || request.repeats == UpstreamRequest::Repeats::harmless;
  head_due_ = std::min(ctx.deadline, request.head_deadline);
  idle_timeout_ = request.idle_timeout;
  // A body that streams cannot be sent again when a kept connection turns out closed.
  auto first = attempt(request, request.body_stream ? Kept::no : Kept::allowed);
  auto outcome = co_await std::move(first);
  bool closed_in_between = !outcome && outcome.error().code == Errc::unavailable && was_kept_ &&
                           !reader_->started() && !body_taken_ && may_repeat_;
  if (closed_in_between) {
    auto second = attempt(request, Kept::no);
    outcome = co_await std::move(second);
  }
  if (!outcome) {
    watchdog_.cancel();
    connection_.reset();
    co_return std::unexpected(failure_of_head(outcome.error()));
  }
  UpstreamResponse response;
  response.status = reader_->status();
  response.headers = std::move(reader_->headers());
  response.length = reader_->length();
  watch_until(TimePoint::max());
  if (reader_->done()) release();
  response.body = [self = shared_from_this()] { return self->next_piece(); };
  co_return response;
}

namespace {

class PooledUpstream final : public Upstream {
 public:
  explicit PooledUpstream(std::shared_ptr<UpstreamPool> pool) : pool_(std::move(pool)) {}

  Task<UpstreamResponse> send(Context ctx, UpstreamRequest request) override {
    auto executor = co_await asio::this_coro::executor;
    auto exchange = std::make_shared<UpstreamExchange>(pool_, executor, request.method);
    auto running = exchange->run(std::move(ctx), std::move(request));
    co_return co_await std::move(running);
  }
  void sweep() override { pool_->sweep(); }

 private:
  std::shared_ptr<UpstreamPool> pool_;
};

}  // namespace

Result<std::shared_ptr<Upstream>> make_upstream(UpstreamOptions options) {
  auto pool = UpstreamPool::make(std::move(options));
  if (!pool) return std::unexpected(pool.error());
  return std::make_shared<PooledUpstream>(std::move(*pool));
}

}  // namespace parley::net
