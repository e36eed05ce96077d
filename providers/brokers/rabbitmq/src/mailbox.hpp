#pragma once
#include <sys/eventfd.h>
#include <unistd.h>

#include <deque>
#include <mutex>

#include "link.hpp"

namespace parley::providers::rabbitmq {

/// What other threads leave for the broker's, and its bell. Shared with the answers that workers
/// still hold.
class Mailbox {
 public:
  struct Outgoing {
    Link::Message message;
    std::chrono::milliseconds delay{};
    std::uint64_t instead_of = 0;  ///< a delivery that is acknowledged once this one is confirmed
  };
  struct Answer {
    std::uint64_t connection = 0;  ///< tags mean nothing upon another one
    std::uint64_t tag = 0;
    Link::Message message;
    queue::Broker::Answer answer = queue::Broker::Answer::looked;
  };

  Mailbox() : bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (bell_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~Mailbox() { ::close(bell_); }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// False: there are so many already.
  bool put(Outgoing outgoing, std::size_t at_most) {
    {
      std::lock_guard lock(mutex_);
      if (outgoing_.size() >= at_most) return false;
      outgoing_.push_back(std::move(outgoing));
    }
    ring();
    return true;
  }
  /// What was sent and may not have arrived: first again.
  void put_back(std::deque<Outgoing> unconfirmed) {
    std::lock_guard lock(mutex_);
    outgoing_.insert(outgoing_.begin(), std::move_iterator(unconfirmed.begin()),
                     std::move_iterator(unconfirmed.end()));
  }
  std::optional<Outgoing> take_outgoing() {
    std::lock_guard lock(mutex_);
    if (outgoing_.empty()) return std::nullopt;
    auto first = std::move(outgoing_.front());
    outgoing_.pop_front();
    return first;
  }
  void put(Answer answer) {
    {
      std::lock_guard lock(mutex_);
      answers_.push_back(std::move(answer));
    }
    ring();
  }
  std::deque<Answer> take_answers() {
    std::lock_guard lock(mutex_);
    return std::exchange(answers_, {});
  }

  void ring() const {
    std::uint64_t one = 1;
    // Full means that it rings already.
    [[maybe_unused]] auto written = ::write(bell_, &one, sizeof(one));
  }
  void silence() const {
    std::uint64_t rung = 0;
    [[maybe_unused]] auto read = ::read(bell_, &rung, sizeof(rung));
  }
  int bell() const noexcept { return bell_; }

 private:
  const int bell_;
  std::mutex mutex_;
  std::deque<Outgoing> outgoing_;
  std::deque<Answer> answers_;
};

}  // namespace parley::providers::rabbitmq
