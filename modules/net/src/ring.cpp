#include "ring.hpp"

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "parley/net/websocket.hpp"

namespace parley::net {

using boost::system::error_code;

namespace {

constexpr unsigned entries = 1024;
constexpr unsigned completions = 8192;
/// A telephone's frame has 400 bytes; a larger message comes in pieces.
constexpr unsigned buffer_bytes = 1024;
constexpr unsigned buffer_count = 1024;
constexpr unsigned buffer_group = 1;
constexpr std::size_t buffer_ring_bytes = buffer_count * sizeof(io_uring_buf);
/// Half of what a barge-in's p99 may take is 30 ms: this does not show in it.
constexpr auto pause_when_busy = std::chrono::milliseconds(4);
constexpr std::size_t busy_above = 32;  ///< completions at a look
/// Some 500 frames, 4 ms of work; then others of the loop have their turn.
constexpr int most_rounds = 25;
constexpr std::size_t most_kept_bytes = 4096;  ///< of an idle Sending's room
constexpr std::uint64_t is_sending = 1;        ///< beside the address

std::atomic<bool> is_allowed{true};

error_code error_of(int result) { return {-result, boost::system::system_category()}; }

}  // namespace

struct Ring::Receiving {
  Peer* peer = nullptr;  ///< null when forgotten
  int descriptor = -1;
  bool stopped = false;
  std::list<Receiving>::iterator self;
};

struct Ring::Sending {
  std::shared_ptr<Peer> peer;
  std::string bytes;
  std::list<Sending>::iterator self;
};

// Life

Ring::Ring(asio::execution_context& context)
    : asio::execution_context::service(context),
      loop_(static_cast<asio::io_context&>(context)),
      thread_(std::this_thread::get_id()) {
  is_open_ = open();
}

Ring::~Ring() { close(); }

void use_io_uring(bool allowed) noexcept { is_allowed = allowed; }

Ring* Ring::of(asio::io_context& loop) {
  if (!is_allowed) return nullptr;
  auto& ring = asio::use_service<Ring>(static_cast<asio::execution_context&>(loop));
  return ring.is_open_ && ring.thread_ == std::this_thread::get_id() ? &ring : nullptr;
}

bool Ring::open() {
  io_uring_params wanted{};
  wanted.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                 IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;
  wanted.cq_entries = completions;
  if (io_uring_queue_init_params(entries, &ring_, &wanted) != 0) return false;
  if (make_room()) {
    auto descriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor >= 0 && io_uring_register_eventfd(&ring_, descriptor) == 0) {
      news_.emplace(loop_, descriptor);
      pause_.emplace(loop_);
      return true;
    }
    if (descriptor >= 0) ::close(descriptor);
  }
  io_uring_queue_exit(&ring_);
  return false;
}

bool Ring::make_room() {
  auto* shared = ::mmap(nullptr, buffer_ring_bytes, PROT_READ | PROT_WRITE,
                        MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (shared == MAP_FAILED) return false;
  free_buffers_ = static_cast<io_uring_buf_ring*>(shared);
  io_uring_buf_reg room{};
  room.ring_addr = reinterpret_cast<std::uint64_t>(shared);
  room.ring_entries = buffer_count;
  room.bgid = buffer_group;
  if (io_uring_register_buf_ring(&ring_, &room, 0) != 0) return false;
  buffers_ = std::make_unique_for_overwrite<char[]>(std::size_t{buffer_bytes} * buffer_count);
  io_uring_buf_ring_init(free_buffers_);
  for (unsigned i = 0; i < buffer_count; ++i) give_back(i);
  return true;
}

void Ring::close() noexcept {
  if (std::exchange(is_open_, false)) io_uring_queue_exit(&ring_);
  if (free_buffers_) ::munmap(std::exchange(free_buffers_, nullptr), buffer_ring_bytes);
}

void Ring::shutdown() noexcept {
  close();
  news_.reset();
  pause_.reset();
  receiving_.clear();
  // Whom they keep alive may come back here in its destructor.
  auto dropped = std::move(sending_);
  dropped.clear();
}

// What is asked for

io_uring_sqe* Ring::entry() {
  while (true) {
    if (auto* free = io_uring_get_sqe(&ring_)) return free;
    if (io_uring_submit(&ring_) < 0) io_uring_get_events(&ring_);
  }
}

void Ring::arm(Receiving& receiving) {
  auto* asked = entry();
  io_uring_prep_recv_multishot(asked, receiving.descriptor, nullptr, 0, 0);
  asked->flags |= IOSQE_BUFFER_SELECT;
  asked->buf_group = buffer_group;
  io_uring_sqe_set_data(asked, &receiving);
}

void Ring::cancel(Receiving& receiving) {
  auto* asked = entry();
  io_uring_prep_cancel(asked, &receiving, 0);
  io_uring_sqe_set_data(asked, nullptr);
}

Ring::Receiving* Ring::receive(int descriptor, Peer& peer) {
  auto& made = receiving_.emplace_back(Receiving{&peer, descriptor, false, {}});
  made.self = std::prev(receiving_.end());
  arm(made);
  look_soon();
  return &made;
}

void Ring::stop(Receiving& receiving) {
  if (!is_open_ || std::exchange(receiving.stopped, true)) return;
  cancel(receiving);
  look_soon();
}

void Ring::forget(Receiving& receiving) noexcept {
  if (!is_open_) return;
  receiving.peer = nullptr;
  if (thread_ != std::this_thread::get_id()) return;  // the loop runs no more
  if (!std::exchange(receiving.stopped, true)) cancel(receiving);
  flush();
  look_soon();
}

void Ring::send(int descriptor, std::string_view bytes, std::shared_ptr<Peer> peer) {
  if (idle_sendings_.empty()) idle_sendings_.emplace_back();
  sending_.splice(sending_.end(), idle_sendings_, idle_sendings_.begin());
  auto& made = sending_.back();
  made.self = std::prev(sending_.end());
  made.peer = std::move(peer);
  made.bytes.assign(bytes);
  auto* asked = entry();
  io_uring_prep_send(asked, descriptor, made.bytes.data(), made.bytes.size(),
                     MSG_NOSIGNAL | MSG_WAITALL);
  io_uring_sqe_set_data64(asked, reinterpret_cast<std::uint64_t>(&made) | is_sending);
  look_soon();
}

void Ring::flush() noexcept {
  if (is_open_) io_uring_submit(&ring_);
}

// What came of it

/// What this turn of the loop asks for goes to the kernel together, at its end.
void Ring::look_soon() {
  if (looks_ || is_looking_) return;
  looks_ = true;
  asio::post(loop_, [this] {
    looks_ = false;
    if (busy_)
      flush();
    else
      look();
    wait();
  });
}

void Ring::wait() {
  if (!is_open_) return;
  if (receiving_.empty() && sending_.empty()) {
    // A loop whose last work this was may end.
    busy_ = false;
    error_code ignored;
    news_->cancel(ignored);
  } else if (busy_ && !pauses_) {
    pauses_ = true;
    pause_->expires_after(has_more() ? std::chrono::milliseconds(0) : pause_when_busy);
    pause_->async_wait([this](const error_code& failed) {
      pauses_ = false;
      if (!failed) look();
    });
  } else if (!busy_ && !awaits_news_) {
    awaits_news_ = true;
    news_->async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& failed) {
      awaits_news_ = false;
      if (failed) return;
      std::uint64_t times = 0;
      (void)!::read(news_->native_handle(), &times, sizeof times);
      if (!busy_) look();
    });
  }
}

