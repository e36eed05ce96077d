#include "api_fixture.hpp"

#include <fmt/format.h>

#include <boost/asio/use_future.hpp>

#include "parley/base/strings.hpp"

namespace parley::api::testing {

namespace {

/// Jobs do not run here.
class NobodyCalls final : public evals::CallPlacer {
 public:
  Task<evals::Observed> place(Context, Callee, evals::Scenario) override {
    co_return fail(Errc::unavailable, "nobody calls");
  }
};

std::unexpected<Error> no_such_call() { return fail(Errc::not_found, "no such call"); }

}  // namespace

Task<calls::CallList> CallsInMemory::list(Context ctx, calls::CallQuery query) {
  std::lock_guard lock(mutex);
  calls::CallList found;
  for (auto& call : calls)
    if (call.organization == ctx.organization &&
        (!query.active_only || call.status == calls::CallStatus::in_progress))
      found.items.push_back(call);
  found.total = static_cast<std::int64_t>(found.items.size());
  co_return found;
}

Task<calls::Call> CallsInMemory::get(Context ctx, CallId id) {
  std::lock_guard lock(mutex);
  for (auto& call : calls)
    if (call.id == id && call.organization == ctx.organization) co_return call;
  co_return no_such_call();
}

Task<std::vector<calls::TimelineItem>> CallsInMemory::timeline(Context ctx, CallId id) {
  auto looking = get(ctx, id);
  if (auto found = co_await std::move(looking); !found) co_return no_such_call();
  co_return std::vector<calls::TimelineItem>{{12ms, "greeting", {{"text", "Hello"}}}};
}

Task<std::vector<calls::TranscriptTurn>> CallsInMemory::transcript(Context ctx, CallId id) {
  auto looking = get(ctx, id);
  if (auto found = co_await std::move(looking); !found) co_return no_such_call();
  co_return std::vector<calls::TranscriptTurn>{{"agent", "Hello", 12ms, 1.0, false, {}}};
}

Task<calls::Recording> CallsInMemory::recording(Context ctx, CallId id) {
  auto looking = get(ctx, id);
  if (auto found = co_await std::move(looking); !found) co_return no_such_call();
  co_return calls::Recording{"recordings/" + id.str() + ".wav", sound.size()};
}

Task<std::vector<std::byte>> CallsInMemory::recording_part(Context, calls::Recording,
                                                           std::uint64_t first,
                                                           std::size_t size_bytes) {
  largest_part = std::max(largest_part.load(), size_bytes);
  auto bytes = as_bytes(sound);
  if (first >= bytes.size()) co_return std::vector<std::byte>{};
  bytes = bytes.subspan(first, std::min(size_bytes, bytes.size() - first));
  co_return std::vector<std::byte>(bytes.begin(), bytes.end());
}

Task<calls::Call> CallsInMemory::hang_up(Context ctx, CallId id) {
  std::lock_guard lock(mutex);
  for (auto& call : calls) {
    if (call.id != id || call.organization != ctx.organization) continue;
    call.status = calls::CallStatus::completed;
    co_return call;
  }
  co_return no_such_call();
}

/// What the API works on, and the thread its server runs on.
struct ApiTest::Parts {
  explicit Parts(ApiTest& test)
      : hashing({.name = "hashing", .threads = 2}),
        files({.name = "files", .threads = 1}),
        master(auth::MasterKey::make(system_random)),
        feed(loop.get_executor(), test.clock, test.database()),
        tracer(test.clock, system_random, spans),
        http(net::make_http_client(loop.get_executor())),
        policies(test.clock, system_random, registry, tracer),
        carrier(policies.add("carrier", {})),
        queue({loop.get_executor(), test.clock, system_random, test.database(), registry, tracer},
              {.workers = {{"default", 1}, {"saga", 1}}}),
        sagas(test.clock, system_random, test.database(), queue),
        webhooks({test.clock, system_random, test.database(), queue, *http, master, registry}),
        health(loop.get_executor(), test.clock, registry, {.fresh_for = {}, .every = 1h}),
        suite({test.clock, system_random, test.database(), queue}),
        gate(evals::make_scenario_gate()),
        agent_versions(business::make_agent_versions(test.database(), *gate)),
        evals({test.clock, system_random, test.database(), queue, placer}) {
    health::Probe database;
    database.name = "database";
    database.kind = "database";
    database.weight = health::Probe::Weight::outlived;
    database.look = [&test](Context ctx) -> Task<health::Finding> {
      auto row =
          co_await test.database().read(ctx, [](store::Tx& tx) { return tx.one("SELECT 1"); });
      if (!row) co_return std::unexpected(row.error());
      co_return health::Finding{};
    };
    health.add(std::move(database));
    health::Probe cache;
    cache.name = "cache";
    cache.kind = "cache";
    cache.look = [&test](Context) -> Task<health::Finding> {
      if (test.cache_away) co_return fail(Errc::unavailable, "connection refused: 10.0.0.7");
      co_return health::Finding{};
    };
    health.add(std::move(cache));
    health::Probe voice;
    voice.name = "voice";
    voice.kind = "speech";
    voice.weight = health::Probe::Weight::essential;
    voice.look = [&test](Context) -> Task<health::Finding> {
      if (test.voice_away) co_return fail(Errc::unavailable, "no voices");
      co_return health::Finding{};
    };
    health.add(std::move(voice));
    health::SuiteStep step;
    step.name = "database.write";
    step.group = "databases";
    step.run = [](Context) -> Task<std::string> { co_return "written"; };
    suite.add(std::move(step));
    queue.add("work.v1", {},
              [](Context, queue::JobRun&) -> Task<void> { co_return Result<void>{}; });
    saga::Step hold;
    hold.name = "hold";
    hold.repeat = saga::Repeat::safe;
    hold.run = [](saga::StepContext) -> Task<json::value> { co_return json::value("held"); };
    sagas.add({"trip.v1", {hold}});
    auth::AuthOptions light;
    light.password_passes = 1;
    light.password_memory_bytes = 64 << 10;
    auth = auth::make_auth(test.database(), test.clock, system_random, hashing, master, light);
    businesses = std::make_unique<RacedBusinesses>(
        business::make_businesses(test.database(), test.clock, system_random));
    messages = business::make_messages(test.database(), test.clock, system_random);
    sites = webvoice::make_sites(test.database(), system_random);
    booking = booking::make_booking(test.database(), test.clock, system_random);
    objects = std::make_unique<testkit::ObjectsOnTrial>(
        store::open_folder_objects(files, test.folder() / "objects").value());
    knowledge = knowledge::make_knowledge_base(loop.get_executor(), test.clock, system_random,
                                               test.database(), *objects, files);
    gateway = std::make_unique<gateway::Gateway>(
        gateway::Gateway::Parts{loop.get_executor(), test.clock, system_random, test.database(),
                                *auth.sessions, files, registry},
        gateway::Gateway::Options{});
    ApiParts all{auth,      master,   test.database(), test.clock, system_random, *businesses,
                 *messages, *booking, *knowledge,      test.calls, feed,          registry,
                 tracer,    webhooks, health,          suite,      *gateway,      queue,
                 sagas,     policies, *agent_versions, evals,      *sites};
    mount_api(router, all, test.options());
    webhooks.receiver.mount(router);
    net::ServerOptions where;
    where.port = 0;
    server = std::make_unique<net::HttpServer>(
        std::vector<asio::any_io_executor>{loop.get_executor()}, router, test.clock, system_random,
        where, api_error_page());
    auto started = server->start();
    if (!started) throw std::runtime_error(started.error().detail);
    feed.start();
    thread = std::jthread([this, guard = asio::make_work_guard(loop)] { loop.run(); });
  }
  ~Parts() {
    asio::co_spawn(loop, server->stop(TimePoint::min()), asio::use_future).get();
    asio::co_spawn(loop, feed.stop(), asio::use_future).get();
    asio::co_spawn(loop, health.stop(), asio::use_future).get();
    loop.stop();
  }

