#include "wiring.hpp"

#include <fmt/format.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "api_settings.hpp"
#include "data_folder.hpp"
#include "demo.hpp"
#include "integration_suite.hpp"
#include "parley/api/api.hpp"
#include "parley/auth/auth.hpp"
#include "parley/auth/master_key.hpp"
#include "parley/auth/sweeping.hpp"
#include "parley/base/task_group.hpp"
#include "parley/booking/tools.hpp"
#include "parley/calls/call_service.hpp"
#include "parley/dialog/builtin.hpp"
#include "parley/events/live_feed.hpp"
#include "parley/knowledge/tools.hpp"
#include "parley/net/server.hpp"
#include "parley/providers/espeak/espeak_synthesizer.hpp"
#include "parley/providers/flite/flite_synthesizer.hpp"
#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/saga/saga.hpp"
#include "parley/speech/fallback.hpp"
#include "parley/speech/synthesis_cache.hpp"
#include "parley/store/migrations.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/telemetry/loop_lag.hpp"
#include "parley/telemetry/metrics.hpp"
#include "parley/telemetry/trace.hpp"
#include "parley/webhooks/webhooks.hpp"
#include "run_blocking.hpp"

namespace parley::app {

namespace {

std::size_t cores() { return std::max(1u, std::thread::hardware_concurrency()); }

/// Numbers of the settings, read once and checked before anything starts.
struct Numbers {
  std::size_t io_threads;
  std::size_t max_connections;
  std::size_t most_calls;
  std::size_t speech_threads;
  std::size_t document_bytes;
  Duration end_of_turn;
  Duration drain;
};

Result<Numbers> read_numbers(const Settings& settings) {
  std::optional<Error> wrong;
  auto number = [&](std::string_view key, std::int64_t min, std::int64_t max) {
    auto value = settings.integer(key, min, max);
    if (!value && !wrong) wrong = value.error();
    return value ? static_cast<std::size_t>(*value) : 0;
  };
  Numbers numbers{};
  numbers.io_threads = number("server.threads", 0, 256);
  numbers.max_connections = number("server.max_connections", 1, 1'000'000);
  numbers.most_calls = number("calls.max", 1, 100'000);
  numbers.speech_threads = number("speech.threads", 0, 256);
  numbers.document_bytes = number("knowledge.max_document_mb", 1, 100) << 20;
  numbers.end_of_turn = std::chrono::milliseconds(number("calls.end_of_turn_ms", 200, 5000));
  numbers.drain = std::chrono::seconds(number("server.drain_seconds", 0, 3600));
  if (wrong) return std::unexpected(*wrong);
  if (numbers.io_threads == 0) numbers.io_threads = cores();
  if (numbers.speech_threads == 0) numbers.speech_threads = cores();
  return numbers;
}

std::string database_url(const Settings& settings) {
  const auto& url = settings.text("database.url");
  return url.empty() ? "sqlite:" + settings.text("data.dir") + "/parley.db" : url;
}

}  // namespace

/// Members stand in the order of their making; they go in the opposite one.
struct Server::Impl {
  Impl(const Settings& given, Options given_options) : settings(given), options(given_options) {}

  Result<Ready> start();
  Result<void> open_foundations();
  Result<void> make_policies();
  void make_integration();
  void make_checks();
  void make_business_parts();
  Result<void> make_engines();
  Result<Ready> make_owner();
  Result<std::string> open_port();
  Task<void> store_command_line_key(const auth::Sessions::FirstOwner& owner);
  void run();
  asio::awaitable<void> serve();
  asio::awaitable<void> shut_down();

  const Settings& settings;
  Options options;
  Numbers numbers{};
  api::ApiOptions api_options;
  Listen listen;
  SystemClock clock;
  SystemRandom random;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};

  // One io_context a core; the first also carries what belongs to no call.
  std::vector<std::unique_ptr<asio::io_context>> loops;
  /// Told to stop, from before the port opens: what comes before run() waits for it.
  std::optional<asio::signal_set> signals;
  asio::io_context& main_loop() { return *loops.front(); }
  std::optional<DataFolder> folder;
  std::unique_ptr<store::Database> database;
  std::unique_ptr<WorkerPool> files;
  std::unique_ptr<WorkerPool> hashing;
  std::unique_ptr<WorkerPool> indexing;
  std::unique_ptr<WorkerPool> recognizing;
  std::unique_ptr<WorkerPool> speaking;
  std::unique_ptr<store::ObjectStore> objects;
  std::unique_ptr<net::HttpClient> http;
  resilience::Policies policies{clock, random, metrics::process_registry(), tracer};
  resilience::Policy* twilio_policy = nullptr;
  resilience::Policy* webhooks_policy = nullptr;
  std::optional<auth::MasterKey> master;
  auth::Auth auth;

