#include "parley/base/worker_pool.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace parley {

struct WorkerPool::State {
  Options options;
  mutable std::mutex mutex;
  std::condition_variable ready;
  std::deque<std::function<void()>> queue;
  bool closing = false;
  std::vector<std::jthread> threads;

  void run(std::size_t index) {
    auto name = (options.name + "/" + std::to_string(index)).substr(0, 15);
    pthread_setname_np(pthread_self(), name.c_str());
    // On Linux a thread has its own nice value.
    if (options.nice != 0) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), options.nice);
    while (true) {
      std::function<void()> work;
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [this] { return closing || !queue.empty(); });
        if (queue.empty()) return;
        work = std::move(queue.front());
        queue.pop_front();
      }
      work();
    }
  }
};

WorkerPool::WorkerPool(Options options) : state_(std::make_unique<State>()) {
  state_->options = std::move(options);
  for (std::size_t i = 0; i < state_->options.threads; ++i)
    state_->threads.emplace_back([state = state_.get(), i] { state->run(i); });
}

WorkerPool::~WorkerPool() {
  {
    std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->ready.notify_all();
  state_->threads.clear();
}

bool WorkerPool::post(std::function<void()> work) {
  if (state_->options.threads == 0) {
    work();
    return true;
  }
  {
    std::lock_guard lock(state_->mutex);
    if (state_->queue.size() >= state_->options.max_queued) return false;
    state_->queue.push_back(std::move(work));
  }
  state_->ready.notify_one();
  return true;
}

std::size_t WorkerPool::queued() const noexcept {
  std::lock_guard lock(state_->mutex);
  return state_->queue.size();
}

}  // namespace parley
