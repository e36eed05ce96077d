#include <pthread.h>

#include <thread>

#include "job_queue.hpp"
#include "parley/store/database.hpp"
#include "sqlite_connection.hpp"

namespace parley::store {

namespace {

/// How many functions share one commit at most: bounds what the first of them waits for.
constexpr std::size_t max_group = 256;

class SqliteDatabase final : public Database {
 public:
  using Connection = std::unique_ptr<SqliteConnection>;

  SqliteDatabase(Clock& clock, SqliteOptions options, Connection writer,
                 std::vector<Connection> readers)
      : clock_(clock),
        inline_(options.threads == SqliteOptions::Threads::none),
        writer_(std::move(writer)),
        readers_(std::move(readers)),
        writes_(options.max_queued),
        reads_(options.max_queued) {
    if (inline_) return;
    threads_.emplace_back([this] { write_loop(); });
    for (auto& reader : readers_) threads_.emplace_back([this, &reader] { read_loop(*reader); });
  }
  ~SqliteDatabase() override { close(); }

  Kind kind() const noexcept override { return Kind::sqlite; }

  void on_commit(std::function<void()> listener) override { listeners_.add(std::move(listener)); }

  void close() override {
    writes_.close();
    reads_.close();
    std::lock_guard lock(closing_);
    threads_.clear();
  }

 protected:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    Job job{std::move(ctx), mode == Mode::write, std::move(body), std::move(done)};
    auto& queue = job.writes ? writes_ : reads_;
    if (auto taken = queue.push(job); !taken) {
      job.done(std::move(taken));
      return;
    }
    if (inline_) run_inline(queue);
  }

 private:
  /// How one function of a group ended.
  struct Ended {
    Result<void> outcome;
    bool appended = false;
    std::vector<std::function<void()>> hooks;
  };

  void run_inline(JobQueue& queue) {
    std::lock_guard lock(inline_mutex_);
    auto jobs = queue.take(1);
    if (jobs.empty()) return;
    if (jobs.front().writes) {
      run_group(jobs);
    } else {
      look(*readers_.front(), jobs.front());
    }
  }

  void write_loop() {
    pthread_setname_np(pthread_self(), "sqlite/write");
    for (auto jobs = writes_.take(max_group); !jobs.empty(); jobs = writes_.take(max_group))
      run_group(jobs);
  }

  void read_loop(SqliteConnection& reader) {
    pthread_setname_np(pthread_self(), "sqlite/read");
    for (auto jobs = reads_.take(1); !jobs.empty(); jobs = reads_.take(1))
      look(reader, jobs.front());
  }

  Result<void> still_in_time(const Job& job) const {
    if (clock_.now() <= job.ctx.deadline) return {};
    return fail(Errc::timeout, "the deadline passed before the transaction started");
  }

  void run_group(std::span<Job> jobs) {
    if (auto begun = writer_->execute("BEGIN IMMEDIATE"); !begun) {
      for (auto& job : jobs) job.done(std::unexpected(begun.error()));
      return;
    }
    std::vector<Ended> ended;
    for (auto& job : jobs) {
      ended.push_back(change(job));
      // A full disk makes SQLite undo the whole transaction: the others try again without it.
      if (!writer_->in_transaction()) return run_apart(jobs, ended);
    }
    auto committed = commit();
    // A deferred constraint belongs to one function, not to all.
    if (!committed && committed.error().code == Errc::conflict && jobs.size() > 1) {
      for (auto& job : jobs) run_group({&job, 1});
      return;
    }
    bool appended = false;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (ended[i].outcome && !committed) ended[i].outcome = committed;
      appended |= ended[i].outcome && ended[i].appended;
      if (ended[i].outcome)
        for (const auto& hook : ended[i].hooks) hook();
      jobs[i].done(std::move(ended[i].outcome));
    }
    if (appended) listeners_.notify();
  }

  /// The last of `ended` lost the transaction for all; those after it have not run.
  void run_apart(std::span<Job> jobs, std::span<const Ended> ended) {
    auto culprit = ended.size() - 1;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      bool own_error = i < ended.size() && !ended[i].outcome;
      if (own_error) {
        jobs[i].done(ended[i].outcome);
      } else if (i == culprit) {
        jobs[i].done(fail(Errc::unavailable, "SQLite rolled the transaction back"));
      } else {
        run_group(jobs.subspan(i, 1));
      }
    }
  }

  Ended change(Job& job) {
    if (auto good = still_in_time(job); !good) return {good};
    if (auto saved = writer_->execute("SAVEPOINT one"); !saved)
      return {std::unexpected(saved.error())};
    SqliteTx tx(*writer_, job.ctx, clock_.wall());
    auto outcome = job.body(tx);
    if (outcome && tx.failure()) outcome = std::unexpected(*tx.failure());
    if (!writer_->in_transaction()) return {std::move(outcome)};
    if (!outcome) {
      auto undone = writer_->execute("ROLLBACK TO one");
      if (!undone) outcome = std::unexpected(undone.error());
    }
    auto released = writer_->execute("RELEASE one");
    if (!released && outcome) outcome = std::unexpected(released.error());
    return {std::move(outcome), tx.appended(), tx.take_hooks()};
  }

  Result<void> commit() {
    auto committed = writer_->execute("COMMIT");
    if (committed) return {};
    if (writer_->in_transaction()) (void)writer_->execute("ROLLBACK");
    return std::unexpected(committed.error());
  }

  void look(SqliteConnection& reader, Job& job) {
    if (auto good = still_in_time(job); !good) return job.done(std::move(good));
    if (auto begun = reader.execute("BEGIN"); !begun)
      return job.done(std::unexpected(begun.error()));
    SqliteTx tx(reader, job.ctx, clock_.wall());
    auto outcome = job.body(tx);
    if (outcome && tx.failure()) outcome = std::unexpected(*tx.failure());
    if (reader.in_transaction()) (void)reader.execute("ROLLBACK");
    job.done(std::move(outcome));
  }

  Clock& clock_;
  const bool inline_;
  std::mutex inline_mutex_;
  Connection writer_;
  std::vector<Connection> readers_;
  JobQueue writes_;
  JobQueue reads_;
  CommitListeners listeners_;
  std::mutex closing_;
  std::vector<std::jthread> threads_;
};

}  // namespace

Result<std::unique_ptr<Database>> open_sqlite(Clock& clock, SqliteOptions options) {
  auto writer = SqliteConnection::open(options.file, SqliteConnection::Access::write);
  if (!writer) return std::unexpected(writer.error());
  std::vector<std::unique_ptr<SqliteConnection>> readers;
  for (std::size_t i = 0; i < std::max<std::size_t>(options.readers, 1); ++i) {
    auto reader = SqliteConnection::open(options.file, SqliteConnection::Access::read);
    if (!reader) return std::unexpected(reader.error());
    readers.push_back(std::move(*reader));
  }
  return std::make_unique<SqliteDatabase>(clock, std::move(options), std::move(*writer),
                                          std::move(readers));
}

}  // namespace parley::store