  SystemRandom system_random;
  asio::io_context loop{1};
  WorkerPool hashing;
  WorkerPool files;
  auth::MasterKey master;
  auth::Auth auth;
  std::unique_ptr<RacedBusinesses> businesses;
  std::unique_ptr<business::Messages> messages;
  std::unique_ptr<webvoice::Sites> sites;
  std::unique_ptr<booking::Booking> booking;
  std::unique_ptr<testkit::ObjectsOnTrial> objects;
  std::unique_ptr<knowledge::KnowledgeBase> knowledge;
  events::LiveFeed feed;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer;
  std::unique_ptr<net::HttpClient> http;
  resilience::Policies policies;
  resilience::Policy& carrier;
  queue::Queue queue;  ///< not started: jobs are stored and stay
  saga::Sagas sagas;
  webhooks::Webhooks webhooks;
  health::Monitor health;
  health::Suite suite;
  std::unique_ptr<business::PublishingGate> gate;
  std::unique_ptr<business::AgentVersions> agent_versions;
  NobodyCalls placer;
  evals::Evals evals;
  std::unique_ptr<gateway::Gateway> gateway;  ///< not started: nothing runs in the background
  net::Router router;
  std::unique_ptr<net::HttpServer> server;
  std::jthread thread;
};

ApiTest::ApiTest() = default;
ApiTest::~ApiTest() = default;

ApiOptions ApiTest::options() const {
  ApiOptions chosen;
  chosen.per_client = {};
  chosen.per_organization = {};
  return chosen;
}

void ApiTest::SetUp() {
  DatabaseTest::SetUp();
  open();
  fill();
}

void ApiTest::open() { parts_ = std::make_unique<Parts>(*this); }

void ApiTest::TearDown() {
  parts_.reset();
  DatabaseTest::TearDown();
}

testkit::DatabaseOnTrial& ApiTest::database() {
  if (!database_) database_ = std::make_unique<testkit::DatabaseOnTrial>(db(), clock);
  return *database_;
}
RacedBusinesses& ApiTest::businesses() { return *parts_->businesses; }
testkit::ObjectsOnTrial& ApiTest::disk() { return *parts_->objects; }
resilience::Policy& ApiTest::carrier_policy() { return parts_->carrier; }

std::uint16_t ApiTest::port() const { return parts_->server->port(); }

std::string ApiTest::sign_in(const std::string& email) {
  auto answer = send("POST", "/auth/login", "", {{"email", email}, {"password", password}});
  return std::string(answer.data().at("accessToken").as_string());
}

void ApiTest::fill() {
  auth::NewOwner owner{"Smile Dental", "Olga Owner", "owner@demo.example", password};
  first = run([&] {
            return parts_->auth.sessions->register_owner(Context{}, owner, {"127.0.0.1", "test"});
          }).value();
  tokens[Role::owner] = first.access_token;
  ctx.organization = first.organization.id;
  ctx.principal = {Principal::Kind::user, first.user.id.str(), Role::owner};
  for (auto role : {Role::viewer, Role::closer, Role::operator_, Role::admin}) {
    auth::NewUser someone{fmt::format("{}@demo.example", to_string(role)), "Someone", role,
                          password};
    auto made = run([&] { return parts_->auth.users->create(ctx, someone); }).value();
    tokens[role] = sign_in(made.email);
    user = made.id.str();
  }
  // Organizations besides the first are made by the operator, not through the API.
  ASSERT_TRUE(write([&](store::Tx& tx) -> Result<void> {
    tx.act_for(OrganizationId("org_other"));
    (void)tx.execute("INSERT INTO organizations VALUES ('org_other', 'Other', ?1)", {tx.now()});
    auto done = tx.execute(
        "INSERT INTO users (id, organization_id, email, name, role, status, password_hash, "
        "created_at, updated_at, version) SELECT 'user_other', 'org_other', 'other@demo.example', "
        "'Other', role, status, password_hash, created_at, updated_at, 1 FROM users WHERE id = ?1",
        {first.user.id});
    if (!done) return std::unexpected(done.error());
    return {};
  }));
  other_owner = sign_in("other@demo.example");

  auto made = send("POST", "/businesses", this->owner(), {{"name", "Smile Dental"}});
  business = std::string(made.data().at("id").as_string());
  made = send("POST", "/businesses", other_owner, {{"name", "Other Dental"}});
  other_business = std::string(made.data().at("id").as_string());
  json::object one_service{{"name", "Cleaning"}, {"durationMinutes", 30}};
  json::object hours;
  for (auto day : {"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"})
    hours[day] = json::array{json::object{{"from", "00:00"}, {"to", "24:00"}}};
  send("PUT", "/businesses/" + business + "/hours", this->owner(), hours);
  made = send("PUT", "/businesses/" + business + "/services", this->owner(),
              {{"services", json::array{one_service}}});
  service = std::string(made.data().at(0).at("id").as_string());
  made = upload(this->owner(), "prices.txt", "A cleaning costs eighty dollars.");
  document = std::string(made.data().at("id").as_string());
  made = send("POST", "/appointments", this->owner(), booking_body(free_time()));
  appointment = std::string(made.data().at("id").as_string());
  made = send("POST", "/api-keys", this->owner(), {{"name", "CRM"}});
  key = std::string(made.data().at("id").as_string());
  fill_webhooks();
  made = send("POST", "/integration/test-all", this->owner(), json::object{});
  suite_run = std::string(made.data().at("id").as_string());
  made = send("POST", "/gateway/routes", this->owner(),
              {{"path", "/crm"}, {"targets", {{{"url", "https://crm.example.com"}}}}});
  gateway_route = std::string(made.data().at("id").as_string());
  fill_jobs();
  fill_evals();
  calls::Call one;
  one.id = CallId("call_1");
  one.organization = first.organization.id;
  one.status = calls::CallStatus::in_progress;
  one.has_recording = true;
  one.created = clock.wall();
  calls.calls.push_back(one);
  call = one.id.str();
}

void ApiTest::fill_webhooks() {
  auto made = send("POST", "/webhook-endpoints", owner(), {{"url", "https://example.com/hooks"}});
  endpoint = std::string(made.data().at("id").as_string());
  made = send("POST", "/webhook-sources", owner(), {{"name", "shop"}});
  source = std::string(made.data().at("id").as_string());
  auto& webhooks = parts_->webhooks;
  webhooks::NewReceived event{.source = "shop",
                              .kind = "event",
                              .event_id = "e1",
                              .event_type = "order.paid",
                              .subject = {},
                              .sequence = {},
                              .body = "{}"};
  auto received = run([&] { return webhooks.inbox.receive(ctx, event); });
  inbox_event = received.value().id.str();
  auto projection = std::get<events::Projection>(webhooks.deliveries.subscription().handler);
  store::StoredEvent happened;
  happened.id = "evt_1";
  happened.type = "call.ended";
  happened.time = clock.wall();
  ASSERT_TRUE(write([&](store::Tx& tx) { return projection(tx, happened); }));
  made = get("/webhook-deliveries", owner());
  delivery = std::string(made.data().at(0).at("id").as_string());
}

/// Two versions that were in force, a draft, a scenario and a run of it.
void ApiTest::fill_evals() {
  auto agent = "/businesses/" + business + "/agent";
  send("PUT", agent, owner(), {{"speed", 1.2}});
  send("PUT", agent + "/draft", owner(), {{"name", "Kim"}});
  auto made = send("POST", "/evals/scenarios", owner(),
                   {{"businessId", business},
                    {"document", "name: Hours\nsteps:\n  - say: hello\nexpect:\n  - says: hi\n"},
                    {"required", false}});
  scenario = std::string(made.data().at("id").as_string());
  made = send("POST", "/evals/runs", owner(), {{"businessId", business}});
  eval_run = std::string(made.data().at("id").as_string());
  // It would stand in the way of others, since jobs do not run here.
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute("DELETE FROM jobs WHERE handler = 'evals.run.v1'");
  }));
}

