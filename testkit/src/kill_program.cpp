#include "parley/testkit/kill_program.hpp"

#include <boost/asio/steady_timer.hpp>
#include <stdexcept>

#include "counted_database.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::testkit {

KillProgram::KillProgram(const KillRun& run, std::string label) {
  if (!log::configure({.level = log::Level::off})) throw std::runtime_error("log");
  auto civil = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  clock.set_wall(civil + std::chrono::hours(run.life));
  auto opened = store::open_database(clock, run.url);
  if (!opened) throw std::runtime_error(opened.error().detail);
  database = std::make_unique<CountedDatabase>(std::move(*opened), in_hand);
  watched = kill_around_writes(*database, std::move(label));
  ctx.organization = OrganizationId("org_test");
}

asio::awaitable<void> KillProgram::until_found(std::string sql, store::Params params) {
  constexpr int idle_looks = 5;
  asio::steady_timer pause(io);
  for (int idle = 0;; idle = in_hand == 0 ? idle + 1 : 0) {
    auto looking = database->read(ctx, [&](store::Tx& tx) { return tx.query(sql, params); });
    auto rows = co_await std::move(looking);
    if (rows && !rows->empty()) co_return;
    if (idle >= idle_looks) {
      clock.advance(lease / 6);
      idle = 0;
    }
    pause.expires_after(1ms);
    co_await pause.async_wait(asio::use_awaitable);
  }
}

OutsideLedger ledger_of(const KillRun& run) { return OutsideLedger(run.folder / "ledger"); }

}  // namespace parley::testkit
