#include "parley/queue/queue.hpp"

#include <stdexcept>

#include "group_rows.hpp"
#include "keeper.hpp"
#include "lane.hpp"
#include "parley/base/strings.hpp"
#include "parley/telemetry/log.hpp"
#include "time_limits.hpp"
#include "timekeeper.hpp"

namespace parley::queue {

namespace {

constexpr std::size_t max_payload_bytes = 256 * 1024;
constexpr std::size_t max_key_length = 200;
constexpr std::size_t max_ready_counted = 10'000;

Result<void> changed(const Result<std::int64_t>& rows, std::string_view missing) {
  if (!rows) return std::unexpected(rows.error());
  if (*rows == 0) return fail(Errc::not_found, std::string(missing));
  return {};
}

}  // namespace

class Queue::Impl {
 public:
  Impl(Parts parts, Options options)
      : shared_(parts, std::move(options)),
        settler_(shared_),
        keeper_(shared_, settler_),
        limits_(shared_),
        timekeeper_(shared_, [this](store::Tx& tx, NewJob job) { return enqueue(tx, job); }),
        tasks_(parts.executor, report) {
    for (auto& [name, state] : shared_.lanes)
      lanes_.push_back(std::make_unique<Lane>(shared_, settler_, tasks_, name, *state));
  }

  static void report(const std::string& task, const std::string& what) {
    log::error("queue.task_failed", {{"task", task}, {"reason", what}});
  }

  void add(std::string name, HandlerOptions options, Handler handler) {
    if (started_ || shared_.handlers.contains(name))
      throw std::logic_error("cannot add the handler " + name);
    auto* lane = shared_.lane(options.lane);
    if (!lane || lane->workers < 1 || options.max_attempts < 1 || options.time_limit <= 0s)
      throw std::logic_error("the handler " + name + " has options that make no sense");
    shared_.handlers.emplace(std::move(name), Registration{std::move(options), std::move(handler)});
  }

  void start() {
    if (std::exchange(started_, true)) return;
    tasks_.spawn("queue keeper", [this] { return keeper_.keep(); });
    tasks_.spawn("queue limits", [this] { return limits_.watch(); });
    tasks_.spawn("queue watch", [this] { return keeper_.watch(); });
    tasks_.spawn("queue timekeeper", [this] { return timekeeper_.run(); });
    tasks_.spawn("queue settler", [this] { return settler_.run(); });
    for (auto& lane : lanes_) tasks_.spawn("queue lane", [l = lane.get()] { return l->run(); });
    if (shared_.parts.broker) listen(*shared_.parts.broker);
  }

  asio::awaitable<void> stop() {
    auto ending = tasks_.stop();
    co_await std::move(ending);
    if (!started_ || std::exchange(left_, true)) co_return;
    // What ended in time has ended; only the rest goes back.
    auto flushing = settler_.flush();
    co_await std::move(flushing);
    auto leaving = keeper_.leave();
    co_await std::move(leaving);
    if (shared_.parts.broker) shared_.parts.broker->stop();
  }

  Result<NewRow> row_of(const NewJob& job) {
    const auto* registration = shared_.find(job.handler);
    if (!registration) return no_handler(job.handler);
    if (job.unique_key.size() > max_key_length || job.group.size() > max_key_length ||
        job.delay < 0s || (job.at && job.delay > 0s) || (job.ttl && *job.ttl <= 0s))
      return fail(Errc::invalid, "a job's key, group, delay, time or ttl makes no sense");
    auto payload = json::serialize(job.payload);
    if (payload.size() > max_payload_bytes)
      return fail(Errc::too_large, "a job's payload has at most 256 KiB");
    auto ms = [](Duration d) { return std::chrono::ceil<std::chrono::milliseconds>(d); };
    auto now = shared_.steady_now();
    auto state = job.at              ? JobState::scheduled
                 : job.delay > 0s    ? JobState::delayed
                 : job.group.empty() ? JobState::ready
                                     : JobState::waiting;
    auto run_at = job.at.value_or(now + ms(job.delay));
    auto position = is_later(state) ? Shared::position_of(run_at) : shared_.next_position();
    std::optional<WallTime> expires_at;
    if (job.ttl) expires_at = std::max(run_at, now) + ms(*job.ttl);
    return NewRow{JobId::make(shared_.parts.clock, shared_.parts.random),
                  registration->options.lane,
                  state,
                  position,
                  run_at,
                  expires_at,
                  job,
                  std::move(payload),
                  run_at - now};
  }
  static bool is_later(JobState state) {
    return state == JobState::scheduled || state == JobState::delayed;
  }

