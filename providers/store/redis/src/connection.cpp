#include "connection.hpp"

#include <hiredis/hiredis.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

namespace parley::providers::redis {

namespace {

/// More than any answer that is asked for.
constexpr std::size_t max_buffered = 64u << 20;
using boost::system::error_code;

auto into(error_code& ec) { return asio::redirect_error(asio::use_awaitable, ec); }

/// Cancellation goes up, everything else is Redis being away.
std::unexpected<Error> away(const error_code& ec, std::string_view what) {
  if (ec == asio::error::operation_aborted) throw boost::system::system_error(ec);
  return fail(Errc::unavailable, "Redis: " + std::string(what) + ": " + ec.message());
}

Reply to_reply(const redisReply& from) {
  Reply reply;
  switch (from.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      reply.kind = Reply::Kind::text;
      reply.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_ERROR:
      reply.kind = Reply::Kind::error;
      reply.text.assign(from.str, from.len);
      break;
    case REDIS_REPLY_INTEGER:
      reply.kind = Reply::Kind::integer;
      reply.integer = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      reply.kind = Reply::Kind::array;
      for (std::size_t i = 0; i < from.elements; ++i)
        reply.items.push_back(to_reply(*from.element[i]));
      break;
    default:
      break;
  }
  return reply;
}

}  // namespace

std::string encode(const std::vector<std::string>& words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> lengths;
  for (const auto& word : words) {
    starts.push_back(word.data());
    lengths.push_back(word.size());
  }
  char* bytes = nullptr;
  auto length =
      redisFormatCommandArgv(&bytes, static_cast<int>(words.size()), starts.data(), lengths.data());
  if (length < 0) throw std::bad_alloc();
  std::string encoded(bytes, static_cast<std::size_t>(length));
  redisFreeCommand(bytes);
  return encoded;
}

Connection::Connection(const asio::any_io_executor& executor, const Address& address)
    : address_(address),
      tls_context_(asio::ssl::context::tls_client),
      stream_(executor, tls_context_),
      reader_(redisReaderCreate(), redisReaderFree) {
  if (!reader_) throw std::bad_alloc();
}

Connection::~Connection() = default;

Task<void> Connection::open() {
  auto executor = stream_.get_executor();
  asio::ip::tcp::resolver resolver(executor);
  error_code ec;
  auto resolving = resolver.async_resolve(address_.host, address_.port, into(ec));
  auto found = co_await std::move(resolving);
  if (ec) co_return away(ec, "no such host");
  auto& socket = stream_.next_layer();
  auto connecting = asio::async_connect(socket, found, into(ec));
  co_await std::move(connecting);
  if (ec) co_return away(ec, "cannot connect");
  socket.set_option(asio::ip::tcp::no_delay(true), ec);
  if (address_.transport == Address::Transport::tls) {
    auto securing = secure();
    if (auto secured = co_await std::move(securing); !secured) co_return secured;
  }
  std::vector<std::vector<std::string>> greetings;
  if (!address_.password.empty() && address_.user.empty())
    greetings.push_back({"AUTH", address_.password});
  else if (!address_.password.empty())
    greetings.push_back({"AUTH", address_.user, address_.password});
  if (address_.database != 0) greetings.push_back({"SELECT", std::to_string(address_.database)});
  // One that still loads its data says so.
  greetings.push_back({"PING"});
  for (auto& words : greetings) {
    auto greeting = expect_good(std::move(words));
    if (auto good = co_await std::move(greeting); !good) co_return good;
  }
  co_return Result<void>{};
}

Task<void> Connection::secure() {
  error_code ec;
  if (address_.authorities.empty()) {
    tls_context_.set_default_verify_paths(ec);
  } else {
    tls_context_.load_verify_file(address_.authorities, ec);
  }
  if (ec) co_return away(ec, "the authorities' file");
  // The context was copied into the stream's session when that was made.
  SSL_set1_verify_cert_store(stream_.native_handle(),
                             SSL_CTX_get_cert_store(tls_context_.native_handle()));
  stream_.set_verify_mode(asio::ssl::verify_peer);
  stream_.set_verify_callback(asio::ssl::host_name_verification(address_.host));
  SSL_set_tlsext_host_name(stream_.native_handle(), address_.host.c_str());
  auto shaking = stream_.async_handshake(asio::ssl::stream_base::client, into(ec));
  co_await std::move(shaking);
  if (ec) co_return away(ec, "no TLS");
  co_return Result<void>{};
}

Task<void> Connection::expect_good(std::vector<std::string> words) {
  auto writing = write(encode(words));
  if (auto written = co_await std::move(writing); !written) co_return written;
  auto reading = read();
  auto reply = co_await std::move(reading);
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->kind != Reply::Kind::error) co_return Result<void>{};
  // Its first word, such as WRONGPASS or LOADING: the rest may repeat what was sent.
  auto word = reply->text.substr(0, reply->text.find(' '));
  co_return fail(Errc::unavailable, "Redis refuses " + words.front() + ": " + word);
}

Task<Reply> Connection::read() {
  while (true) {
    void* parsed = nullptr;
    if (redisReaderGetReply(reader_.get(), &parsed) != REDIS_OK)
      co_return fail(Errc::corrupt, "what answers does not speak Redis's protocol");
    if (parsed) {
      std::unique_ptr<void, void (*)(void*)> reply(parsed, freeReplyObject);
      co_return to_reply(*static_cast<redisReply*>(parsed));
    }
    if (reader_->len - reader_->pos > max_buffered)
      co_return fail(Errc::corrupt, "an answer of Redis has no end");
    error_code ec;
    std::size_t size = 0;
    auto space = asio::buffer(received_);
    if (address_.transport == Address::Transport::tls) {
      auto reading = stream_.async_read_some(space, into(ec));
      size = co_await std::move(reading);
    } else {
      auto reading = stream_.next_layer().async_read_some(space, into(ec));
      size = co_await std::move(reading);
    }
    if (ec) co_return away(ec, "the connection broke");
    if (redisReaderFeed(reader_.get(), received_.data(), size) != REDIS_OK) throw std::bad_alloc();
  }
}

Task<void> Connection::write(std::string bytes) {
  error_code ec;
  if (address_.transport == Address::Transport::tls) {
    auto writing = asio::async_write(stream_, asio::buffer(bytes), into(ec));
    co_await std::move(writing);
  } else {
    auto writing = asio::async_write(stream_.next_layer(), asio::buffer(bytes), into(ec));
    co_await std::move(writing);
  }
  if (ec) co_return away(ec, "the connection broke");
  co_return Result<void>{};
}

void Connection::close() {
  error_code ec;
  stream_.next_layer().close(ec);
}

Duration Backoff::next() {
  pause_ = pause_ == Duration::zero() ? options_.first_pause
                                      : std::min(pause_ * 2, options_.longest_pause);
  auto random = random_.next_unit() * static_cast<double>(pause_.count()) / 2;
  return pause_ / 2 + Duration(static_cast<Duration::rep>(random));
}

ConnectionMetrics::ConnectionMetrics(metrics::Registry& registry, const std::string& connection)
    : connected(registry.gauge("parley_redis_connected", "1 while Redis answers",
                               {{"connection", connection}})),
      lost(registry.counter("parley_redis_connections_lost_total",
                            "How often a connection to Redis was lost",
                            {{"connection", connection}})) {}

}  // namespace parley::providers::redis
