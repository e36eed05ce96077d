#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include "parley/base/clock.hpp"
#include "parley/base/random.hpp"
#include "parley/base/task.hpp"
#include "parley/store/tx.hpp"

namespace parley::store {

/// Short, synchronous transactions on database threads. Thread-safe. It must outlive everything
/// that uses it; the io_contexts of its callers may go first (their functions that still run are
/// waited for, the others are never called). A coroutine that waits for a transaction cannot be
/// cancelled out of it: the function may refer to the coroutine's frame. Cancellation shows at the
/// next await.
///
/// SQLite: one writer thread that commits many functions together (group commit,
/// synchronous=FULL; each inside its own savepoint, so that one's failure is its own), reader
/// threads on WAL snapshots. PostgreSQL: a pool of connections, prepared statements kept,
/// serialization failures and deadlocks retried: so the function may run more than once and must
/// not have effects besides the transaction. Writes are serializable on both.
///
/// What the function throws is a bug: the transaction is rolled back and the caller gets the
/// exception.
class Database {
 public:
  enum class Kind { sqlite, postgresql };
  virtual ~Database() = default;
  virtual Kind kind() const noexcept = 0;

  /// Commits when `change` returns a value, rolls back when it returns an error. The answer comes
  /// after the commit is durable. Errors besides the function's own: unavailable (the database is
  /// away; nothing was done), outcome_unknown (it went away during the commit), rate_limited (the
  /// queue is full), timeout (ctx.deadline passed before it started), resource_exhausted.
  template <class Function>
  auto write(Context ctx, Function change)
      -> asio::awaitable<std::invoke_result_t<Function&, Tx&>> {
    return transact<std::invoke_result_t<Function&, Tx&>>(std::move(ctx), std::move(change),
                                                          Mode::write);
  }
  /// A consistent snapshot; must not change anything.
  template <class Function>
  auto read(Context ctx, Function look) -> asio::awaitable<std::invoke_result_t<Function&, Tx&>> {
    return transact<std::invoke_result_t<Function&, Tx&>>(std::move(ctx), std::move(look),
                                                          Mode::read);
  }

  /// Calls `listener` on a database thread whenever events were committed by this process (a hint:
  /// subscriptions also poll). Never from inside a transaction. It must not block, and it stays
  /// until the database goes: refer weakly to what may go earlier.
  virtual void on_commit(std::function<void()> listener) = 0;

  /// Since when the database's server cannot be reached; nothing while it can. Meanwhile every
  /// transaction is refused with `unavailable` at once, but for one at a time that looks whether it
  /// is back. Without a server of its own (SQLite) it is never away.
  virtual std::optional<WallTime> away_since() const { return std::nullopt; }

  /// Finishes what is queued and closes. Idempotent.
  virtual void close() = 0;

 protected:
  enum class Mode { read, write };
  /// Runs `body` on a database thread, then `done` on the same thread, outside the transaction.
  /// `done` gets the body's error, or the commit's, or nothing.
  using Body = std::function<Result<void>(Tx&)>;
  using Done = std::function<void(Result<void>)>;
  virtual void submit(Mode mode, Context ctx, Body body, Done done) = 0;
  /// For those that stand before another database.
  static void submit_to(Database& other, Mode mode, Context ctx, Body body, Done done) {
    other.submit(mode, std::move(ctx), std::move(body), std::move(done));
  }

 private:
  template <class Outcome, class Function>
  asio::awaitable<Outcome> transact(Context ctx, Function function, Mode mode) {
    std::optional<Outcome> outcome;
    Body body = [&](Tx& tx) -> Result<void> {
      outcome.reset();
      outcome.emplace(function(tx));
      if (!*outcome) return std::unexpected(outcome->error());
      return {};
    };
    auto running = run(mode, std::move(ctx), std::move(body));
    auto ended = co_await std::move(running);
    if (!ended) co_return std::unexpected(std::move(ended.error()));
    co_return std::move(*outcome);
  }
  /// Submits, and waits on the caller's executor. What `body` throws is thrown there.
  Task<void> run(Mode mode, Context ctx, Body body);
};

struct SqliteOptions {
  std::filesystem::path file;
  /// `none` runs each transaction on the caller's thread: simulations in virtual time.
  enum class Threads { own, none };
  std::size_t readers = 2;
  std::size_t max_queued = 4096;  ///< reads and writes each
  Threads threads = Threads::own;
};
struct PostgresOptions {
  std::string url;  ///< postgresql://user@host:port/database
  std::size_t connections = 8;
  std::size_t max_queued = 4096;
};
/// Opens and checks the database; does not migrate. Errors: unavailable, corrupt, invalid (url).
Result<std::unique_ptr<Database>> open_sqlite(Clock& clock, SqliteOptions options);
Result<std::unique_ptr<Database>> open_postgres(Clock& clock, PostgresOptions options);
/// "sqlite:<path>" or "postgresql://...".
Result<std::unique_ptr<Database>> open_database(Clock& clock, const std::string& url);

}  // namespace parley::store
