#include "parley/testkit/kill_program.hpp"

#include <stdexcept>

#include "parley/telemetry/log.hpp"

namespace parley::testkit {

KillProgram::KillProgram(const KillRun& run, std::string label) {
  if (!log::configure({.level = log::Level::off})) throw std::runtime_error("log");
  auto opened = store::open_database(clock, run.url);
  if (!opened) throw std::runtime_error(opened.error().detail);
  database = std::move(*opened);
  watched = kill_around_writes(*database, std::move(label));
  ctx.organization = OrganizationId("org_test");
}

asio::awaitable<void> KillProgram::until_found(std::string sql, store::Params params) {
  constexpr auto between_looks = std::chrono::milliseconds(5);
  while (true) {
    auto looking = database->read(ctx, [&](store::Tx& tx) { return tx.query(sql, params); });
    auto rows = co_await std::move(looking);
    if (rows && !rows->empty()) co_return;
    auto pause = clock.sleep_for(between_looks);
    co_await std::move(pause);
  }
}

OutsideLedger ledger_of(const KillRun& run) { return OutsideLedger(run.folder / "ledger"); }

}  // namespace parley::testkit
