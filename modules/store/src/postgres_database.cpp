#include <fmt/format.h>
#include <pthread.h>

#include <thread>

#include "job_queue.hpp"
#include "parley/store/database.hpp"
#include "postgres_connection.hpp"

namespace parley::store {

namespace {

/// Of a transaction that collides with others: together well under a second.
constexpr int max_attempts = 40;
constexpr int max_losses = 2;
/// Whether the server is away. Meanwhile one thread at a time tries to reach it, so that a server
/// that lets connections hang holds up one transaction and not all. Thread-safe.
class Absence {
 public:
  explicit Absence(Clock& clock) : clock_(clock) {}

  bool may_try() {
    std::lock_guard lock(mutex_);
    if (!since_) return true;
    auto self = std::this_thread::get_id();
    if (looking_ && *looking_ != self) return false;
    looking_ = self;
    return true;
  }
  void begin() {
    std::lock_guard lock(mutex_);
    if (!since_) since_ = clock_.wall();
    looking_.reset();
  }
  void end() {
    std::lock_guard lock(mutex_);
    since_.reset();
    looking_.reset();
  }
  std::optional<WallTime> since() const {
    std::lock_guard lock(mutex_);
    return since_;
  }

 private:
  Clock& clock_;
  mutable std::mutex mutex_;
  std::optional<WallTime> since_;
  std::optional<std::thread::id> looking_;
};

class PostgresDatabase final : public Database {
 public:
  using Connection = std::unique_ptr<PostgresConnection>;

  PostgresDatabase(Clock& clock, PostgresOptions options, Connection first)
      : clock_(clock), url_(std::move(options.url)), queue_(options.max_queued), absence_(clock) {
    threads_.emplace_back([this, first = std::move(first)]() mutable { loop(std::move(first)); });
    for (std::size_t i = 1; i < options.connections; ++i)
      threads_.emplace_back([this] { loop(nullptr); });
  }
  ~PostgresDatabase() override { close(); }

  Kind kind() const noexcept override { return Kind::postgresql; }

  void on_commit(std::function<void()> listener) override { listeners_.add(std::move(listener)); }

  std::optional<WallTime> away_since() const override { return absence_.since(); }

  void close() override {
    queue_.close();
    std::lock_guard lock(closing_);
    threads_.clear();
  }

 protected:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    Job job{std::move(ctx), mode == Mode::write, std::move(body), std::move(done)};
    if (auto taken = queue_.push(job); !taken) job.done(std::move(taken));
  }

 private:
  /// What a transaction leaves to be done when it is durable.
  struct Committed {
    bool appended = false;
    std::vector<std::function<void()>> hooks;
  };

  void loop(Connection connection) {
    pthread_setname_np(pthread_self(), "postgres");
    for (auto jobs = queue_.take(1); !jobs.empty(); jobs = queue_.take(1))
      run(connection, jobs.front());
  }

  void run(Connection& connection, Job& job) {
    Committed committed;
    auto outcome = attempt_until_done(connection, job, committed);
    bool notify = outcome && committed.appended;
    if (outcome)
      for (const auto& hook : committed.hooks) hook();
    job.done(std::move(outcome));
    if (notify) listeners_.notify();
  }

  /// A lost connection before the commit means that nothing was done: one more try on a new one. So
  /// a restart of the server between two transactions goes unnoticed.
  Result<void> attempt_until_done(Connection& connection, Job& job, Committed& committed) {
    int losses = 0;
    Result<void> outcome;
    for (int attempt = 0; attempt < max_attempts; ++attempt) {
      if (clock_.now() > job.ctx.deadline)
        return fail(Errc::timeout, "the deadline passed before the transaction started");
      if (!absence_.may_try()) return fail(Errc::unavailable, "PostgreSQL is away");
      if (!connection) {
        auto opened = PostgresConnection::open(url_);
        if (!opened) {
          absence_.begin();
          return std::unexpected(opened.error());
        }
        connection = std::move(*opened);
        absence_.end();
      }
      outcome = attempt_once(*connection, job, committed);
      auto trouble = connection->trouble();
      if (trouble == Trouble::none) {
        absence_.end();
        return outcome;
      }
      if (trouble == Trouble::lost) {
        bool is_silent = connection->given_up();
        if (is_silent) absence_.begin();
        connection.reset();
        if (!outcome && outcome.error().code == Errc::outcome_unknown) return outcome;
        if (is_silent || ++losses == max_losses) break;
      } else if (trouble == Trouble::retry) {
        back_off(attempt);
      }
    }
    return fail(Errc::unavailable, outcome ? "the transaction could not be finished"
                                           : std::move(outcome.error().detail));
  }

  Result<void> attempt_once(PostgresConnection& connection, Job& job, Committed& committed) {
    if (auto begun = connection.begin(job.writes); !begun) return begun;
    PostgresTx tx(connection, job.ctx, clock_.wall());
    auto outcome = job.body(tx);
    if (outcome && tx.failure()) outcome = std::unexpected(*tx.failure());
    if (!outcome) {
      connection.rollback();
      return outcome;
    }
    committed = {tx.appended(), tx.take_hooks()};
    outcome = connection.commit();
    if (outcome) return outcome;
    connection.rollback();
    // A read has no outcome to be unsure of.
    if (!job.writes && outcome.error().code == Errc::outcome_unknown)
      outcome.error().code = Errc::unavailable;
    return outcome;
  }

  /// Collided transactions come back at different times. On a database thread, so it may block.
  void back_off(int attempt) {
    auto longest_us = std::uint64_t{500} << std::min(attempt, 6);
    auto wait_us = longest_us / 2 + random_.next_u64() % longest_us;
    std::this_thread::sleep_for(std::chrono::microseconds(wait_us));
  }

  Clock& clock_;
  const std::string url_;
  SystemRandom random_;
  JobQueue queue_;
  Absence absence_;
  CommitListeners listeners_;
  std::mutex closing_;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_postgres(Clock& clock, PostgresOptions options) {
  char* problem = nullptr;
  auto* parsed = PQconninfoParse(options.url.c_str(), &problem);
  std::string detail = problem ? problem : "";
  PQfreemem(problem);
  if (!parsed) return fail(Errc::invalid, "the database's address: " + detail);
  PQconninfoFree(parsed);
  auto first = PostgresConnection::open(options.url);
  if (!first) return std::unexpected(first.error());
  return std::make_unique<PostgresDatabase>(clock, std::move(options), std::move(*first));
}

Result<std::unique_ptr<Database>> open_database(Clock& clock, const std::string& url) {
  if (url.starts_with("sqlite:"))
    return open_sqlite(clock, {.file = url.substr(std::string_view("sqlite:").size())});
  if (url.starts_with("postgresql://") || url.starts_with("postgres://"))
    return open_postgres(clock, {.url = url});
  return fail(Errc::invalid, "a database's address starts with sqlite: or postgresql://");
}

}  // namespace parley::store
