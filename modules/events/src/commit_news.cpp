#include "parley/events/commit_news.hpp"

#include "parley/base/task_group.hpp"
#include "parley/base/wake.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::events {

namespace {

constexpr auto channel = "events.committed";
/// Commits this close together are told once.
constexpr Duration together = 5ms;
constexpr Duration publish_limit = 2s;

}  // namespace

class CommitNews::Impl {
 public:
  Impl(Parts parts, std::function<void()> look)
      : parts_(std::move(parts)),
        node_(parts_.random.token()),
        look_(std::move(look)),
        tasks_(parts_.executor) {
    auto handle = committed_.handle();
    parts_.database.on_commit([handle] { Wake::raise(handle); });
  }

  void start() {
    if (std::exchange(started_, true)) return;
    tasks_.spawn("commit news out", [this] { return tell(); });
    tasks_.spawn("commit news in", [this] { return hear(); });
  }
  asio::awaitable<void> stop() { return tasks_.stop(); }

 private:
  asio::awaitable<void> tell() {
    auto told = committed_.generation();
    while (true) {
      auto waiting = committed_.wait(parts_.clock, told, TimePoint::max());
      co_await std::move(waiting);
      told = committed_.generation();
      Context ctx;
      ctx.deadline = parts_.clock.now() + publish_limit;
      auto publishing = parts_.pubsub.publish(std::move(ctx), channel, node_);
      (void)co_await std::move(publishing);  // the others hear of a gap, and look
      auto pause = parts_.clock.sleep_for(together);
      co_await std::move(pause);
    }
  }

  asio::awaitable<void> hear() {
    auto subscribing = parts_.pubsub.subscribe(Context{}, channel);
    auto subscriber = co_await std::move(subscribing);
    while (subscriber) {
      auto waiting = (*subscriber)->next();
      auto notice = co_await std::move(waiting);
      if (!notice) co_return;
      if (notice->payload != node_) look_();
    }
    log::warn("events.not_told_of_commits", {{"reason", subscriber.error().detail}});
  }

  Parts parts_;
  const std::string node_;
  std::function<void()> look_;
  Wake committed_;
  bool started_ = false;
  TaskGroup tasks_;
};

CommitNews::CommitNews(Parts parts, std::function<void()> look)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(look))) {}
CommitNews::~CommitNews() = default;

void CommitNews::start() { impl_->start(); }
asio::awaitable<void> CommitNews::stop() { return impl_->stop(); }

}  // namespace parley::events
