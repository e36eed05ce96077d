#pragma once
#include <boost/asio/steady_timer.hpp>

#include "response_reader.hpp"
#include "upstream_pool.hpp"

namespace parley::net {

/// One request and its answer. Kept alive by its coroutines and by the answer's body; on one
/// executor. A watchdog closes the connection when the current step is overdue: one timer for each
/// exchange, moved only when it fires.
class UpstreamExchange : public std::enable_shared_from_this<UpstreamExchange> {
 public:
  UpstreamExchange(std::shared_ptr<UpstreamPool> pool, asio::any_io_executor executor,
                   Method method);
  ~UpstreamExchange();

  Task<UpstreamResponse> run(Context ctx, UpstreamRequest request);

 private:
  enum class Kept { allowed, no };
  Task<void> attempt(UpstreamRequest& request, Kept kept);
  Task<void> connect();
  Task<std::unique_ptr<Stream>> open(asio::ip::tcp::endpoint endpoint);
  asio::awaitable<Result<std::vector<asio::ip::tcp::endpoint>>> resolve();
  Task<void> write_request(UpstreamRequest& request);
  Task<void> write_streamed(UpstreamRequest& request);
  Task<void> write(std::string_view bytes);
  Task<void> read_head();
  /// False at the end of the stream. Errors: timeout, unavailable.
  Task<bool> read_more();
  Task<std::string> next_piece();
  std::unexpected<Error> give_up(Error error);
  void release();
  Error failure_of_head(Error error) const;

  void watch_until(TimePoint when);
  void arm();
  void cut();
  Error broken(const error_code& ec, std::string_view when) const;

  std::shared_ptr<UpstreamPool> pool_;
  asio::any_io_executor executor_;
  Method method_;
  bool may_repeat_ = false;
  asio::steady_timer watchdog_;
  TimePoint due_ = TimePoint::max();
  TimePoint armed_until_ = TimePoint::max();
  bool expired_ = false;
  asio::ip::tcp::socket* connecting_ = nullptr;

  std::unique_ptr<UpstreamConnection> connection_;
  std::optional<ResponseReader> reader_;
  TimePoint head_due_;
  Duration idle_timeout_{};
  std::optional<Error> failure_;  ///< of the body
  bool was_kept_ = false;
  bool sent_any_ = false;
  bool body_taken_ = false;  ///< of the streamed request body
  bool sent_all_ = false;
};

}  // namespace parley::net