/// Jobs do not run here, so three of them are given up by hand.
void ApiTest::fill_jobs() {
  for (auto* letter : {&dead_job, &dead_letter, &discarded_letter}) {
    clock.advance(1ms);  // one is older than the next
    queue::NewJob work{.handler = "work.v1", .payload = {{"what", "secret of the job"}}};
    *letter = run([&] { return parts_->queue.enqueue(ctx, work); }).value().id.str();
    ASSERT_TRUE(write([&](store::Tx& tx) {
      return tx.execute(
          "UPDATE jobs SET state = 'dead', died_at = ?1, last_error = 'gave up' WHERE id = ?2",
          {tx.now(), *letter});
    }));
  }
  saga::NewSaga trip{.type = "trip.v1", .input = {}, .key = {}};
  saga = run([&] { return parts_->sagas.start(ctx, trip); }).value().str();
}

std::string ApiTest::free_time() {
  // Half an hour each, from tomorrow noon on.
  auto start = calendar::parse_local("2026-03-03T12:00").value();
  return calendar::to_text(start + std::chrono::minutes(30 * booked_++));
}

json::object ApiTest::booking_body(std::string local_start) {
  return {{"businessId", business},
          {"serviceId", service},
          {"localStart", std::move(local_start)},
          {"customer", json::object{{"name", "Maria"}, {"phone", "+12125550111"}}}};
}

