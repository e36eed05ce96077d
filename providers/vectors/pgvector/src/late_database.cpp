#include "parley/providers/pgvector/late_database.hpp"

#include <libpq-fe.h>

#include <mutex>

namespace parley::providers::pgvector {

namespace {

class LateDatabase final : public store::Database {
 public:
  LateDatabase(Clock& clock, WorkerPool& pool, store::PostgresOptions options)
      : pool_(pool), state_(std::make_shared<State>(clock, std::move(options))) {}
  ~LateDatabase() override { close(); }

  Kind kind() const noexcept override { return Kind::postgresql; }

  void on_commit(std::function<void()> listener) override {
    std::lock_guard lock(state_->mutex);
    if (state_->database)
      state_->database->on_commit(std::move(listener));
    else
      state_->listeners.push_back(std::move(listener));
  }

  std::optional<WallTime> away_since() const override {
    std::lock_guard lock(state_->mutex);
    return state_->database ? state_->database->away_since() : std::nullopt;
  }

  void close() override {
    store::Database* open = nullptr;
    {
      std::lock_guard lock(state_->mutex);
      state_->closed = true;
      open = state_->database.get();
    }
    if (open) open->close();
  }

 protected:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    store::Database* open = nullptr;
    bool refused = false;
    {
      std::lock_guard lock(state_->mutex);
      open = state_->database.get();
      refused = state_->closed || (!open && std::exchange(state_->looking, true));
    }
    if (refused) return done(fail(Errc::unavailable, "PostgreSQL is away"));
    if (open) return submit_to(*open, mode, std::move(ctx), std::move(body), std::move(done));
    auto shared_done = std::make_shared<Done>(std::move(done));
    auto look = [state = state_, mode, ctx = std::move(ctx), body = std::move(body), shared_done] {
      auto opened = store::open_postgres(state->clock, state->options);
      std::unique_lock lock(state->mutex);
      state->looking = false;
      if (!opened || state->closed) {
        lock.unlock();
        (*shared_done)(fail(Errc::unavailable,
                            opened ? "it is being closed" : std::move(opened.error().detail)));
        return;
      }
      state->database = std::move(*opened);
      for (auto& listener : state->listeners) state->database->on_commit(std::move(listener));
      state->listeners.clear();
      lock.unlock();
      submit_to(*state->database, mode, ctx, body, std::move(*shared_done));
    };
    if (pool_.post(std::move(look))) return;
    {
      std::lock_guard lock(state_->mutex);
      state_->looking = false;
    }
    (*shared_done)(fail(Errc::rate_limited, "too much is waiting to be computed"));
  }

 private:
  /// Also of a look that is still going on.
  struct State {
    State(Clock& with_clock, store::PostgresOptions with_options)
        : clock(with_clock), options(std::move(with_options)) {}
    Clock& clock;
    const store::PostgresOptions options;
    std::mutex mutex;
    std::unique_ptr<store::Database>
        database;  ///< under mutex, as all below; stays once it is there
    std::vector<std::function<void()>> listeners;
    bool looking = false;
    bool closed = false;
  };
  WorkerPool& pool_;
  std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<store::Database>> open_late(Clock& clock, WorkerPool& pool,
                                                   store::PostgresOptions options) {
  char* problem = nullptr;
  auto* parsed = PQconninfoParse(options.url.c_str(), &problem);
  std::string detail = problem ? problem : "";
  PQfreemem(problem);
  if (!parsed) return fail(Errc::invalid, "the database's address: " + detail);
  PQconninfoFree(parsed);
  return std::make_unique<LateDatabase>(clock, pool, std::move(options));
}

}  // namespace parley::providers::pgvector
