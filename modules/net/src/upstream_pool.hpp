#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "input_buffer.hpp"
#include "parley/net/upstream.hpp"
#include "stream.hpp"

namespace parley::net {

/// An open connection to an origin, used by one exchange at a time.
struct UpstreamConnection {
  std::unique_ptr<Stream> stream;
  InputBuffer in;
  TimePoint idle_since;
};

/// What all exchanges with one origin share: its address, and the connections that are kept, each
/// for the io_context it was opened on.
class UpstreamPool {
 public:
  /// Errors: invalid (url).
  static Result<std::shared_ptr<UpstreamPool>> make(UpstreamOptions options);

  const UpstreamOptions& options() const noexcept { return options_; }
  const std::string& host() const noexcept { return host_; }
  const std::string& port() const noexcept { return port_; }
  const std::string& authority() const noexcept { return authority_; }
  bool tls() const noexcept { return tls_; }

  /// A kept connection that is still open and was idle for at most `longest_idle`; null: none.
  std::unique_ptr<UpstreamConnection> take(const asio::any_io_executor& executor,
                                           Duration longest_idle);
  void put(const asio::any_io_executor& executor, std::unique_ptr<UpstreamConnection> connection);
  void sweep();

 private:
  UpstreamOptions options_;
  bool tls_ = false;
  std::string host_;
  std::string port_;
  std::string authority_;
  std::mutex mutex_;
  std::map<asio::execution_context*, std::vector<std::unique_ptr<UpstreamConnection>>> idle_;
};

}  // namespace parley::net
