#include <boost/asio/experimental/awaitable_operators.hpp>

#include "parley/base/task_group.hpp"
#include "web_voice_impl.hpp"
#include "widget_files.hpp"

namespace parley::webvoice {

namespace {

/// More than any message that is taken, so that what is too large can be told.
constexpr net::WebSocketLimits socket_limits{.max_message_bytes = (1u << 20) + (512u << 10)};

Complaint complaint_of(const Error& error) {
  switch (error.code) {
    case Errc::forbidden:
      return {"bad_token", "The token is wrong, was used, or belongs to another page."};
    case Errc::not_found:
      return {"no_session", "There is no such session, or it is over. Begin a new one."};
    case Errc::rate_limited:
      return {"busy", "All lines are busy. Please try again in a few minutes."};
    default:
      return {"unavailable", "We cannot talk just now. Please try again in a few minutes."};
  }
}

CloseCode close_of(const Error& error) {
  if (error.code == Errc::forbidden) return CloseCode::bad_token;
  if (error.code == Errc::not_found) return CloseCode::no_session;
  return CloseCode::unavailable;
}

}  // namespace

asio::awaitable<void> WebVoice::Impl::dismiss(std::shared_ptr<Attachment> socket, CloseCode close,
                                              Complaint complaint) {
  socket->send_event({{"type", "error"},
                      {"code", complaint.code},
                      {"message", complaint.message},
                      {"fatal", true}},
                     Attachment::Priority::normal);
  socket->request_close(close, complaint.code);
  // Both were posted to this strand, and are done when what is posted after them is.
  auto executor = co_await asio::this_coro::executor;
  co_await asio::post(executor, asio::use_awaitable);
  auto closing = socket->close();
  co_await std::move(closing);
}

asio::awaitable<void> WebVoice::Impl::serve_socket(net::HttpRequest upgrade,
                                                   std::unique_ptr<net::WebSocket> given) {
  auto executor = co_await asio::this_coro::executor;
  auto socket = std::make_shared<Attachment>(executor, std::move(given));
  std::string session(upgrade.path_value("sessionId").value_or(""));
  auto origin = normalize_origin(upgrade.headers.get("Origin").value_or(""));
  if (!origin)
    co_return co_await dismiss(
        socket, CloseCode::foreign_origin,
        {"no_origin", "Sessions are for web pages, which say their origin."});
  auto receiving = socket->receive();
  auto first = co_await with_deadline(parts.clock, parts.clock.now() + options.opening_limit,
                                      std::move(receiving));
  if (!first) {
    if (first.error().code != Errc::timeout) co_return;
    co_return co_await dismiss(
        socket, CloseCode::silent,
        {"silent", "The first message, of type start or resume, did not come."});
  }
  if (first->binary)
    co_return co_await dismiss(
        socket, CloseCode::bad_message,
        {"audio_not_announced", "The first message is JSON and announces the audio."});
  auto opening = read_opening(first->payload);
  if (!opening)
    co_return co_await dismiss(socket, CloseCode::bad_message, std::move(opening.error()));
  bool starts = opening->kind == Opening::Kind::start;
  auto serving = starts ? start(session, *origin, std::move(*opening), socket)
                        : resume(session, *origin, std::move(*opening), socket);
  co_await std::move(serving);
}

asio::awaitable<void> WebVoice::Impl::start(std::string session, std::string origin,
                                            Opening opening, std::shared_ptr<Attachment> socket) {
  auto opened = book.open(session, opening.token, origin);
  if (!opened)
    co_return co_await dismiss(socket, close_of(opened.error()), complaint_of(opened.error()));
  struct Over {
    SessionBook& book;
    std::string session;
    ~Over() { book.over(session); }
  } over{book, session};
  auto executor = co_await asio::this_coro::executor;
  auto line = std::make_shared<BrowserLine>(executor, parts.clock, session,
                                            BrowserLine::Options{options.resume_within});
  book.runs(session, line);
  line->attach(socket, opening, opened->resume_token);
  using namespace asio::experimental::awaitable_operators;
  auto pumping = pump(socket, line);
  auto holding = hold_call(opened->site, session, line);
  (void)co_await (std::move(holding) && std::move(pumping));
}

Task<void> WebVoice::Impl::hold_call(Site site, std::string session,
                                     std::shared_ptr<BrowserLine> line) {
  Context ctx;
  telephony::IncomingCall call;
  call.carrier = carrier;
  call.carrier_call_id = session;
  call.organization = site.organization;
  call.business = site.business;
  auto asking = parts.calls.incoming(ctx, std::move(call));
  auto answer = co_await std::move(asking);
  if (auto* apology = std::get_if<telephony::SayAndHangUp>(&answer)) {
    line->refuse("unavailable", apology->text);
    co_return Result<void>{};
  }
  auto token = std::get<telephony::ConnectMedia>(answer).media_token;
  auto running = parts.calls.media_opened(ctx, std::move(token), session, make_stream(line));
  auto ended = co_await std::move(running);
  line->close();
  co_return ended;
}

asio::awaitable<void> WebVoice::Impl::resume(std::string session, std::string origin,
                                             Opening opening, std::shared_ptr<Attachment> socket) {
  auto resumed = book.resume(session, opening.token, origin);
  if (!resumed)
    co_return co_await dismiss(socket, close_of(resumed.error()), complaint_of(resumed.error()));
  auto line = resumed->line;
  auto attach = [line, socket, opening, token = resumed->resume_token]() -> asio::awaitable<void> {
    line->attach(socket, opening, token);
    co_return;
  };
  co_await asio::co_spawn(line->strand(), std::move(attach), asio::use_awaitable);
  auto pumping = pump(socket, line);
  co_await std::move(pumping);
}

asio::awaitable<void> WebVoice::Impl::pump(std::shared_ptr<Attachment> socket,
                                           std::shared_ptr<BrowserLine> line) {
  while (true) {
    auto receiving = socket->receive();
    auto message = co_await std::move(receiving);
    if (!message) break;
    // One at a time: a browser that sends faster than the call takes waits in its own socket.
    auto take = [line, socket, message = std::move(*message)]() mutable -> asio::awaitable<void> {
      line->take(socket, std::move(message));
      co_return;
    };
    co_await asio::co_spawn(line->strand(), std::move(take), asio::use_awaitable);
  }
  asio::post(line->strand(), [line, socket] { line->detach(socket); });
  auto closing = socket->close();
  co_await std::move(closing);
}

WebVoice::WebVoice(WebVoiceParts parts, WebVoiceOptions options)
    : impl_(std::make_unique<Impl>(parts, std::move(options))) {
  set_public_url("http://127.0.0.1");
}
WebVoice::~WebVoice() = default;

void WebVoice::set_public_url(const std::string& url) {
  impl_->own_origins.clear();
  if (auto origin = normalize_origin(url)) {
    impl_->own_origins.push_back(*origin);
    // The same pages by their other name.
    constexpr std::string_view loopback = "http://127.0.0.1";
    if (origin->starts_with(loopback))
      impl_->own_origins.push_back("http://localhost" + origin->substr(loopback.size()));
  }
  impl_->socket_url = "ws" + url.substr(url.starts_with("http") ? 4 : 0);
}

void WebVoice::serve_demo(std::string business_or_key) {
  impl_->demo_business = std::move(business_or_key);
}

std::size_t WebVoice::open_sessions() const { return impl_->book.open_sessions(); }

void WebVoice::mount(net::Router& router) {
  auto* impl = impl_.get();
  constexpr net::Router::Limits small{.max_body_bytes = 4u << 10, .stream_above_bytes = {}};
  router.add(
      net::Method::post, "/voice/sessions",
      [impl](net::HttpRequest request) { return impl->make_session(std::move(request)); }, small);
  router.add(
      net::Method::options, "/voice/sessions",
      [impl](net::HttpRequest request) { return impl->preflight(std::move(request)); }, small);
  router.add_websocket(
      "/voice/{sessionId}",
      [impl](net::HttpRequest upgrade, std::unique_ptr<net::WebSocket> socket) {
        return impl->serve_socket(std::move(upgrade), std::move(socket));
      },
      socket_limits);
  mount_widget(router);
  router.add(net::Method::get, "/demo",
             [impl](net::HttpRequest request) { return impl->demo_page(std::move(request)); });
}

}  // namespace parley::webvoice
