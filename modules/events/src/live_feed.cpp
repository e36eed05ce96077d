#include "parley/events/live_feed.hpp"

#include "parley/base/task_group.hpp"
#include "parley/base/wake.hpp"

namespace parley::events {

namespace {

constexpr std::size_t read_at_once = 500;

bool type_matches(std::string_view type, const std::vector<std::string>& wanted) {
  auto matches = [&](std::string_view pattern) {
    return pattern.ends_with(".*") ? type.starts_with(pattern.substr(0, pattern.size() - 1))
                                   : type == pattern;
  };
  return wanted.empty() || std::ranges::any_of(wanted, matches);
}

}  // namespace

class LiveFeed::Impl {
 public:
  Impl(asio::any_io_executor executor, Clock& clock, store::Database& database, Options options)
      : clock_(clock), database_(database), options_(options), tasks_(std::move(executor)) {
    auto handle = committed_.handle();
    database.on_commit([handle] { Wake::raise(handle); });
  }

  void start() {
    if (std::exchange(started_, true)) return;
    tasks_.spawn("live feed", [this] { return follow(); });
  }

  asio::awaitable<void> stop() {
    {
      std::lock_guard lock(mutex_);
      stopped_ = true;
    }
    arrived_.raise();
    auto ending = tasks_.stop();
    co_await std::move(ending);
  }

  Task<store::Position> newest(Context ctx) {
    auto work =
        database_.read(std::move(ctx), [](store::Tx& tx) { return store::newest_position(tx); });
    co_return co_await std::move(work);
  }

  void announce(std::string type, json::object data) {
    {
      std::lock_guard lock(mutex_);
      auto number = notice_ ? notice_->number + 1 : 1;
      notice_ = std::make_shared<const Notice>(number, std::move(type), std::move(data));
    }
    arrived_.raise();
  }

  Task<Page> next(Context ctx, store::EventFilter filter, store::Position after,
                  std::uint64_t notice, std::size_t limit) {
    if (!ctx.organization) co_return fail(Errc::invalid, "a live feed is of one organization");
    if (limit < 1 || limit > 1000) co_return fail(Errc::invalid, "limit must be 1 to 1000");
    filter.organization = ctx.organization;
    while (true) {
      auto seen = arrived_.generation();
      auto kept = look_in_memory(filter, after, limit);
      if (kept.stopped) co_return fail(Errc::unavailable, "the live feed has stopped");
      if (auto news = newer_notice(filter, notice)) co_return Page{{}, after, std::move(news)};
      if (kept.behind) {
        auto reading = read_older(ctx, filter, after, limit);
        auto page = co_await std::move(reading);
        if (!page || !page->events.empty()) co_return page;
        // Nothing for this listener up to what memory held before the read.
        after = std::max(after, kept.page.next);
      } else {
        if (!kept.page.events.empty()) co_return std::move(kept.page);
        after = kept.page.next;
      }
      if (clock_.now() >= ctx.deadline) co_return Page{{}, after, nullptr};
      auto waiting = arrived_.wait(clock_, seen, ctx.deadline);
      co_await std::move(waiting);
    }
  }

 private:
  using Kept = std::shared_ptr<const store::StoredEvent>;
  struct Memory {
    bool stopped = false;
    bool behind = false;  ///< some of what follows is no longer, or not yet, in memory
    Page page;
  };

  std::shared_ptr<const Notice> newer_notice(const store::EventFilter& filter,
                                             std::uint64_t than) const {
    std::lock_guard lock(mutex_);
    bool is_news = notice_ && notice_->number > than && filter.stream.empty() &&
                   type_matches(notice_->type, filter.types);
    return is_news ? notice_ : nullptr;
  }

  Memory look_in_memory(const store::EventFilter& filter, store::Position after,
                        std::size_t limit) const {
    std::vector<Kept> found;
    Memory memory;
    {
      std::lock_guard lock(mutex_);
      memory.stopped = stopped_;
      memory.behind = !ready_ || after < floor_;
      memory.page.next = std::max(after, tail_);
      if (memory.stopped || memory.behind) return memory;
      auto from = std::ranges::upper_bound(kept_, after, {}, [](auto& e) { return e->position; });
      for (; from != kept_.end() && found.size() < limit; ++from) {
        const auto& event = **from;
        bool of_stream = filter.stream.empty() || event.stream == filter.stream;
        if (of_stream && event.organization == filter.organization &&
            type_matches(event.type, filter.types))
          found.push_back(*from);
      }
    }
    if (found.size() == limit) memory.page.next = found.back()->position;
    for (const auto& event : found) memory.page.events.push_back(*event);
    return memory;
  }

