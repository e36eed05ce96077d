// Deliveries of webhooks a second, durably, on SQLite (synchronous=FULL) and PostgreSQL (fsync on):
// from the event log over a job each to a receiver on loopback, signed and answered, to what came
// of it. The limit is the same HTTP client posting the same bodies to the same receiver, and
// storing nothing.
//   webhook_bench [events]
#include <fmt/format.h>
#include <stdlib.h>

#include <atomic>

#include "parley/auth/master_key.hpp"
#include "parley/store/migrations.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/postgres_server.hpp"
#include "parley/webhooks/webhooks.hpp"
#include "served.hpp"

namespace parley {
namespace {

using Seconds = std::chrono::duration<double>;
constexpr int endpoints = 16;
constexpr int at_once = 32;

struct Receiver {
  Receiver() {
    router.add(net::Method::post, "/{rest...}",
               [this](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
                 ++got;
                 co_return net::HttpResponse{.status = 204};
               });
    served.emplace(loop, router);
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/in", served->server->port()); }
  std::atomic<std::int64_t> got = 0;
  bench::Loop loop;
  net::Router router;
  std::optional<bench::Served> served;
};

void show(std::string_view what, std::int64_t many, Duration took) {
  fmt::print("{:<44} {:>8.0f} deliveries/s\n", what,
             static_cast<double>(many) / Seconds(took).count());
  std::fflush(stdout);
}

asio::awaitable<void> until(Clock& clock, std::function<bool()> condition) {
  while (!condition()) {
    auto pause = clock.sleep_for(2ms);
    co_await std::move(pause);
  }
}

asio::awaitable<void> until_found(Clock& clock, store::Database& db, std::string sql) {
  while (true) {
    auto looking = db.read(Context{}, [&](store::Tx& tx) { return tx.query(sql); });
    auto rows = co_await std::move(looking);
    if (rows && !rows->empty()) co_return;
    auto pause = clock.sleep_for(20ms);
    co_await std::move(pause);
  }
}

void posts_alone(Receiver& receiver, std::int64_t many) {
  bench::Loop loop;
  SystemClock clock;
  auto http = net::make_http_client(loop.io.get_executor());
  std::int64_t sent = 0;
  auto poster = [&]() -> asio::awaitable<void> {
    while (sent < many) {
      ++sent;
      net::OutgoingRequest request;
      request.method = net::Method::post;
      request.url = receiver.url();
      request.body = std::string(300, 'x');
      auto posting = http->send(Context{}, std::move(request));
      if (auto answer = co_await std::move(posting); !answer)
        throw std::runtime_error(answer.error().detail);
    }
  };
  receiver.got = 0;
  auto began = clock.now();
  for (int i = 0; i < at_once; ++i)
    asio::co_spawn(loop.io, poster(), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
  loop.run(until(clock, [&] { return receiver.got >= many; }));
  show("posts alone, 32 at once", many, clock.now() - began);
}

void deliver(Receiver& receiver, store::Database& db, std::string_view name, int events) {
  bench::Loop loop;
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink sink;
  trace::Tracer tracer(clock, random, sink);
  auto master = auth::MasterKey::make(random);
  auto executor = loop.io.get_executor();
  auto http = net::make_http_client(executor);
  Context ctx;
  ctx.organization = OrganizationId("org_bench");
  auto well = [](const auto& done) {
    if (!done) throw std::runtime_error(done.error().detail);
  };
  well(loop.run(store::migrate(db)));
  queue::Queue queue({executor, clock, random, db, registry, tracer},
                     {.workers = {{"default", at_once}}});
  webhooks::Webhooks::Options options;
  options.deliveries.addresses = webhooks::Deliveries::Options::Addresses::any;
  webhooks::Webhooks hooks({clock, random, db, queue, *http, master, registry}, options);
  events::Subscriptions subscriptions(executor, clock, random, db);
  subscriptions.add(hooks.deliveries.subscription());
  for (int i = 0; i < endpoints; ++i)
    well(loop.run(hooks.endpoints.create(ctx, {receiver.url(), "bench", {"call.*"}})));
  auto put = [&](store::Tx& tx) -> Result<void> {
    for (int i = 0; i < events; ++i) {
      store::NewEvent event{"call.ended", {{"number", i}, {"text", std::string(200, 'x')}}};
      if (auto done = tx.append("call/" + std::to_string(i), std::move(event)); !done)
        return std::unexpected(done.error());
    }
    return {};
  };
  auto many = std::int64_t{events} * endpoints;
  queue.start();
  subscriptions.start();
  // Events count from the subscription's first look on.
  loop.run(until_found(clock, db, "SELECT 1 AS n FROM event_subscriptions"));
  receiver.got = 0;
  auto began = clock.now();
  well(loop.run(db.write(ctx, put)));
  loop.run(until(clock, [&] { return receiver.got >= many; }));
  loop.run(until_found(
      clock, db,
      fmt::format("SELECT 1 AS n WHERE {} = (SELECT COUNT(*) FROM webhook_deliveries WHERE status "
                  "= 'delivered')",
                  many)));
  show(fmt::format("{}, {} events to {} endpoints", name, events, endpoints), many,
       clock.now() - began);
  loop.run(subscriptions.stop());
  loop.run(queue.stop());
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  using namespace parley;
  auto events = argc > 1 ? static_cast<int>(std::strtol(argv[1], nullptr, 10)) : 500;
  ::setenv("PARLEY_TEST_POSTGRES_FSYNC", "on", 1);
  if (!log::configure({.level = log::Level::error})) return 1;
  SystemClock clock;
  Receiver receiver;
  posts_alone(receiver, std::int64_t{events} * endpoints);
  auto folder = (std::filesystem::temp_directory_path() / "parley-bench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) return 1;
  {
    auto sqlite = store::open_sqlite(clock, {.file = folder + "/bench.db"}).value();
    deliver(receiver, *sqlite, "SQLite", events);
  }
  std::filesystem::remove_all(folder);
  auto& server = testkit::PostgresServer::instance();
  auto postgres = store::open_postgres(clock, {.url = server.url(server.make_empty_database())});
  deliver(receiver, **postgres, "PostgreSQL", events);
}
