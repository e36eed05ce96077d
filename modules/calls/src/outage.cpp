// Calls while the database is away: taken, connected and taken back by what this process knows, and
// what they owe is written when it returns.
#include "call_service_impl.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::calls {

namespace {
constexpr Duration pay_every = std::chrono::seconds(1);
constexpr Duration pay_limit = std::chrono::seconds(20);
constexpr Duration write_limit = std::chrono::seconds(5);
}  // namespace

Task<telephony::CallAnswer> CallServiceImpl::take_unrecorded(
    Call call, std::shared_ptr<const business::Profile> profile, std::string media_token) {
  auto answered = known_.add(call, std::move(profile), media_token, KnownCalls::Token::only_here);
  if (answered.media_token.empty())
    co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
  if (answered.id == call.id) {
    auto owing = ledgers_.of(call.id)->owe(ledger::recorded(call, media_token));
    auto owed = co_await std::move(owing);
    if (!owed) co_return std::unexpected(owed.error());
    log::warn("calls.taken_without_database", {{"callId", call.id.str()}});
  }
  co_return telephony::ConnectMedia{answered.media_token};
}

Task<rows::Connected> CallServiceImpl::connect(Context ctx, std::string media_token,
                                               std::string carrier_call_id) {
  auto known = known_.waiting_with(media_token, carrier_call_id);
  // What the database does not know of the call yet must come before this connection.
  bool ahead = known && ledgers_.owes(known->id);
  Result<rows::Connected> connected = fail(Errc::unavailable, "");
  if (!ahead) {
    auto use = [media_token, carrier_call_id](store::Tx& tx) {
      return rows::connect(tx, media_token, carrier_call_id);
    };
    auto writing =
        parts_.database.write(ctx.until(parts_.clock.now() + write_limit), std::move(use));
    connected = co_await std::move(writing);
  }
  if (connected) {
    known_.connected(*connected);
    co_return connected;
  }
  bool only_here = known && known->token == KnownCalls::Token::only_here;
  if (!known || (!may_pass(connected.error().code) && !only_here)) co_return connected;
  auto now = parts_.clock.wall();
  connected = known_.connect(media_token, carrier_call_id, now);
  if (!connected) co_return connected;
  auto ledger = ledgers_.of(known->id);
  auto noting = ledger->record(system_context(connected->call.organization),
                               ledger::connected(connected->connection, now));
  // The caller comes first: without a disk too, the call is held and not recorded.
  if (auto noted = co_await std::move(noting); !noted)
    log::error("calls.connection_not_noted", {{"callId", known->id.str()}});
  co_return connected;
}

/// As it is now, or else as it was when the call came in.
Task<std::shared_ptr<const business::Profile>> CallServiceImpl::profile_for(Context ctx,
                                                                            Call call) {
  if (auto rehearsal = rehearsal_of(call.carrier_call_id)) co_return rehearsal->profile;
  auto finding = parts_.businesses.get(std::move(ctx), call.business);
  auto profile = co_await std::move(finding);
  if (profile || !may_pass(profile.error().code)) co_return profile;
  auto known = known_.profile_of(call.id);
  if (!known) co_return profile;
  co_return known;
}

asio::awaitable<std::optional<telephony::CallAnswer>> CallServiceImpl::what_next_unrecorded(
    std::string carrier, std::string carrier_call_id) {
  auto limit = parts_.clock.now() + ending_limit;
  auto known = known_.ending_of(carrier, carrier_call_id);
  while (known && is_running(known->call.id) && parts_.clock.now() < limit) {
    co_await parts_.clock.sleep_for(std::chrono::milliseconds(50));
    known = known_.ending_of(carrier, carrier_call_id);
  }
  if (!known) co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
  bool hangs = is_running(known->call.id);
  if (!hangs && known->reason == voice::EndReason::failed)
    co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
  if (!hangs && known->reason != voice::EndReason::media_lost) co_return std::nullopt;
  auto token = parts_.random.token();
  if (known_.allow_reconnect(known->call.id, token, options_.most_connections))
    co_return telephony::ConnectMedia{token};
  co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
}

asio::awaitable<void> CallServiceImpl::pay_debts() {
  for (auto& ledger : ledgers_.owing()) {
    auto ctx = system_context({}).until(parts_.clock.now() + pay_limit);
    auto paying = ledger->pay(std::move(ctx));
    auto paid = co_await std::move(paying);
    // The others would wait for the same thing.
    if (!paid) co_return;
    log::info("calls.debt_paid", {{"callId", ledger->call().str()}});
  }
}

asio::awaitable<void> CallServiceImpl::keep_paying() {
  while (true) {
    co_await parts_.clock.sleep_for(pay_every);
    auto paying = pay_debts();
    co_await std::move(paying);
  }
}

}  // namespace parley::calls
