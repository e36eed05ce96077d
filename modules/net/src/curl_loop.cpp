#include "curl_loop.hpp"

#include <boost/asio/bind_executor.hpp>

namespace parley::net {

namespace {

constexpr std::size_t max_running = 10'000;
constexpr long max_kept_connections = 256;

using Descriptor = asio::posix::stream_descriptor;

void init_curl_once() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error("libcurl cannot start");
}

}  // namespace

/// A descriptor that belongs to libcurl: watched, never closed here.
struct CurlLoop::Watched {
  Watched(const asio::any_io_executor& executor, curl_socket_t f)
      : fd(f), descriptor(executor, f) {}
  ~Watched() { let_go(); }
  /// Before libcurl closes it: the number may be another descriptor's a moment later. What is
  /// awaited ends.
  void let_go() {
    wanted = 0;
    if (descriptor.is_open()) descriptor.release();
  }
  curl_socket_t fd;
  Descriptor descriptor;
  int wanted = 0;
  bool awaiting_read = false;
  bool awaiting_write = false;
};

CurlLoop::CurlLoop(asio::any_io_executor strand) : strand_(std::move(strand)), timer_(strand_) {
  init_curl_once();
  multi_ = curl_multi_init();
  if (!multi_) throw std::bad_alloc();
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &CurlLoop::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &CurlLoop::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, max_kept_connections);
}

CurlLoop::~CurlLoop() {
  close();
  curl_multi_cleanup(multi_);
}

void CurlLoop::close() {
  if (closed_) return;
  closed_ = true;
  timer_.cancel();
  for (auto& [fd, watched] : watched_) watched->let_go();
  watched_.clear();
  auto running = std::exchange(running_, {});
  for (auto& [easy, transfer] : running) {
    curl_multi_remove_handle(multi_, easy);
    transfer->fail_with({Errc::unavailable, "the client was closed"});
  }
}

void CurlLoop::start(std::shared_ptr<CurlTransfer> transfer) {
  if (closed_ || running_.size() >= max_running) {
    transfer->fail_with({Errc::unavailable, "too many requests are under way"});
    return;
  }
  auto* easy = transfer->easy();
  running_.emplace(easy, transfer);
  auto code = curl_multi_add_handle(multi_, easy);
  if (code == CURLM_OK) return;
  running_.erase(easy);
  transfer->fail_with({Errc::unavailable, curl_multi_strerror(code)});
}

void CurlLoop::cancel(const std::shared_ptr<CurlTransfer>& transfer) {
  auto found = running_.find(transfer->easy());
  if (found != running_.end()) {
    curl_multi_remove_handle(multi_, transfer->easy());
    running_.erase(found);
  }
  transfer->cancel();
}

int CurlLoop::on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) {
  static_cast<CurlLoop*>(self)->watch(fd, what);
  return 0;
}

int CurlLoop::on_timer(CURLM*, long timeout_ms, void* self) {
  auto& loop = *static_cast<CurlLoop*>(self);
  if (timeout_ms < 0 || loop.closed_) {
    loop.timer_.cancel();
    return 0;
  }
  loop.timer_.expires_after(std::chrono::milliseconds(timeout_ms));
  auto fired = [weak = loop.weak_from_this()](const boost::system::error_code& ec) {
    auto alive = weak.lock();
    if (!ec && alive) alive->act(CURL_SOCKET_TIMEOUT, 0);
  };
  loop.timer_.async_wait(asio::bind_executor(loop.strand_, std::move(fired)));
  return 0;
}

void CurlLoop::watch(curl_socket_t fd, int what) {
  if (closed_) return;
  auto found = watched_.find(fd);
  if (what == CURL_POLL_REMOVE) {
    if (found == watched_.end()) return;
    found->second->let_go();
    watched_.erase(found);
    return;
  }
  if (found == watched_.end())
    found = watched_.emplace(fd, std::make_shared<Watched>(strand_, fd)).first;
  found->second->wanted = what;
  await(found->second);
}

void CurlLoop::await(const std::shared_ptr<Watched>& watched) {
  if ((watched->wanted & CURL_POLL_IN) != 0 && !watched->awaiting_read)
    await_one(watched, Descriptor::wait_read);
  if ((watched->wanted & CURL_POLL_OUT) != 0 && !watched->awaiting_write)
    await_one(watched, Descriptor::wait_write);
}

void CurlLoop::await_one(const std::shared_ptr<Watched>& watched, Descriptor::wait_type type) {
  bool reading = type == Descriptor::wait_read;
  (reading ? watched->awaiting_read : watched->awaiting_write) = true;
  auto ready = [weak = weak_from_this(), watched, reading](const boost::system::error_code& ec) {
    (reading ? watched->awaiting_read : watched->awaiting_write) = false;
    auto alive = weak.lock();
    if (!alive || ec == asio::error::operation_aborted) return;
    int wanted = reading ? CURL_POLL_IN : CURL_POLL_OUT;
    if ((watched->wanted & wanted) == 0) return;  // no longer, or removed
    int events = reading ? CURL_CSELECT_IN : CURL_CSELECT_OUT;
    alive->act(watched->fd, ec ? events | CURL_CSELECT_ERR : events);
    if (watched->wanted != 0) alive->await(watched);
  };
  watched->descriptor.async_wait(type, asio::bind_executor(strand_, std::move(ready)));
}

void CurlLoop::act(curl_socket_t fd, int events) {
  if (closed_) return;
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  reap();
}

void CurlLoop::reap() {
  int left = 0;
  while (auto* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    auto* easy = message->easy_handle;
    auto code = message->data.result;
    auto found = running_.find(easy);
    if (found == running_.end()) continue;
    auto transfer = found->second;
    running_.erase(found);
    curl_multi_remove_handle(multi_, easy);
    transfer->finish(code);
  }
}

}  // namespace parley::net
