#include "parley/providers/deepgram/deepgram_recognizer.hpp"

#include "listen_dialect.hpp"
#include "parley/net/client.hpp"
#include "parley/providers/streaming/connecting.hpp"
#include "parley/providers/streaming/refusal.hpp"
#include "parley/providers/streaming/streamed_session.hpp"

namespace parley::providers::deepgram {

DeepgramRecognizer::DeepgramRecognizer(Clock& clock, resilience::Policy& policy,
                                       RecognizerAccount account)
    : clock_(clock), policy_(policy), account_(std::move(account)) {}

Task<std::unique_ptr<speech::RecognizerSession>> DeepgramRecognizer::open(
    Context ctx, speech::RecognizerOptions options) {
  if (options.rate_hz < 8000 || options.rate_hz > 48'000)
    co_return fail(Errc::invalid, "Deepgram hears 8 to 48 kHz");
  streaming::StreamedSessionOptions how;
  how.rate_hz = options.rate_hz;
  how.keep_alive = account_.keep_alive;
  auto language = options.language;
  auto rate_hz = options.rate_hz;
  auto connect = [&clock = clock_, &policy = policy_, account = account_, language, rate_hz](
                     Context within, std::vector<std::string> keyterms) {
    net::WebSocketTarget target;
    target.url = streaming::socket_address_under(account.api_url, "/v1/listen") +
                 listen_query(account.model, language, rate_hz, keyterms);
    target.headers.set("Authorization", "Token " + account.api_key);
    return streaming::connect(std::move(within), clock, policy, "listen.open", std::move(target));
  };
  auto keyterms = streaming::keyterms_of(options.expectation, how.max_keyterms);
  auto opening = connect(ctx, keyterms);
  auto socket = co_await std::move(opening);
  if (!socket) co_return std::unexpected(socket.error());
  ctx.deadline = TimePoint::max();  // that of the opening; the call goes on
  auto again = [connect, ctx](std::vector<std::string> terms) { return connect(ctx, terms); };
  auto dialect = std::make_unique<ListenDialect>(std::move(language), rate_hz);
  co_return std::make_unique<streaming::StreamedSession>(
      clock_, how, std::move(dialect), std::move(*socket), std::move(keyterms), std::move(again));
}

}  // namespace parley::providers::deepgram
