#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/url/parse.hpp>

#include "curl_loop.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/named_hosts.hpp"
#include "response_head.hpp"

namespace parley::net {

namespace {

Result<void> check(const OutgoingRequest& request) {
  auto url = boost::urls::parse_uri(request.url);
  if (!url) return fail(Errc::invalid, "not a URL");
  auto scheme = to_lower(std::string(url->scheme()));
  if (scheme != "http" && scheme != "https")
    return fail(Errc::invalid, "only http and https are spoken");
  if (url->host().empty()) return fail(Errc::invalid, "the URL names no host");
  for (auto& [name, value] : request.headers.all())
    if (!is_sound_field(name, value)) return fail(Errc::invalid, "a header cannot be sent");
  return {};
}

class CurlClient final : public HttpClient {
 public:
  CurlClient(const asio::any_io_executor& executor, Resolve resolve)
      : loop_(std::make_shared<CurlLoop>(asio::make_strand(executor))),
        resolve_(std::move(resolve)) {}
  ~CurlClient() override {
    asio::post(loop_->strand(), [loop = loop_] { loop->close(); });
  }

  Task<HttpResponse> send(Context ctx, OutgoingRequest request) override {
    if (auto sound = check(request); !sound) co_return std::unexpected(sound.error());
    auto until = std::min(ctx.deadline, std::chrono::steady_clock::now() + request.timeout);
    if (until <= std::chrono::steady_clock::now())
      co_return fail(Errc::timeout, "the deadline has passed");
    auto transfer = std::make_shared<CurlTransfer>(std::move(request), std::move(ctx.trace));
    auto work = transfer_on(loop_, std::move(transfer), until, resolve_);
    co_return co_await std::move(work);
  }

 private:
  static Task<HttpResponse> transfer_on(std::shared_ptr<CurlLoop> loop,
                                        std::shared_ptr<CurlTransfer> transfer, TimePoint until,
                                        Resolve resolve) {
    auto begin = [loop, transfer, until, resolve](auto handler) {
      auto executor = asio::get_associated_executor(handler);
      auto slot = asio::get_associated_cancellation_slot(handler);
      auto shared = std::make_shared<decltype(handler)>(std::move(handler));
      auto done = [shared, executor, slot, guard = asio::make_work_guard(executor)](
                      std::exception_ptr thrown, Result<HttpResponse> outcome) {
        auto resume = [shared, slot, thrown, outcome = std::move(outcome)]() mutable {
          if (slot.is_connected()) slot.clear();
          (*shared)(thrown, std::move(outcome));
        };
        asio::post(executor, std::move(resume));
      };
      transfer->set_done(std::move(done));
      auto cancel = [loop, weak = std::weak_ptr(transfer)](asio::cancellation_type) {
        asio::post(loop->strand(), [loop, weak] {
          if (auto alive = weak.lock()) loop->cancel(alive);
        });
      };
      if (slot.is_connected()) slot.assign(std::move(cancel));
      asio::post(loop->strand(), [loop, transfer, until, resolve] {
        if (resolve) transfer->resolve_with(resolve);
        transfer->set_timeout(until - std::chrono::steady_clock::now());
        loop->start(transfer);
      });
    };
    auto& token = asio::use_awaitable;
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&,
                                            void(std::exception_ptr, Result<HttpResponse>)>(
        std::move(begin), token);
  }

  std::shared_ptr<CurlLoop> loop_;
  Resolve resolve_;
};

}  // namespace

std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor) {
  return std::make_unique<CurlClient>(executor, nullptr);
}

std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor, Resolve resolve) {
  return std::make_unique<CurlClient>(executor, std::move(resolve));
}

}  // namespace parley::net
