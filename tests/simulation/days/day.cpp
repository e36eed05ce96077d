#include "day.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include "parley/store/migrations.hpp"

namespace parley::simulation {

namespace {

const std::vector<std::string> receivers{"crm.example.com", "bi.example.com"};
const std::vector<std::string> outside{"crm.example.com", "bi.example.com", "charges", "trips"};
constexpr Duration longest_night = 24h * 7;

}  // namespace

DayFolder::DayFolder() {
  std::error_code none;
  auto root = std::filesystem::is_directory("/dev/shm", none)
                  ? std::filesystem::path("/dev/shm")
                  : std::filesystem::temp_directory_path();
  auto name = (root / "parley-day-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path = name;
}
DayFolder::~DayFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

Day::Day(DayOptions options)
    : options_(options),
      world_(options.seed),
      trouble_(world_.clock(), world_.random()),
      outside_(trouble_),
      master_(auth::MasterKey::make(system_random_)) {
  store::SqliteOptions sqlite;
  sqlite.file = folder_.path / "day.db";
  sqlite.threads = store::SqliteOptions::Threads::none;
  database_ = store::open_sqlite(world_.clock(), sqlite).value();
  ctx_.organization = OrganizationId("org_day");
}

DayReport Day::live() {
  open_shop();
  auto many = static_cast<std::size_t>(options_.callers);
  for (std::size_t i = 0; i < many; ++i) spawn(call_for_appointment(callers_[i], i % 4 == 0));
  for (int i = 0; i < options_.orders; ++i)
    spawn(place_order(fmt::format("order-{}", i), i % 3 == 0));
  for (int i = 0; i < options_.calls; ++i) spawn(carry_call(fmt::format("CA{}", i)));
  for (int i = 0; i < options_.troubles; ++i) spawn(trouble_comes());
  for (int i = 0; i < options_.crashes; ++i) spawn(crashes_come());
  drive_for(options_.length);
  // Night: everything is well again, and what is left to do gets done.
  fuse_ = 0;
  trouble_.heal();
  if (!node_) boot();
  for (Duration passed{}; passed < longest_night; passed += 10min) {
    drive_for(10min);
    if (running_ == 0 && left().empty()) break;
  }
  if (auto undone = left(); running_ > 0 || !undone.empty())
    violate(fmt::format("after a week there is still something to do: {} people wait, {}", running_,
                        undone));
  check_appointments();
  check_orders();
  check_trips();
  check_deliveries();
  check_calls();
  tell();
  return std::move(report_);
}

void Day::boot() {
  Node::World world{world_.clock(), world_.random(), *database_, trouble_, outside_, master_};
  if (options_.charges == DayOptions::Charges::ignore_keys)
    world.keys_of_charges = OutsideWorld::Keys::ignored;
  node_ = std::make_unique<Node>(world);
  if (open_) node_->start();
}

void Day::crash() {
  node_.reset();
  ++lives_;
  ++report_.crashes;
}

void Day::spawn(asio::awaitable<void> what) {
  ++running_;
  asio::co_spawn(world_.io(), std::move(what), [this](const std::exception_ptr& thrown) {
    --running_;
    if (thrown) std::rethrow_exception(thrown);
  });
}

asio::awaitable<void> Day::pass(Duration duration) {
  auto waiting = world_.clock().sleep_for(duration);
  co_await std::move(waiting);
}

asio::awaitable<void> Day::until_sometime() {
  auto sleeping = pass(trouble_.between(0s, options_.length * 9 / 10));
  co_await std::move(sleeping);
}

/// A dental practice with two chairs, and what its systems want to hear.
void Day::open_shop() {
  boot();
  auto well = [](const auto& done) {
    if (!done) throw std::runtime_error("the shop cannot be opened: " + done.error().detail);
  };
  well(run_to_end(
      world_.io(), [&] { return store::migrate(*database_); },
      [&](const bool& done) { drive_until([&] { return done; }); }));
  well(now([&](Node&) { return database_->write(ctx_, Node::make_tables); }));
  auto made = now([&](Node& node) {
    business::NewBusiness wish{.name = "Bright Smiles", .address = "1 Main St, New York"};
    return node.businesses->create(ctx_, wish);
  });
  well(made);
  auto id = (*made)->id;
  well(now([&](Node& node) {
    return node.businesses->set_resources(ctx_, id, {{{}, "Dr. Lee"}, {{}, "Dr. Kim"}});
  }));
  business::Service cleaning;
  cleaning.name = "Cleaning";
  cleaning.duration = std::chrono::minutes{30};
  auto shop = now([&](Node& node) { return node.businesses->set_services(ctx_, id, {cleaning}); });
  well(shop);
  shop_ = *shop;
  for (const auto& host : receivers) {
    auto endpoint = now([&](Node& node) {
      webhooks::NewEndpoint wish{"https://" + host + "/events", host, {}};
      if (host == receivers.back()) wish.events = {"order.*", "appointment.*"};
      return node.webhooks.endpoints.create(ctx_, wish);
    });
    well(endpoint);
    hosts_[endpoint->endpoint.id.str()] = host;
  }
  // Two weeks of half hours, wanted by more people than there is room for on some of them.
  for (int i = 0; i < options_.callers; ++i) {
    Caller caller;
    auto day = 3 + trouble_.pick(12);
    auto half_hours = trouble_.pick(16);
    auto start =
        fmt::format("2026-03-{:02}T{:02}:{:02}", day, 9 + half_hours / 2, half_hours % 2 * 30);
    caller.wish.slot = {
        shop_->id, shop_->services.front().id, calendar::parse_local(start).value(), {}};
    caller.wish.customer = {fmt::format("Caller {}", i), fmt::format("+1212555{:04}", i), ""};
    caller.wish.idempotency_key = fmt::format("caller-{}", i);
    callers_.push_back(std::move(caller));
  }
  open_ = true;
  node_->start();
}

asio::awaitable<void> Day::trouble_comes() {
  auto waiting = until_sometime();
  co_await std::move(waiting);
  Trouble::Chances chances;
  auto some = [this] {
    return trouble_.pick(2) ? static_cast<double>(trouble_.pick(40)) / 100 : 0;
  };
  auto which = trouble_.pick(outside.size() + 2);
  std::string where = "database";
  if (which < outside.size()) {
    where = outside[which];
    chances = {.refused = some(), .forgotten = some(), .failed = some(), .slow = some()};
    if (trouble_.pick(3) == 0) chances.refused = 1;
  } else if (which == outside.size()) {
    chances = {.refused = some(), .forgotten = some(), .repeated = some()};
    if (trouble_.pick(3) == 0) chances.refused = 1;
  } else {
    // NTP, or an operator, moves the civil clock.
    auto by = std::chrono::minutes(static_cast<int>(trouble_.pick(121)) - 60);
    world_.clock().jump_wall(by);
    auto lasting = pass(trouble_.between(1min, 2h));
    co_await std::move(lasting);
    world_.clock().jump_wall(-by);
    co_return;
  }
  trouble_.set(where, chances);
  auto lasting = pass(trouble_.between(10s, 40min));
  co_await std::move(lasting);
  trouble_.set(where, {});
}

/// Killed within the next few hundred steps of whatever it does, and down for a while.
asio::awaitable<void> Day::crashes_come() {
  auto waiting = until_sometime();
  co_await std::move(waiting);
  auto life = lives_;
  fuse_ = 1 + static_cast<int>(trouble_.pick(400));
  while (life == lives_) {
    auto moment = pass(1s);
    co_await std::move(moment);
  }
  auto down = pass(trouble_.between(1s, 3min));
  co_await std::move(down);
  if (!node_) boot();
}

asio::awaitable<void> Day::call_for_appointment(Caller& caller, bool changes_their_mind) {
  auto waiting = until_sometime();
  co_await std::move(waiting);
  auto wishing =
      insist<booking::Booked>([&](Node& node) { return node.booking->book(ctx_, caller.wish); });
  auto answer = co_await std::move(wishing);
  if (!answer) {
    violate(fmt::format("{} was told: {}", caller.wish.customer.name, answer.error().detail));
    co_return;
  }
  if (!answer->appointment) co_return;
  caller.booked = *answer->appointment;
  if (!changes_their_mind) co_return;
  auto thinking = pass(trouble_.between(1s, 2h));
  co_await std::move(thinking);
  auto id = caller.booked->id;
  auto cancelling =
      insist<booking::Appointment>([&](Node& node) { return node.booking->cancel(ctx_, id); });
  auto cancelled = co_await std::move(cancelling);
  if (!cancelled) violate("cannot cancel: " + cancelled.error().detail);
  caller.cancelled = cancelled.has_value();
}

asio::awaitable<void> Day::place_order(std::string key, bool with_trip) {
  auto waiting = until_sometime();
  co_await std::move(waiting);
  auto placing = insist<void>([&](Node& node) { return node.place_order(ctx_, key, with_trip); });
  auto placed = co_await std::move(placing);
  if (!placed) violate(key + " was refused: " + placed.error().detail);
  placed_.insert(key);
}

/// Its statuses come one after the other, each once to four times, and overtake each other.
asio::awaitable<void> Day::carry_call(std::string subject) {
  auto waiting = until_sometime();
  co_await std::move(waiting);
  for (int sequence = 1; sequence <= 4; ++sequence)
    for (auto again = trouble_.pick(4) + 1; again > 0; --again)
      spawn(tell_status(subject, sequence));
}

asio::awaitable<void> Day::tell_status(std::string subject, int sequence) {
  auto late = pass(trouble_.between(0s, 90s));
  co_await std::move(late);
  webhooks::NewReceived event{.source = "carrier",
                              .kind = "call",
                              .event_id = fmt::format("{}-{}", subject, sequence),
                              .event_type = "status",
                              .subject = subject,
                              .sequence = sequence,
                              .body = "{}"};
  auto telling = insist<webhooks::Inbox::Receipt>(
      [&](Node& node) { return node.webhooks.inbox.receive(ctx_, event); });
  auto thanked = co_await std::move(telling);
  if (!thanked) violate(event.event_id + " was refused: " + thanked.error().detail);
  auto& newest = newest_told_[subject];
  newest = std::max(newest, sequence);
}

}  // namespace parley::simulation
