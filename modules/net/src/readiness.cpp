#include "readiness.hpp"

#include <algorithm>
#include <system_error>

namespace parley::net {

Readiness::Readiness(asio::execution_context& context) : asio::execution_context::service(context) {
  int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
  if (descriptor < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
  epoll_.emplace(static_cast<asio::io_context&>(context), descriptor);
}

void Readiness::shutdown() noexcept { epoll_.reset(); }

asio::io_context* Readiness::loop_of(const asio::any_io_executor& executor) noexcept {
  auto* own = executor.target<asio::io_context::executor_type>();
  return own ? &own->context() : nullptr;
}

Readiness::Watch::Watch(asio::io_context& loop, int descriptor, Reader& reader)
    : readiness_(asio::use_service<Readiness>(static_cast<asio::execution_context&>(loop))),
      descriptor_(descriptor),
      reader_(reader) {
  readiness_.ask(*this, EPOLL_CTL_ADD);
  ++readiness_.watches_;
  readiness_.wait();
}

Readiness::Watch::~Watch() { readiness_.remove(*this); }

void Readiness::Watch::again() { readiness_.ask(*this, EPOLL_CTL_MOD); }

void Readiness::ask(Watch& watch, int operation) {
  epoll_event wanted{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = &watch}};
  if (::epoll_ctl(epoll_->native_handle(), operation, watch.descriptor_, &wanted) != 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void Readiness::remove(Watch& watch) noexcept {
  for (auto& event : untold_)
    if (event.data.ptr == &watch) event.data.ptr = nullptr;
  if (!epoll_) return;  // the loop is being destroyed
  ::epoll_ctl(epoll_->native_handle(), EPOLL_CTL_DEL, watch.descriptor_, nullptr);
  // A loop whose last work this was may end.
  boost::system::error_code ignored;
  if (--watches_ == 0) epoll_->cancel(ignored);
}

void Readiness::wait() {
  if (waiting_ || watches_ == 0) return;
  waiting_ = true;
  epoll_->async_wait(asio::posix::stream_descriptor::wait_read,
                     [this](const boost::system::error_code& failed) {
                       waiting_ = false;
                       if (!failed) tell();
                       wait();
                     });
}

void Readiness::tell() {
  auto count =
      ::epoll_wait(epoll_->native_handle(), events_.data(), static_cast<int>(events_.size()), 0);
  untold_ = std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
  while (!untold_.empty()) {
    auto event = untold_.front();
    untold_ = untold_.subspan(1);
    if (auto* watch = static_cast<Watch*>(event.data.ptr))
      watch->reader_.on_readable((event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
}

}  // namespace parley::net