  Result<Enqueued> enqueue(store::Tx& tx, const NewJob& job) {
    auto all = enqueue_all(tx, {&job, 1});
    if (!all) return std::unexpected(all.error());
    return std::move(all->front());
  }

  Result<std::vector<Enqueued>> enqueue_all(store::Tx& tx, std::span<const NewJob> jobs) {
    std::vector<NewRow> rows;
    rows.reserve(jobs.size());
    for (const auto& job : jobs) {
      auto row = row_of(job);
      if (!row) return std::unexpected(row.error());
      rows.push_back(std::move(*row));
    }
    auto all = insert_jobs(tx, shared_.kind(), rows);
    if (!all) return all;
    std::map<std::string, JobId> ready;  // the first of each lane: one look is for all of them
    bool later = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto& row = rows[i];
      if ((*all)[i].as == Enqueued::As::duplicate) continue;
      if (is_later(row.state)) {
        later = true;
        tx.after_commit(shared_.teller_of_delay(row.id, row.delay));
      } else if (row.state == JobState::waiting) {
        auto joined =
            join_group(tx, Due{row.id, tx.context().organization, row.job.group}, row.state);
        if (!joined) return std::unexpected(joined.error());
        if (*joined) ready.emplace(row.lane, row.id);
      } else {
        ready.emplace(row.lane, row.id);
      }
    }
    for (const auto& [lane, id] : ready) tx.after_commit(shared_.waker(lane, id));
    if (later) tx.after_commit(shared_.waker_of_delays());
    return all;
  }

  Task<void> cancel(Context ctx, JobId id) {
    bool running = false;
    auto work = shared_.parts.database.write(std::move(ctx), [&](store::Tx& tx) -> Result<void> {
      running = false;
      auto job = load_job(tx, id);
      if (!job) return std::unexpected(job.error());
      switch (job->state) {
        case JobState::done:
        case JobState::cancelled:
        case JobState::dead:
          return fail(Errc::conflict, "the job has ended");
        case JobState::running:
          running = true;
          return changed(request_cancel(tx, id), "no such job");
        case JobState::scheduled:
        case JobState::delayed:
        case JobState::waiting:
        case JobState::ready:
          break;
      }
      if (auto gone = changed(cancel_stored(tx, id, job->state), "no such job"); !gone) return gone;
      if (job->group.empty()) return {};
      tx.after_commit(shared_.waker_of_all());
      return leave_group(tx, job->organization, job->group, id);
    });
    auto asked = co_await std::move(work);
    if (!asked || !running) co_return asked;
    if (auto run = shared_.running(id)) shared_.ask_to_stop(*run, Running::Stop::cancelled);
    co_return asked;
  }

  Task<void> replay(Context ctx, JobId id) {
    auto again = [&](store::Tx& tx) -> Result<void> {
      auto job = load_job(tx, id);
      if (!job) return std::unexpected(job.error());
      auto state = job->group.empty() ? JobState::ready : JobState::waiting;
      auto revived = changed(revive(tx, id, shared_.next_position(), shared_.steady_now(), state),
                             "no dead letter");
      if (!revived) return revived;
      tx.after_commit(shared_.waker(job->lane));
      if (job->group.empty()) return {};
      auto joined = join_group(tx, Due{id, job->organization, job->group}, state);
      if (!joined) return std::unexpected(joined.error());
      return {};
    };
    auto work = shared_.parts.database.write(std::move(ctx), again);
    co_return co_await std::move(work);
  }

  Task<void> schedule(Context ctx, Schedule schedule) {
    auto cron = Cron::parse(schedule.cron, schedule.zone);
    if (!cron) co_return std::unexpected(cron.error());
    if (!shared_.find(schedule.handler)) co_return no_handler(schedule.handler);
    if (schedule.name.empty() || schedule.name.size() > 100)
      co_return fail(Errc::invalid, "a schedule's name has 1 to 100 bytes");
    auto save = [&](store::Tx& tx) {
      tx.after_commit(shared_.waker_of_delays());
      return save_schedule(tx, schedule, cron->next_after(tx.now()));
    };
    auto work = shared_.parts.database.write(std::move(ctx), save);
    co_return co_await std::move(work);
  }

  Task<std::vector<LaneStatus>> lanes(Context ctx) {
    auto look = [this](store::Tx& tx) -> Result<std::vector<LaneStatus>> {
      std::vector<LaneStatus> all;
      for (const auto& [name, lane] : shared_.lanes) {
        auto ready = count_ready(tx, name, max_ready_counted);
        if (!ready) return std::unexpected(ready.error());
        all.push_back({name, *ready, lane->busy, lane->workers});
      }
      return all;
    };
    auto work = shared_.parts.database.read(std::move(ctx), look);
    co_return co_await std::move(work);
  }