std::string ApiTest::text_of(const Ask& request) {
  auto text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                          request.method, request.target);
  if (!request.token.empty()) text += fmt::format("Authorization: Bearer {}\r\n", request.token);
  bool typed = false;
  for (auto& [name, value] : request.headers) {
    text += fmt::format("{}: {}\r\n", name, value);
    typed = typed || iequals(name, "Content-Type");
  }
  if (!request.body.empty() && !typed) text += "Content-Type: application/json\r\n";
  if (!request.body.empty() || request.method != "GET")
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  return text + "\r\n" + request.body;
}

Answer ApiTest::ask(const Ask& request) {
  Connection connection(port());
  connection.send(text_of(request));
  auto answer = connection.read_answer();
  check_against_declaration(request, answer);
  return answer;
}

Answer ApiTest::get(std::string path, std::string token) {
  return ask({.target = "/api/v1" + path, .token = std::move(token)});
}

Answer ApiTest::send(std::string method, std::string path, std::string token, json::value body,
                     std::vector<std::pair<std::string, std::string>> headers) {
  auto text = body.is_null() ? std::string() : json::serialize(body);
  return ask(
      {std::move(method), "/api/v1" + path, std::move(token), std::move(text), std::move(headers)});
}

Answer ApiTest::upload(std::string token, std::string file_name, std::string content,
                       std::vector<std::pair<std::string, std::string>> headers) {
  auto boundary = fmt::format("b{}", booked_ * 7919 + static_cast<int>(content.size()));
  auto body = fmt::format(
      "--{0}\r\nContent-Disposition: form-data; name=\"businessId\"\r\n\r\n{1}\r\n"
      "--{0}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{2}\"\r\n"
      "Content-Type: text/plain\r\n\r\n{3}\r\n--{0}--\r\n",
      boundary, business, file_name, content);
  headers.emplace_back("Content-Type", "multipart/form-data; boundary=" + boundary);
  return ask(
      {"POST", "/api/v1/documents/upload", std::move(token), std::move(body), std::move(headers)});
}

