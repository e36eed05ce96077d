#pragma once
#include "parley/store/database.hpp"
#include "trouble.hpp"

namespace parley::simulation {

/// A database that is away, forgets its answer, or runs a function again, as the day's trouble has
/// it ("database").
class TroubledDatabase final : public store::Database {
 public:
  TroubledDatabase(store::Database& inner, Trouble& trouble) : inner_(inner), trouble_(trouble) {}
  Kind kind() const noexcept override { return inner_.kind(); }
  void on_commit(std::function<void()> listener) override { inner_.on_commit(std::move(listener)); }
  void close() override {}

 private:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    auto chances = trouble_.of("database");
    if (trouble_.happens(chances.refused))
      return done(fail(Errc::unavailable, "the database is away"));
    if (mode == Mode::write && trouble_.happens(chances.repeated)) {
      auto first = [body](store::Tx& tx) -> Result<void> {
        (void)body(tx);
        return fail(Errc::unavailable, "collided");
      };
      submit_to(inner_, mode, ctx, std::move(first), [](Result<void>) {});
    }
    if (mode == Mode::write && trouble_.happens(chances.forgotten))
      done = [done = std::move(done)](Result<void> ended) {
        done(ended ? fail(Errc::outcome_unknown, "the connection was lost") : std::move(ended));
      };
    submit_to(inner_, mode, std::move(ctx), std::move(body), std::move(done));
  }

  store::Database& inner_;
  Trouble& trouble_;
};

}  // namespace parley::simulation
