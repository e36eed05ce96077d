#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/url/parse.hpp>

#include "client_tls.hpp"
#include "parley/base/race.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/address_policy.hpp"
#include "parley/net/client.hpp"
#include "parley/net/retry_after.hpp"
#include "response_head.hpp"
#include "websocket_core.hpp"
#include "websocket_handshake.hpp"

namespace parley::net {

namespace {

namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr Duration connect_timeout = std::chrono::seconds(15);
constexpr std::size_t max_answer_bytes = 16u << 10;

struct Address {
  bool tls = false;
  std::string host;       ///< as resolved and verified
  std::string authority;  ///< the Host field
  std::string port;
  std::string target;
};

Result<Address> parse_address(const std::string& url) {
  auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return fail(Errc::invalid, "not a URL");
  Address address;
  auto scheme = to_lower(std::string(parsed->scheme()));
  if (scheme != "ws" && scheme != "wss") return fail(Errc::invalid, "not a ws:// or wss:// URL");
  address.tls = scheme == "wss";
  address.host = parsed->host_address();
  if (address.host.empty()) return fail(Errc::invalid, "the URL names no host");
  if (parsed->has_userinfo()) return fail(Errc::invalid, "credentials belong into a header");
  address.port =
      parsed->port().empty() ? (address.tls ? "443" : "80") : std::string(parsed->port());
  address.authority = std::string(parsed->encoded_host_and_port());
  address.target = std::string(parsed->encoded_target());
  if (!address.target.starts_with('/')) address.target = "/" + address.target;
  return address;
}

Error broken(const error_code& ec, std::string_view when) {
  return Error{Errc::unavailable, fmt::format("{}: {}", when, ec.message())};
}

enum class Addresses { any, public_only };

asio::awaitable<Result<std::unique_ptr<Stream>>> open_stream(const Address& address,
                                                             Addresses allowed) {
  auto executor = co_await asio::this_coro::executor;
  error_code ec;
  tcp::resolver resolver(executor);
  auto endpoints = co_await resolver.async_resolve(address.host, address.port,
                                                   asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return std::unexpected(broken(ec, "cannot resolve the host"));
  std::vector<tcp::endpoint> reachable;
  for (auto& found : endpoints)
    if (allowed == Addresses::any || is_public_address(found.endpoint().address()))
      reachable.push_back(found.endpoint());
  if (reachable.empty()) co_return fail(Errc::forbidden, "the address is not a public one");
  tcp::socket socket(executor);
  co_await asio::async_connect(socket, reachable, asio::redirect_error(asio::use_awaitable, ec));
  if (ec) co_return std::unexpected(broken(ec, "cannot connect"));
  socket.set_option(tcp::no_delay(true), ec);
  if (!address.tls) co_return std::make_unique<Stream>(std::move(socket));
  auto stream = std::make_unique<Stream>(std::move(socket), client_tls_context());
  SSL_set_tlsext_host_name(stream->native_tls(), address.host.c_str());
  stream->verify_host(address.host);
  co_await stream->handshake(asio::ssl::stream_base::client, ec);
  if (ec) co_return std::unexpected(broken(ec, "the TLS handshake failed"));
  co_return stream;
}

std::string upgrade_request(const Address& address, const Headers& headers, const std::string& key,
                            const TraceContext& trace) {
  auto text = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
      address.target, address.authority, key);
  for (auto& [name, value] : headers.all()) text += fmt::format("{}: {}\r\n", name, value);
  if (!trace.trace_id.empty() && !headers.get("traceparent"))
    text += fmt::format("traceparent: 00-{}-{}-01\r\n", trace.trace_id, trace.span_id);
  return text + "\r\n";
}

Error asked_to_wait(const http::response<http::empty_body>& answer) {
  HttpResponse told;
  for (auto name : {http::field::retry_after, http::field::date})
    if (auto value = answer[name]; !value.empty())
      told.headers.set(std::string(to_string(name)), std::string(value));
  return {Errc::rate_limited, "the server answered 429", retry_after(told, SystemClock().wall())};
}

Result<void> check_answer(const http::response<http::empty_body>& answer, const std::string& key) {
  auto status = answer.result_int();
  if (status == 429) return std::unexpected(asked_to_wait(answer));
  if (status >= 400 && status < 500)
    return fail(Errc::forbidden, fmt::format("the server answered {}", status));
  if (status != 101) return fail(Errc::unavailable, fmt::format("the server answered {}", status));
  if (answer["Sec-WebSocket-Accept"] != websocket_accept(key) ||
      !has_word(answer["Upgrade"], "websocket"))
    return fail(Errc::unavailable, "the server's handshake is wrong");
  return {};
}

/// Gives the subprotocol that was chosen.
asio::awaitable<Result<std::string>> shake_hands(Stream& stream, InputBuffer& in,
                                                 std::string request, std::string key) {
  error_code ec;
  co_await stream.write(asio::buffer(request), ec);
  if (ec) co_return std::unexpected(broken(ec, "the connection broke"));
  http::response_parser<http::empty_body> parser;
  parser.header_limit(max_answer_bytes);
  parser.skip(true);
  while (!parser.is_header_done()) {
    auto into = in.prepare();
    in.commit(co_await stream.read_some(into, ec));
    if (ec) co_return std::unexpected(broken(ec, "the connection broke"));
    in.consume(parser.put(asio::const_buffer(in.data().data(), in.data().size()), ec));
    if (ec && ec != http::error::need_more)
      co_return std::unexpected(broken(ec, "the server's answer is not HTTP"));
  }
  if (auto good = check_answer(parser.get(), key); !good) co_return std::unexpected(good.error());
  co_return std::string(parser.get()["Sec-WebSocket-Protocol"]);
}

Task<OpenedWebSocket> open(Context ctx, Clock& clock, WebSocketTarget target, Address address) {
  auto allowed = target.public_addresses_only ? Addresses::public_only : Addresses::any;
  auto stream = co_await open_stream(address, allowed);
  if (!stream) co_return std::unexpected(stream.error());
  std::array<std::byte, 16> nonce;
  SystemRandom().fill(nonce);
  auto key = base64_encode(nonce);
  InputBuffer in;
  auto request = upgrade_request(address, target.headers, key, ctx.trace);
  auto shaken = co_await shake_hands(**stream, in, std::move(request), key);
  if (!shaken) co_return std::unexpected(shaken.error());
  WebSocketCore::Parts parts{std::move(*stream), std::move(in), FrameReader::Side::client,
                             target.limits};
  auto executor = co_await asio::this_coro::executor;
  auto core = std::make_shared<WebSocketCore>(executor, clock, std::move(parts));
  OpenedWebSocket opened;
  opened.socket = make_websocket(std::move(core), clock, Timing::by_itself);
  opened.protocol = std::move(*shaken);
  co_return opened;
}

}  // namespace

Task<std::unique_ptr<WebSocket>> connect_websocket(Context ctx, Clock& clock,
                                                   WebSocketTarget target) {
  auto opening = open_websocket(std::move(ctx), clock, std::move(target));
  auto opened = co_await std::move(opening);
  if (!opened) co_return std::unexpected(opened.error());
  co_return std::move(opened->socket);
}

Task<OpenedWebSocket> open_websocket(Context ctx, Clock& clock, WebSocketTarget target) {
  auto address = parse_address(target.url);
  if (!address) co_return std::unexpected(address.error());
  for (auto& [name, value] : target.headers.all())
    if (!is_sound_field(name, value)) co_return fail(Errc::invalid, "a header cannot be sent");
  auto deadline = std::min(ctx.deadline, clock.now() + connect_timeout);
  auto opening = open(std::move(ctx), clock, std::move(target), std::move(*address));
  auto patience = clock.sleep_until(deadline);
  auto first = co_await race(std::move(opening), std::move(patience));
  if (first.index() == 1) co_return fail(Errc::timeout, "the WebSocket did not open in time");
  co_return std::get<0>(std::move(first));
}

}  // namespace parley::net