  std::unique_ptr<business::Businesses> businesses;
  std::unique_ptr<business::Messages> messages;
  std::unique_ptr<booking::Booking> booking;
  std::unique_ptr<knowledge::KnowledgeBase> knowledge;
  std::unique_ptr<dialog::Vocabulary> vocabulary;
  std::unique_ptr<dialog::ToolBox> tools;
  std::unique_ptr<dialog::DialogueFactory> dialogues;
  std::unique_ptr<speech::Recognizer> recognizer;
  std::unique_ptr<speech::Synthesizer> flite;
  std::unique_ptr<speech::Synthesizer> espeak;
  std::unique_ptr<speech::Synthesizer> voice_chain;
  std::unique_ptr<speech::Synthesizer> synthesizer;
  std::unique_ptr<calls::CallService> calls;
  std::unique_ptr<events::LiveFeed> feed;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<saga::Sagas> sagas;
  std::unique_ptr<webhooks::Webhooks> webhooks;
  std::unique_ptr<events::Subscriptions> subscriptions;
  std::unique_ptr<health::Monitor> health;
  std::unique_ptr<health::Suite> suite;
  std::unique_ptr<providers::twilio::TwilioCarrier> twilio;

  net::Router router;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<TaskGroup> tasks;
};

Result<void> Server::Impl::open_foundations() {
  auto read = read_numbers(settings);
  if (!read) return std::unexpected(read.error());
  numbers = *read;
  auto chosen = read_api_options(settings);
  if (!chosen) return std::unexpected(chosen.error());
  api_options = std::move(*chosen);
  api_options.max_upload_bytes = numbers.document_bytes + (64u << 10);
  auto where = parse_listen(settings.text("server.listen"));
  if (!where) return std::unexpected(where.error());
  listen = *where;
  for (std::size_t i = 0; i < numbers.io_threads; ++i)
    loops.push_back(std::make_unique<asio::io_context>(1));
  signals.emplace(main_loop(), SIGTERM, SIGINT);
  auto locked = DataFolder::lock(settings.text("data.dir"));
  if (!locked) return std::unexpected(locked.error());
  folder.emplace(std::move(*locked));
  auto opened = store::open_database(clock, database_url(settings));
  if (!opened) return std::unexpected(opened.error());
  database = std::move(*opened);
  auto migrated = run_blocking(main_loop(), [this] { return store::migrate(*database); });
  if (!migrated) return std::unexpected(migrated.error());

  files = std::make_unique<WorkerPool>(
      WorkerPool::Options{.name = "files", .threads = 2, .max_queued = 8192});
  hashing = std::make_unique<WorkerPool>(
      WorkerPool::Options{.name = "hashing", .threads = 2, .max_queued = 64, .nice = 5});
  indexing = std::make_unique<WorkerPool>(
      WorkerPool::Options{.name = "indexing", .threads = 2, .nice = 10});
  recognizing = std::make_unique<WorkerPool>(WorkerPool::Options{
      .name = "hearing", .threads = numbers.speech_threads, .max_queued = 16384, .nice = 5});
  speaking = std::make_unique<WorkerPool>(WorkerPool::Options{
      .name = "speaking", .threads = numbers.speech_threads, .max_queued = 1024});
  auto stored = store::open_folder_objects(*files, folder->path() / "objects");
  if (!stored) return std::unexpected(stored.error());
  objects = std::move(*stored);
  http = net::make_http_client(main_loop().get_executor());
  auto& shared_key = settings.text("auth.master_key");
  auto key = shared_key.empty()
                 ? auth::MasterKey::load_or_create(folder->path() / "master_key", random)
                 : auth::MasterKey::from_text(shared_key);
  if (!key && !shared_key.empty())
    return fail(key.error().code, "auth.master_key: " + key.error().detail);
  if (!key) return std::unexpected(key.error());
  master = *key;
  auth = auth::make_auth(*database, clock, random, *hashing, *master);
  return {};
}

/// One for each service outside; what the doctor and the health probes ask goes straight out.
Result<void> Server::Impl::make_policies() {
  auto add = [this](std::string service,
                    resilience::PolicyOptions defaults) -> Result<resilience::Policy*> {
    auto chosen = resilience::policy_options(settings, service, defaults);
    if (!chosen) return std::unexpected(chosen.error());
    if (auto good = resilience::check(*chosen); !good)
      return fail(good.error().code, "resilience." + service + ": " + good.error().detail);
    return &policies.add(std::move(service), *chosen);
  };
  auto carrier = add("twilio", {});
  if (!carrier) return std::unexpected(carrier.error());
  twilio_policy = *carrier;
  // A delivery keeps its own time and is tried again as a job, each endpoint has its own pauses:
  // what is left is how many go out at once.
  resilience::PolicyOptions deliveries{.attempt_timeout = 40s, .total_timeout = 50s};
  deliveries.retry.attempts = 1;
  deliveries.breaker.failure_percent = 0;
  auto hooks = add("webhooks", deliveries);
  if (!hooks) return std::unexpected(hooks.error());
  webhooks_policy = *hooks;
  return {};
}

/// Jobs, and what follows the event log. Slow endpoints have workers of their own.
void Server::Impl::make_integration() {
  auto executor = main_loop().get_executor();
  auto& registry = metrics::process_registry();
  queue::Queue::Options lanes;
  lanes.workers = {{"default", 16}, {"inbox", 8}, {"webhooks", 32}, {"saga", 8}};
  queue = std::make_unique<queue::Queue>(
      queue::Queue::Parts{executor, clock, random, *database, registry, tracer}, lanes);
  sagas = std::make_unique<saga::Sagas>(clock, random, *database, *queue);
  webhooks::Webhooks::Options hooks;
  hooks.inbox.lane = "inbox";
  hooks.deliveries.lane = "webhooks";
  hooks.deliveries.policy = webhooks_policy;
  webhooks = std::make_unique<webhooks::Webhooks>(
      webhooks::Webhooks::Parts{clock, random, *database, *queue, *http, *master, registry}, hooks);
  webhooks->receiver.mount(router);
  subscriptions = std::make_unique<events::Subscriptions>(executor, clock, random, *database);
  subscriptions->add(webhooks->deliveries.subscription());
  health = std::make_unique<health::Monitor>(executor, clock, registry);
  suite = std::make_unique<health::Suite>(health::Suite::Parts{clock, random, *database, *queue});
}

/// What is looked at and tried, once it is all there and the port is known.
void Server::Impl::make_checks() {
  CheckedParts parts{clock,       random,   *database,  *objects,    *http,       *queue,
                     *businesses, *booking, *knowledge, *recognizer, *synthesizer};
  CheckedAddresses where;
  auto here = listen.address == "0.0.0.0" ? "127.0.0.1" : listen.address;
  bool tls = !settings.text("server.certificate").empty();
  // The certificate is for the public name.
  where.own_url =
      tls ? public_url(settings, listen) : fmt::format("http://{}:{}", here, listen.port);
  where.data_folder = folder->path();
  where.twilio_url = settings.text("twilio.api_url");
  where.twilio_sid = settings.text("twilio.account_sid");
  where.twilio_token = settings.text("twilio.auth_token");
  add_probes(*health, parts, where);
  add_suite_steps(*suite, *health, parts, where);
}

void Server::Impl::make_business_parts() {
  businesses = business::make_businesses(*database, clock, random);
  messages = business::make_messages(*database, clock, random);
  booking = booking::make_booking(*database, clock, random);
  knowledge::KnowledgeOptions knowledge_options;
  knowledge_options.max_document_bytes = numbers.document_bytes;
  knowledge = knowledge::make_knowledge_base(main_loop().get_executor(), clock, random, *database,
                                             *objects, *indexing, knowledge_options);
  vocabulary = knowledge::make_vocabulary(*knowledge);
  tools = std::make_unique<dialog::ToolBox>(clock);
  tools->add(knowledge::make_search_tool(*knowledge));
  tools->add(booking::make_find_slots(*booking));
  tools->add(booking::make_book_appointment(*booking));
  tools->add(booking::make_find_appointments(*booking, clock));
  tools->add(booking::make_move_appointment(*booking));
  tools->add(booking::make_cancel_appointment(*booking));
  tools->add(booking::make_take_message(*messages));
  dialogues = dialog::make_builtin_dialogue(clock, random, *tools, *vocabulary);
}

Result<void> Server::Impl::make_engines() {
  providers::pocketsphinx::PocketsphinxOptions hearing;
  hearing.model_directory = settings.text("speech.model_dir");
  auto made = providers::pocketsphinx::PocketsphinxRecognizer::create(*recognizing, hearing);
  if (!made) return std::unexpected(made.error());
  recognizer = std::move(*made);
  flite = std::make_unique<providers::flite::FliteSynthesizer>(*speaking);
  espeak = std::make_unique<providers::espeak::EspeakSynthesizer>(clock, *speaking);
  std::vector<speech::Synthesizer*> voices{flite.get(), espeak.get()};
  voice_chain = std::make_unique<speech::FallbackSynthesizer>(voices);
  synthesizer = std::make_unique<speech::CachingSynthesizer>(*voice_chain);
  return {};
}

Result<Server::Ready> Server::Impl::make_owner() {
  Ready ready;
  auth::NewOwner owner;
  owner.organization = "My organization";
  owner.name = "Owner";
  owner.email = settings.text("auth.owner_email");
  owner.password = settings.text("auth.owner_password");
  auto when_there = auth::Sessions::WhenThere::keep_password;
  if (options.demo) {
    owner.organization = "Riverside Dental";
    owner.email = demo_email;
    ready.email = demo_email;
    ready.number = demo_number;
    when_there = auth::Sessions::WhenThere::set_password;
    if (auto* given = std::getenv("PARLEY_DEMO_PASSWORD"); given && *given) {
      owner.password = given;
    } else {
      owner.password = random.token(12);
      ready.password = owner.password;
    }
  }
  if (owner.email.empty()) return ready;
  auto made = run_blocking(
      main_loop(), [&] { return auth.sessions->ensure_owner(Context{}, owner, when_there); });
  if (!made) return fail(made.error().code, "first owner: " + made.error().detail);
  auto keyed = run_blocking(main_loop(), [&] { return store_command_line_key(*made); });
  if (!keyed) return fail(keyed.error().code, "command line key: " + keyed.error().detail);
  Context ctx;
  ctx.organization = made->organization.id;
  ctx.principal = {Principal::Kind::system, "wiring", Role::owner};
  auto timed = run_blocking(main_loop(), [&] {
    return suite->schedule(ctx, settings.text("integration.schedule"),
                           settings.text("integration.zone"));
  });
  if (!timed) return fail(timed.error().code, "integration.schedule: " + timed.error().detail);
  if (options.demo) {
    ctx.principal.id = "demo";
    DemoParts parts{clock, *businesses, *booking, *knowledge};
    auto demo = run_blocking(main_loop(), [&] { return make_demo(ctx, parts); });
    if (!demo) return fail(demo.error().code, "demo: " + demo.error().detail);
  }
  return ready;
}

/// `parley call` and `parley doctor` on this machine read calls with it.
Task<void> Server::Impl::store_command_line_key(const auth::Sessions::FirstOwner& owner) {
  auto file = command_line_key_file(settings);
  if (read_secret(file)) co_return Result<void>{};
  auth::Identity maker;
  maker.organization = owner.organization.id;
  maker.principal = {Principal::Kind::user, owner.user.id.str(), owner.user.role};
  Context ctx;
  ctx.organization = maker.organization;
  ctx.principal = maker.principal;
  auth::NewApiKey request{.name = "command line", .role = Role::admin};
  request.scopes = {"calls:read", "integration:read", "integration:write"};
  auto making = auth.api_keys->create(ctx, maker, std::move(request));
  auto made = co_await std::move(making);
  if (!made) co_return std::unexpected(made.error());
  co_return write_secret(file, made->secret);
}

Result<std::string> Server::Impl::open_port() {
  providers::twilio::Options carrier;
  carrier.account_sid = settings.text("twilio.account_sid");
  carrier.auth_token = settings.text("twilio.auth_token");
  carrier.api_url = settings.text("twilio.api_url");
  if (carrier.auth_token.empty()) {
    auto kept = kept_secret(twilio_token_file(settings), random);
    if (!kept) return std::unexpected(kept.error());
    carrier.auth_token = *kept;
  }
  twilio = std::make_unique<providers::twilio::TwilioCarrier>(carrier, clock, *http, *twilio_policy,
                                                              *calls);
  twilio->mount(router);
  api::ApiParts parts{auth,      *master,   *database,  clock,  random, *businesses,
                      *messages, *booking,  *knowledge, *calls, *feed,  metrics::process_registry(),
                      tracer,    *webhooks, *health,    *suite, *queue, *sagas,
                      policies};
  api::mount_api(router, parts, api_options);

  net::ServerOptions server_options;
  server_options.address = listen.address;
  server_options.port = listen.port;
  server_options.certificate = settings.text("server.certificate");
  server_options.private_key = settings.text("server.private_key");
  server_options.max_connections = numbers.max_connections;
  std::vector<asio::any_io_executor> executors;
  for (auto& loop : loops) executors.push_back(loop->get_executor());
  server = std::make_unique<net::HttpServer>(executors, router, clock, random, server_options,
                                             api::api_error_page());
  if (auto started = server->start(); !started) return std::unexpected(started.error());
  // No loop runs yet, so nothing has been served under a wrong address.
  listen.port = server->port();
  auto url = public_url(settings, listen);
  twilio->set_public_url(url);
  return url;
}

Result<Server::Ready> Server::Impl::start() {
  if (auto opened = open_foundations(); !opened) return std::unexpected(opened.error());
  if (auto made = make_policies(); !made) return std::unexpected(made.error());
  make_integration();
  make_business_parts();
  if (auto made = make_engines(); !made) return std::unexpected(made.error());
  feed = std::make_unique<events::LiveFeed>(main_loop().get_executor(), clock, *database);
  calls::CallServiceParts parts{
      *database,  clock,       random,       *businesses, *objects,
      *dialogues, *recognizer, *synthesizer, *files,      main_loop().get_executor()};
  calls::CallServiceOptions call_options;
  call_options.spool = folder->path() / "spool";
  call_options.most_calls = numbers.most_calls;
  call_options.session.end_of_turn = numbers.end_of_turn;
  calls = calls::make_call_service(parts, call_options);
  auto owner = make_owner();
  if (!owner) return owner;
  auto url = open_port();
  if (!url) return std::unexpected(url.error());
  make_checks();
  owner->url = *url;
  return owner;
}

void Server::Impl::run() {
  tasks = std::make_unique<TaskGroup>(
      main_loop().get_executor(), [](const std::string& name, const std::string& what) {
        log::error("task.failed", {{"task", name}, {"error", what}});
      });
  for (std::size_t i = 0; i < loops.size(); ++i)
    watch_loop_lag(*tasks, loops[i]->get_executor(), clock, metrics::process_registry(),
                   {.loop = "core-" + std::to_string(i)});
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards;
  for (auto& loop : loops) guards.push_back(asio::make_work_guard(*loop));
  auto ended = [this](std::exception_ptr thrown) {
    for (auto& loop : loops) loop->stop();
    if (thrown) std::rethrow_exception(thrown);
  };
  asio::co_spawn(main_loop(), serve(), std::move(ended));
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < loops.size(); ++i)
    threads.emplace_back([&loop = *loops[i]] { loop.run(); });
  main_loop().restart();
  main_loop().run();
}