void Ring::look() {
  if (!is_open_) return;
  is_looking_ = true;
  io_uring_submit_and_get_events(&ring_);
  std::size_t came = 0;
  for (int round = 0; round < most_rounds; ++round) {
    came += take_completions();
    if (!is_open_) return;
    if (io_uring_sq_ready(&ring_) == 0 && !has_more()) break;
    io_uring_submit_and_get_events(&ring_);
  }
  is_looking_ = false;
  busy_ = came > busy_above;
  wait();
}

/// The kernel does so much at a time, and says whether that was all.
bool Ring::has_more() const noexcept {
  return io_uring_cq_ready(&ring_) > 0 ||
         (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

std::size_t Ring::take_completions() {
  struct Completion {
    std::uint64_t whose;
    int result;
    unsigned flags;
  };
  // Copied first: what is told below may ask for more, and end the loop.
  static thread_local std::array<io_uring_cqe*, 256> there;
  static thread_local std::array<Completion, 256> taken;
  std::size_t came = 0;
  while (is_open_) {
    auto count = io_uring_peek_batch_cqe(&ring_, there.data(), static_cast<unsigned>(there.size()));
    if (count == 0) break;
    for (unsigned i = 0; i < count; ++i)
      taken[i] = {there[i]->user_data, there[i]->res, there[i]->flags};
    io_uring_cq_advance(&ring_, count);
    for (unsigned i = 0; i < count && is_open_; ++i)
      complete(taken[i].whose, taken[i].result, taken[i].flags);
    came += count;
    if (count < there.size() || came >= completions) break;
  }
  return came;
}

void Ring::complete(std::uint64_t whose, int result, unsigned flags) {
  if (whose == 0) return;  // of a cancellation
  if ((whose & is_sending) != 0)
    sent(*reinterpret_cast<Sending*>(whose & ~is_sending), result);
  else
    received(*reinterpret_cast<Receiving*>(whose), result, flags);
}

void Ring::received(Receiving& receiving, int result, unsigned flags) {
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    auto buffer = flags >> IORING_CQE_BUFFER_SHIFT;
    if (result > 0 && receiving.peer)
      receiving.peer->on_received(
          {buffers_.get() + std::size_t{buffer} * buffer_bytes, static_cast<std::size_t>(result)});
    if (!is_open_) return;
    give_back(buffer);
  }
  if ((flags & IORING_CQE_F_MORE) != 0) return;
  bool interrupted = result > 0 || result == -ENOBUFS || result == -EINTR;
  if (interrupted && !receiving.stopped) return arm(receiving);
  auto* peer = receiving.peer;
  receiving_.erase(receiving.self);
  if (!peer) return;
  if (result == 0)
    peer->on_receive_ended(asio::error::eof);
  else
    peer->on_receive_ended(interrupted ? asio::error::operation_aborted : error_of(result));
}

void Ring::sent(Sending& sending, int result) {
  // The kernel goes on by itself until all is taken, or it cannot be.
  bool whole = result >= 0 && static_cast<std::size_t>(result) == sending.bytes.size();
  auto peer = std::move(sending.peer);
  if (sending.bytes.capacity() > most_kept_bytes) sending.bytes = {};
  idle_sendings_.splice(idle_sendings_.end(), sending_, sending.self);
  peer->on_sent(whole ? error_code() : error_of(result < 0 ? result : -EPIPE));
}

void Ring::give_back(unsigned buffer) {
  io_uring_buf_ring_add(free_buffers_, buffers_.get() + std::size_t{buffer} * buffer_bytes,
                        buffer_bytes, static_cast<unsigned short>(buffer),
                        io_uring_buf_ring_mask(buffer_count), 0);
  io_uring_buf_ring_advance(free_buffers_, 1);
}

}  // namespace parley::net
