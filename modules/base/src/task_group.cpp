#include "parley/base/task_group.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <list>
#include <mutex>

namespace parley {

/// A task's cancellation signal is emitted on the task's own executor, under no lock.
struct TaskGroup::State : std::enable_shared_from_this<TaskGroup::State> {
  struct Entry {
    asio::any_io_executor executor;
    asio::cancellation_signal signal;
  };

  State(asio::any_io_executor e, OnFailure f) : executor(std::move(e)), on_failure(std::move(f)) {}

  asio::any_io_executor executor;
  OnFailure on_failure;
  mutable std::mutex mutex;
  std::list<std::shared_ptr<Entry>> entries;
  std::vector<std::function<void()>> waiters;
  bool stopping = false;

  void ended(std::list<std::shared_ptr<Entry>>::iterator where) {
    std::vector<std::function<void()>> wake;
    {
      std::lock_guard lock(mutex);
      entries.erase(where);
      if (entries.empty()) wake.swap(waiters);
    }
    for (auto& w : wake) w();
  }
};

TaskGroup::TaskGroup(asio::any_io_executor executor, OnFailure on_failure)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_failure))) {}

TaskGroup::~TaskGroup() = default;

void TaskGroup::spawn(std::string name, std::function<asio::awaitable<void>()> task) {
  spawn_on(state_->executor, std::move(name), std::move(task));
}

namespace {

void report(const TaskGroup::OnFailure& on_failure, const std::string& name,
            const std::exception_ptr& thrown) {
  if (!thrown) return;
  try {
    std::rethrow_exception(thrown);
  } catch (const asio::multiple_exceptions& several) {
    report(on_failure, name, several.first_exception());
  } catch (const boost::system::system_error& e) {
    if (e.code() == asio::error::operation_aborted) return;
    if (on_failure) on_failure(name, e.what());
  } catch (const std::exception& e) {
    if (on_failure) on_failure(name, e.what());
  } catch (...) {
    if (on_failure) on_failure(name, "unknown exception");
  }
}

/// Keeps the callable alive for as long as its coroutine runs.
asio::awaitable<void> run_task(std::function<asio::awaitable<void>()> task) {
  auto body = task();
  co_await std::move(body);
}

}  // namespace

void TaskGroup::spawn_on(asio::any_io_executor executor, std::string name,
                         std::function<asio::awaitable<void>()> task) {
  auto state = state_;
  auto entry = std::make_shared<State::Entry>();
  entry->executor = executor;
  std::list<std::shared_ptr<State::Entry>>::iterator where;
  {
    std::lock_guard lock(state->mutex);
    if (state->stopping) return;
    where = state->entries.insert(state->entries.end(), entry);
  }
  auto done = [state, where, entry, name = std::move(name)](std::exception_ptr thrown) {
    report(state->on_failure, name, thrown);
    state->ended(where);
  };
  asio::co_spawn(entry->executor, run_task(std::move(task)),
                 asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
}

asio::awaitable<void> TaskGroup::stop() {
  auto state = state_;
  auto executor = co_await asio::this_coro::executor;
  std::vector<std::shared_ptr<State::Entry>> running;
  auto all_ended =
      std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
  {
    std::lock_guard lock(state->mutex);
    state->stopping = true;
    running.assign(state->entries.begin(), state->entries.end());
    if (!running.empty()) {
      auto wake = [all_ended, executor] {
        asio::post(executor,
                   [all_ended] { all_ended->expires_at(asio::steady_timer::time_point::min()); });
      };
      state->waiters.push_back(std::move(wake));
    }
  }
  if (running.empty()) co_return;
  for (auto& entry : running) {
    asio::post(entry->executor, [entry] { entry->signal.emit(asio::cancellation_type::terminal); });
  }
  running.clear();
  boost::system::error_code ec;
  co_await all_ended->async_wait(asio::redirect_error(asio::use_awaitable, ec));
}

std::size_t TaskGroup::size() const noexcept {
  std::lock_guard lock(state_->mutex);
  return state_->entries.size();
}

}  // namespace parley