/// What runs beside the requests, from the first of them to the last.
asio::awaitable<void> Server::Impl::serve() {
  auto knowing = knowledge->start();
  co_await std::move(knowing);
  auto calling = calls->start();
  co_await std::move(calling);
  feed->start();
  auth::keep_swept(*tasks, clock, *auth.sessions);
  queue->start();
  subscriptions->start();
  health->start();
  auto signal = signals->async_wait(asio::use_awaitable);
  int number = co_await std::move(signal);
  log::info("server.stopping", {{"signal", number}});
  auto stopping = shut_down();
  co_await std::move(stopping);
}

asio::awaitable<void> Server::Impl::shut_down() {
  auto deadline = clock.now() + numbers.drain;
  auto draining = server->stop(deadline);
  co_await std::move(draining);
  auto unwatching = health->stop();
  co_await std::move(unwatching);
  auto hanging_up = calls->stop(clock.now() + std::chrono::seconds(10));
  co_await std::move(hanging_up);
  auto reading = knowledge->stop();
  co_await std::move(reading);
  auto unsubscribing = subscriptions->stop();
  co_await std::move(unsubscribing);
  auto finishing = queue->stop();
  co_await std::move(finishing);
  auto silencing = feed->stop();
  co_await std::move(silencing);
  auto ending = tasks->stop();
  co_await std::move(ending);
  database->close();
}

Server::Server(const Settings& settings, Options options)
    : impl_(std::make_unique<Impl>(settings, options)) {}
Server::~Server() = default;

Result<Server::Ready> Server::start() { return impl_->start(); }
void Server::run() { impl_->run(); }

}  // namespace parley::app