const Route* ApiTest::route_of(std::string_view method, std::string_view target) const {
  auto path = target.substr(0, target.find('?'));
  for (std::string_view base : {"/api/v1", "/api"})
    if (path.starts_with(base)) {
      path.remove_prefix(base.size());
      break;
    }
  auto given = split(path, '/');
  const Route* best = nullptr;
  for (auto& route : table.routes) {
    if (to_string(route.method) != (method == "HEAD" ? "GET" : method)) continue;
    auto wanted = split(route.path, '/');
    bool fits = wanted.size() == given.size();
    for (std::size_t i = 0; fits && i < wanted.size(); ++i)
      fits = wanted[i].starts_with('{') || wanted[i] == given[i];
    // A literal segment wins over a name.
    if (fits && (!best || best->path.find('{') != std::string::npos)) best = &route;
  }
  return best;
}

void ApiTest::check_against_declaration(const Ask& request, const Answer& answer) const {
  if (request.method == "HEAD" || request.method == "OPTIONS" || answer.status == 304) return;
  auto* route = route_of(request.method, request.target);
  bool good = answer.status < 400;
  if (!good || (route && route->reply == ReplyKind::envelope)) {
    EXPECT_TRUE(answer.header("Content-Type").starts_with("application/json")) << answer.body;
    auto body = answer.json();
    EXPECT_EQ(body.at("success").as_bool(), good) << answer.body;
    if (!good) {
      EXPECT_FALSE(body.at("error").as_string().empty());
      EXPECT_FALSE(body.at("code").as_string().empty());
      EXPECT_EQ(std::string(body.at("requestId").as_string()).empty(), false);
      return;
    }
    ASSERT_TRUE(route);
    EXPECT_EQ(answer.status, route->status) << request.method << " " << request.target;
    for (auto& problem : problems_of(body.at("data"), route->response, table.schemas))
      ADD_FAILURE() << request.method << " " << request.target << ": " << problem.field << " "
                    << problem.problem << "\n"
                    << answer.body;
    EXPECT_EQ(body.contains("pagination"), route->paging != Route::Paging::none);
  }
}

}  // namespace parley::api::testing