  store::Database& database() { return shared_.parts.database; }

 private:
  /// What this node holds of a lane's notices is what it could do at once.
  void listen(Broker& broker) {
    std::map<std::string, int> wanted{{std::string(lane_of_delays), 1}};
    for (const auto& [name, lane] : shared_.lanes) wanted[name] = lane->workers;
    Broker::Listener listener;
    listener.on_notice = [this](const std::string& name, Broker::Respond respond) {
      if (auto* lane = shared_.lane(name))
        return lane->hold(std::move(respond), shared_.parts.clock.now());
      shared_.delays.raise();
      respond(Broker::Answer::looked);
    };
    listener.on_change = [this] {
      shared_.look_again_everywhere();
      shared_.delays.raise();
    };
    broker.start(std::move(wanted), std::move(listener));
  }

  std::unexpected<Error> no_handler(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& [handler, registration] : shared_.handlers) known.push_back(handler);
    auto message = "no handler is called '" + name.substr(0, 100) + "'";
    if (auto close = nearest(name.substr(0, 100), known))
      message += "; did you mean '" + *close + "'?";
    return fail(Errc::not_found, std::move(message));
  }

  Shared shared_;
  Settler settler_;
  Keeper keeper_;
  TimeLimits limits_;
  Timekeeper timekeeper_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  bool started_ = false;
  bool left_ = false;
  TaskGroup tasks_;
};

Queue::Queue(Parts parts) : Queue(std::move(parts), Options()) {}
Queue::Queue(Parts parts, Options options)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(options))) {}
Queue::~Queue() = default;

void Queue::add(std::string name, HandlerOptions options, Handler handler) {
  impl_->add(std::move(name), std::move(options), std::move(handler));
}
void Queue::start() { impl_->start(); }
asio::awaitable<void> Queue::stop() { return impl_->stop(); }

Result<Enqueued> Queue::enqueue(store::Tx& tx, NewJob job) { return impl_->enqueue(tx, job); }
Task<Enqueued> Queue::enqueue(Context ctx, NewJob job) {
  auto work = impl_->database().write(std::move(ctx),
                                      [&](store::Tx& tx) { return impl_->enqueue(tx, job); });
  co_return co_await std::move(work);
}

Result<std::vector<Enqueued>> Queue::enqueue_all(store::Tx& tx, std::vector<NewJob> jobs) {
  return impl_->enqueue_all(tx, jobs);
}

Task<Job> Queue::find(Context ctx, JobId id) {
  auto work =
      impl_->database().read(std::move(ctx), [&](store::Tx& tx) { return load_job(tx, id); });
  co_return co_await std::move(work);
}
Task<store::Listed<Job>> Queue::list(Context ctx, JobFilter filter) {
  auto work =
      impl_->database().read(std::move(ctx), [&](store::Tx& tx) { return list_jobs(tx, filter); });
  co_return co_await std::move(work);
}
Task<void> Queue::cancel(Context ctx, JobId id) {
  return impl_->cancel(std::move(ctx), std::move(id));
}
Task<std::vector<Job>> Queue::dead_letters(Context ctx, JobId after, std::size_t limit) {
  if (limit < 1 || limit > 1000) co_return fail(Errc::invalid, "limit must be 1 to 1000");
  auto work = impl_->database().read(std::move(ctx),
                                     [&](store::Tx& tx) { return load_dead(tx, after, limit); });
  co_return co_await std::move(work);
}
Task<void> Queue::replay(Context ctx, JobId id) {
  return impl_->replay(std::move(ctx), std::move(id));
}
Task<void> Queue::discard(Context ctx, JobId id) {
  auto work = impl_->database().write(std::move(ctx), [&](store::Tx& tx) {
    return changed(remove_dead(tx, id), "no dead letter");
  });
  co_return co_await std::move(work);
}

Task<void> Queue::schedule(Context ctx, Schedule schedule) {
  return impl_->schedule(std::move(ctx), std::move(schedule));
}
Task<void> Queue::unschedule(Context ctx, std::string name) {
  auto work = impl_->database().write(std::move(ctx),
                                      [&](store::Tx& tx) { return remove_schedule(tx, name); });
  co_return co_await std::move(work);
}
Task<std::vector<ScheduleStatus>> Queue::schedules(Context ctx) {
  auto work =
      impl_->database().read(std::move(ctx), [](store::Tx& tx) { return load_schedules(tx); });
  co_return co_await std::move(work);
}
Task<std::vector<LaneStatus>> Queue::lanes(Context ctx) { return impl_->lanes(std::move(ctx)); }

}  // namespace parley::queue
