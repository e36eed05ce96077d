// A server begins, runs and ends.
#include "wiring_impl.hpp"

namespace parley::app {

namespace {

std::size_t cores() { return std::max(1u, std::thread::hardware_concurrency()); }

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
  numbers.reserved_inbound = number("calls.reserved_inbound", 0, 100'000);
  numbers.speech_threads = number("speech.threads", 0, 256);
  numbers.document_bytes = number("knowledge.max_document_mb", 1, 100) << 20;
  numbers.end_of_turn = std::chrono::milliseconds(number("calls.end_of_turn_ms", 200, 5000));
  numbers.late_loop = std::chrono::milliseconds(number("calls.overload_lag_ms", 0, 60'000));
  numbers.drain = std::chrono::seconds(number("server.drain_seconds", 0, 3600));
  numbers.alert_after = std::chrono::seconds(number("alerts.after_seconds", 0, 86400));
  if (wrong) return std::unexpected(*wrong);
  auto keep_events = read_event_retention(settings);
  if (!keep_events) return std::unexpected(keep_events.error());
  numbers.keep_events = *keep_events;
  if (numbers.io_threads == 0) numbers.io_threads = cores();
  if (numbers.speech_threads == 0) numbers.speech_threads = cores();
  return numbers;
}

std::string database_url(const Settings& settings) {
  const auto& url = settings.text("database.url");
  return url.empty() ? "sqlite:" + settings.text("data.dir") + "/parley.db" : url;
}
}  // namespace

Result<void> Server::Impl::open_foundations() {
  auto read = read_numbers(settings);
  if (!read) return std::unexpected(read.error());
  numbers = *read;
  auto together = settings.flag("server.io_uring");
  if (!together) return std::unexpected(together.error());
  net::use_io_uring(*together);
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
  http = net::make_http_client(main_loop().get_executor());
  if (auto made = make_sharing(); !made) return std::unexpected(made.error());
  service_policies.emplace(settings, clock, sharing->limits(), policies);
  auto stored =
      open_object_storage({settings, folder->path(), *http, *service_policies, *files, clock});
  if (!stored) return std::unexpected(stored.error());
  objects = std::move(*stored);
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
Result<std::string> Server::Impl::open_port() {
  twilio_callbacks = providers::twilio::make_inbox_callbacks(*database, webhooks->inbox, *calls);
  twilio = std::make_unique<providers::twilio::TwilioCarrier>(
      twilio_options, clock, *http, *twilio_policy, *calls, *twilio_callbacks);
  twilio->mount(router);
  mount_web_voice();
  api::ApiParts parts{
      auth,      *master,   *database,       clock,  random,   *businesses,
      *messages, *booking,  *knowledge,      *calls, *feed,    metrics::process_registry(),
      tracer,    *webhooks, *health,         *suite, *gateway, *queue,
      *sagas,    policies,  *agent_versions, *evals, *sites,   sharing->limits()};
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
  if (twilio_recorder) twilio_recorder->set_public_url(url);
  connect_evals(twilio_options.auth_token);
  web_voice->set_public_url(url);
  return url;
}

Result<Server::Ready> Server::Impl::start() {
  if (auto opened = open_foundations(); !opened) return std::unexpected(opened.error());
  if (auto made = make_integration(); !made) return std::unexpected(made.error());
  if (auto made = make_gateway(); !made) return std::unexpected(made.error());
  if (auto made = make_business_parts(); !made) return std::unexpected(made.error());
  if (auto made = make_engines(); !made) return std::unexpected(made.error());
  if (auto made = make_carrier_recordings(); !made) return std::unexpected(made.error());
  make_evals();
  feed = std::make_unique<events::LiveFeed>(main_loop().get_executor(), clock, *database);
  if (database->kind() == store::Database::Kind::postgresql)
    commit_news = std::make_unique<events::CommitNews>(
        events::CommitNews::Parts{main_loop().get_executor(), clock, random, *database,
                                  sharing->pubsub()},
        [this] {
          feed->look();
          subscriptions->look();
        });
  calls::CallServiceParts parts{*database,
                                clock,
                                random,
                                *businesses,
                                *objects,
                                dialogues->factory(),
                                *engines.recognizer,
                                *engines.synthesizer,
                                *files,
                                tracer,
                                main_loop().get_executor(),
                                carrier_recordings.get()};
  calls::CallServiceOptions call_options;
  call_options.spool = folder->path() / "spool";
  call_options.most_calls = numbers.most_calls;
  call_options.reserved_inbound = numbers.reserved_inbound;
  call_options.load = &make_load();
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
  watch_load();
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

/// What callers were promised while the database was away.
asio::awaitable<void> Server::Impl::leave_kept_messages() {
  while (true) {
    Context ctx;
    ctx.principal = {Principal::Kind::system, "messages", Role::admin};
    ctx.deadline = clock.now() + 20s;
    auto paying = kept_messages->pay(std::move(ctx));
    (void)co_await std::move(paying);  // what failed is tried again
    co_await clock.sleep_for(2s);
  }
}

/// What runs beside the requests, from the first of them to the last.
asio::awaitable<void> Server::Impl::serve() {
  auto knowing = knowledge->start();
  co_await std::move(knowing);
  auto calling = calls->start();
  co_await std::move(calling);
  feed->start();
  sharing->start();
  if (commit_news) commit_news->start();
  auth::keep_swept(*tasks, clock, *auth.sessions);
  queue->start();
  subscriptions->start();
  events::keep_shown(*tasks, clock, *subscriptions, metrics::process_registry());
  if (numbers.keep_events)
    events::keep_trimmed(*tasks, clock, *database, {.keep = *numbers.keep_events});
  health->start();
  alerting.watch->start();
  tasks->spawn("leave kept messages", [this] { return leave_kept_messages(); });
  tasks->spawn("telemetry.spans", [this] { return spans.run(*http); });
  auto routing = gateway->start();
  if (auto routed = co_await std::move(routing); !routed)
    log::warn("gateway.not_loaded", {{"reason", routed.error().detail}});
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
  auto quieting = alerting.watch->stop();
  co_await std::move(quieting);
  auto unwatching = health->stop();
  co_await std::move(unwatching);
  auto hanging_up = calls->stop(clock.now() + std::chrono::seconds(10));
  co_await std::move(hanging_up);
  auto forgetting = dialogues->stop();
  co_await std::move(forgetting);
  auto hushing = engines.stop();
  co_await std::move(hushing);
  auto reading = knowledge->stop();
  co_await std::move(reading);
  auto closing = gateway->stop();
  co_await std::move(closing);
  if (commit_news) {
    auto quiet = commit_news->stop();
    co_await std::move(quiet);
  }
  auto unsubscribing = subscriptions->stop();
  co_await std::move(unsubscribing);
  auto finishing = queue->stop();
  co_await std::move(finishing);
  auto silencing = feed->stop();
  co_await std::move(silencing);
  auto unsharing = sharing->stop();
  co_await std::move(unsharing);
  auto ending = tasks->stop();
  co_await std::move(ending);
  auto last = spans.flush(*http, clock.now() + std::chrono::seconds(2));
  co_await std::move(last);
  if (vector_stores.other_database) vector_stores.other_database->close();
  database->close();
}

Server::Server(const Settings& settings, Options options)
    : impl_(std::make_unique<Impl>(settings, options)) {}
Server::~Server() = default;

Result<Server::Ready> Server::start() { return impl_->start(); }
void Server::run() { impl_->run(); }

}  // namespace parley::app