  Task<Page> read_older(Context ctx, store::EventFilter filter, store::Position after,
                        std::size_t limit) {
    // The deadline is about waiting for news, not about this read.
    ctx.deadline = TimePoint::max();
    auto look = [&](store::Tx& tx) -> Result<std::vector<store::StoredEvent>> {
      auto begin = store::horizon(tx);
      if (!begin) return std::unexpected(begin.error());
      if (after < *begin)
        return fail(Errc::not_found, "events up to " + begin->text() + " are no longer kept");
      return store::read_events(tx, filter, after, limit);
    };
    auto work = database_.read(std::move(ctx), look);
    auto events = co_await std::move(work);
    if (!events) co_return std::unexpected(events.error());
    Page page{std::move(*events), after, nullptr};
    if (!page.events.empty()) page.next = page.events.back().position;
    co_return page;
  }

  asio::awaitable<void> follow() {
    constexpr Duration soon = 5ms;
    bool settles_later = database_.kind() == store::Database::Kind::postgresql;
    Duration idle = options_.poll;
    while (true) {
      auto seen = committed_.generation();
      auto reading = read_tail();
      auto many = co_await std::move(reading);
      if (many && *many > 0) {
        idle = soon;
        continue;
      }
      // As in Follower::run: on PostgreSQL what was committed is readable a little later.
      auto pause = many && settles_later ? std::min(idle, options_.poll) : options_.poll;
      auto news = committed_.wait(clock_, seen, clock_.now() + pause);
      co_await std::move(news);
      idle = committed_.generation() != seen ? soon : std::min(idle * 2, options_.poll);
    }
  }

  Task<std::size_t> read_tail() {
    if (!ready_) {
      auto looking = newest(Context{});
      auto position = co_await std::move(looking);
      if (!position) co_return std::unexpected(position.error());
      start_at(*position);
      arrived_.raise();
    }
    auto after = tail_;
    auto look = [after](store::Tx& tx) { return store::read_events(tx, {}, after, read_at_once); };
    auto work = database_.read(Context{}, look);
    auto events = co_await std::move(work);
    if (!events) co_return std::unexpected(events.error());
    auto many = events->size();
    if (many == 0) co_return many;
    keep(std::move(*events));
    arrived_.raise();
    co_return many;
  }

  void start_at(store::Position position) {
    std::lock_guard lock(mutex_);
    floor_ = tail_ = position;
    ready_ = true;
  }

  void keep(std::vector<store::StoredEvent> events) {
    std::lock_guard lock(mutex_);
    for (auto& event : events) {
      tail_ = event.position;
      kept_.push_back(std::make_shared<const store::StoredEvent>(std::move(event)));
    }
    for (; kept_.size() > options_.kept; kept_.pop_front()) floor_ = kept_.front()->position;
  }

  Clock& clock_;
  store::Database& database_;
  const Options options_;
  Wake committed_;  ///< something may be in the log
  Wake arrived_;    ///< something is in memory
  mutable std::mutex mutex_;
  bool ready_ = false;  ///< written under the mutex, by follow() only
  bool stopped_ = false;
  store::Position floor_;  ///< memory has every event after this
  store::Position tail_;   ///< and up to this
  std::deque<Kept> kept_;
  std::shared_ptr<const Notice> notice_;  ///< the newest; null: none yet
  bool started_ = false;
  TaskGroup tasks_;
};

LiveFeed::LiveFeed(asio::any_io_executor executor, Clock& clock, store::Database& database)
    : LiveFeed(std::move(executor), clock, database, Options()) {}
LiveFeed::LiveFeed(asio::any_io_executor executor, Clock& clock, store::Database& database,
                   Options options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, database, options)) {}
LiveFeed::~LiveFeed() = default;

void LiveFeed::start() { impl_->start(); }
asio::awaitable<void> LiveFeed::stop() { return impl_->stop(); }
Task<store::Position> LiveFeed::newest(Context ctx) { return impl_->newest(std::move(ctx)); }
Task<LiveFeed::Page> LiveFeed::next(Context ctx, std::vector<std::string> types,
                                    store::Position after, std::size_t limit) {
  constexpr auto no_notice = std::numeric_limits<std::uint64_t>::max();
  return impl_->next(std::move(ctx), {.types = std::move(types)}, after, no_notice, limit);
}
Task<LiveFeed::Page> LiveFeed::next_matching(Context ctx, store::EventFilter filter,
                                             store::Position after, std::uint64_t notice,
                                             std::size_t limit) {
  return impl_->next(std::move(ctx), std::move(filter), after, notice, limit);
}
void LiveFeed::announce(std::string type, json::object data) {
  impl_->announce(std::move(type), std::move(data));
}

}  // namespace parley::events
