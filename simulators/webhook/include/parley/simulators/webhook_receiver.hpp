#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/simulators/stand_in_server.hpp"
#include "parley/webhooks/signature.hpp"

namespace parley::simulators {

/// A delivery as a careful receiver sees it.
struct ReceivedWebhook {
  std::string id;  ///< webhook-id
  std::string path;
  std::string body;
  enum class Verdict { good, unsigned_, stale, forged } verdict = Verdict::good;
  bool repeated = false;  ///< a good one with this id came before
};

/// Receives webhooks signed as Standard Webhooks has it, by POST on any path: 200 for a good one, a
/// repeated one too, 401 for others. Keeps the last thousand. Used from one strand.
class WebhookReceiver {
 public:
  /// All outlive it.
  WebhookReceiver(asio::any_io_executor executor, Clock& clock, Random& random,
                  webhooks::StandardSecret secret, StandInOptions where = {});
  ~WebhookReceiver();
  /// Errors: unavailable (the address is in use).
  Result<void> start();
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;

  StandInServer& server() noexcept;
  const std::vector<ReceivedWebhook>& received() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
