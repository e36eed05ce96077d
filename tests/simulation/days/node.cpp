#include "node.hpp"

namespace parley::simulation {

namespace {

queue::Queue::Options queue_options() {
  queue::Queue::Options options;
  options.workers = {{"default", 16}, {"saga", 4}, {"inbox", 8}, {"webhooks", 16}};
  // Its own jobs are signalled; looking for others' each second of a day is all it would do.
  options.poll = 15s;
  return options;
}

webhooks::Webhooks::Options webhook_options() {
  webhooks::Webhooks::Options options;
  options.inbox.lane = "inbox";
  options.deliveries.lane = "webhooks";
  return options;
}

events::Subscriptions::Options subscription_options() {
  events::Subscriptions::Options options;
  options.poll = 15s;
  return options;
}

/// A call's statuses come in any order and more than once.
Result<webhooks::Processed> apply_status(store::Tx& tx, const webhooks::Received& event) {
  auto order = webhooks::advance(tx, event.what.source, event.what.subject, *event.what.sequence);
  if (!order) return std::unexpected(order.error());
  if (*order == webhooks::Order::older) return webhooks::Processed::stale;
  auto applied =
      tx.execute("INSERT INTO day_applied (event_id) VALUES (?1)", {event.what.event_id});
  if (!applied) return std::unexpected(applied.error());
  auto kept = tx.execute(
      "INSERT INTO day_calls (subject, sequence) VALUES (?1, ?2) "
      "ON CONFLICT (subject) DO UPDATE SET sequence = excluded.sequence",
      {event.what.subject, *event.what.sequence});
  if (!kept) return std::unexpected(kept.error());
  return webhooks::Processed::applied;
}

Result<void> count_order(store::Tx& tx, const store::StoredEvent& event) {
  auto seen = tx.execute("INSERT INTO day_seen (event_id) VALUES (?1)", {event.id});
  if (!seen) return std::unexpected(seen.error());
  return {};
}

}  // namespace

Node::Node(World world)
    : world_(world),
      database_(world.database, world.trouble),
      tracer_(world.clock, world.random, spans_),
      businesses(business::make_businesses(database_, world.clock, world.random)),
      booking(booking::make_booking(database_, world.clock, world.random)),
      queue({io_.get_executor(), world.clock, world.random, database_, registry_, tracer_},
            queue_options()),
      sagas(world.clock, world.random, database_, queue),
      webhooks(
          {world.clock, world.random, database_, queue, world.outside, world.master, registry_},
          webhook_options()),
      subscriptions(io_.get_executor(), world.clock, world.random, database_,
                    subscription_options()) {
  webhooks.inbox.add("call", apply_status);
  subscriptions.add(webhooks.deliveries.subscription());
  subscriptions.add({"day.seen.v1", {.types = {"order.placed"}}, events::Projection(count_order)});
  queue::HandlerOptions charging;
  charging.max_attempts = 40;
  charging.longest_pause = 10min;
  queue.add("charge.v1", charging, [this](Context ctx, queue::JobRun& run) {
    return world_.outside.effect(std::move(ctx), "charges", "charge",
                                 std::string(run.payload().at("order").as_string()),
                                 world_.keys_of_charges);
  });
  sagas.add(trip());
}

Node::~Node() { io_.shutdown(); }

void Node::start() {
  queue.start();
  subscriptions.start();
}

Result<void> Node::make_tables(store::Tx& tx) {
  for (auto* sql : {"CREATE TABLE day_calls (subject TEXT PRIMARY KEY, sequence BIGINT NOT NULL)",
                    "CREATE TABLE day_applied (event_id TEXT PRIMARY KEY)",
                    "CREATE TABLE day_seen (event_id TEXT PRIMARY KEY)",
                    "CREATE TABLE day_orders (order_key TEXT PRIMARY KEY, job TEXT NOT NULL)"})
    if (auto made = tx.execute(sql); !made) return std::unexpected(made.error());
  return {};
}

Task<void> Node::place_order(Context ctx, std::string key, bool with_trip) {
  auto change = [&](store::Tx& tx) -> Result<void> {
    auto job = queue.enqueue(tx, {.handler = "charge.v1", .payload = {{"order", key}}});
    if (!job) return std::unexpected(job.error());
    auto placed = tx.execute(
        "INSERT INTO day_orders (order_key, job) VALUES (?1, ?2) "
        "ON CONFLICT (order_key) DO NOTHING",
        {key, job->id});
    if (!placed) return std::unexpected(placed.error());
    if (*placed == 0) return fail(Errc::conflict, "placed already");
    if (with_trip)
      if (auto begun = sagas.start(tx, {"trip.v1", {{"order", key}}, key}); !begun)
        return std::unexpected(begun.error());
    auto told = tx.append("order/" + key, {"order.placed", {{"order", key}}});
    if (!told) return std::unexpected(told.error());
    return {};
  };
  auto work = database_.write(std::move(ctx), change);
  auto done = co_await std::move(work);
  if (!done && done.error().code == Errc::conflict) co_return Result<void>{};
  co_return done;
}

saga::SagaType Node::trip() {
  using Keys = OutsideWorld::Keys;
  auto& outside = world_.outside;
  auto order = [](const saga::StepContext& step) {
    return std::string(step.input.at("order").as_string());
  };
  /// A step's effect, and what takes it back.
  auto book = [&outside, order](std::string what, Keys keys) {
    return [&outside, order, what, keys](saga::StepContext step) -> Task<json::value> {
      auto work = outside.effect(step.ctx, "trips", what, order(step), keys);
      auto done = co_await std::move(work);
      if (!done) co_return std::unexpected(done.error());
      co_return json::value("done");
    };
  };
  auto undo = [&outside, order](std::string what, std::string undoing) {
    return [&outside, order, what, undoing](saga::StepContext step, json::value) -> Task<void> {
      auto looking = outside.look_up(step.ctx, "trips", what, order(step));
      auto there = co_await std::move(looking);
      if (!there) co_return std::unexpected(there.error());
      if (!*there) co_return Result<void>{};
      auto work = outside.effect(step.ctx, "trips", undoing, order(step), Keys::honoured);
      co_return co_await std::move(work);
    };
  };
  saga::Step hold, buy, confirm;
  hold.name = "hold";
  hold.repeat = saga::Repeat::safe;
  hold.run = book("hold", Keys::honoured);
  hold.undo = undo("hold", "release");
  buy.name = "buy";
  buy.run = book("buy", Keys::ignored);
  buy.undo = undo("buy", "refund");
  buy.reconcile = [&outside, order](saga::StepContext step) -> Task<std::optional<json::value>> {
    auto looking = outside.look_up(step.ctx, "trips", "buy", order(step));
    auto there = co_await std::move(looking);
    if (!there) co_return std::unexpected(there.error());
    if (*there) co_return json::value("done");
    co_return std::optional<json::value>();
  };
  confirm.name = "confirm";
  confirm.repeat = saga::Repeat::safe;
  confirm.run = [&outside, order](saga::StepContext step) -> Task<json::value> {
    if (order(step).ends_with('3')) co_return fail(Errc::conflict, "refused");
    auto work = outside.effect(step.ctx, "trips", "confirm", order(step), Keys::honoured);
    auto done = co_await std::move(work);
    if (!done) co_return std::unexpected(done.error());
    co_return json::value("done");
  };
  for (auto* step : {&hold, &buy, &confirm}) {
    // A supplier may be away for hours.
    step->max_attempts = 100;
    step->max_checks = 400;
  }
  return {"trip.v1", {hold, buy, confirm}};
}

}  // namespace parley::simulation
