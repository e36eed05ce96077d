#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <memory>

#include "curl_transfer.hpp"

namespace parley::net {

/// libcurl's multi interface driven by Asio: libcurl says which descriptors to watch and when to
/// wake it, and is told what happened. All of it on one strand, which the member functions are
/// called on.
class CurlLoop : public std::enable_shared_from_this<CurlLoop> {
 public:
  explicit CurlLoop(asio::any_io_executor strand);
  ~CurlLoop();

  void start(std::shared_ptr<CurlTransfer> transfer);
  void cancel(const std::shared_ptr<CurlTransfer>& transfer);
  /// Fails what is running and lets go of every descriptor.
  void close();

  const asio::any_io_executor& strand() const noexcept { return strand_; }

 private:
  struct Watched;
  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* watched);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
  void watch(curl_socket_t fd, int what);
  void await(const std::shared_ptr<Watched>& watched);
  void await_one(const std::shared_ptr<Watched>& watched,
                 asio::posix::stream_descriptor::wait_type type);
  void act(curl_socket_t fd, int events);
  void reap();

  asio::any_io_executor strand_;
  CURLM* multi_;
  asio::steady_timer timer_;
  std::map<curl_socket_t, std::shared_ptr<Watched>> watched_;
  std::map<CURL*, std::shared_ptr<CurlTransfer>> running_;
  bool closed_ = false;
};

}  // namespace parley::net
