// What a server is made of, part by part.
#include "wiring_impl.hpp"

namespace parley::app {

providers::otlp::Options span_options(const Settings& settings) {
  providers::otlp::Options made;
  made.endpoint = settings.text("telemetry.otlp_endpoint");
  while (made.endpoint.ends_with('/')) made.endpoint.pop_back();
  for (const auto& pair : split(settings.text("telemetry.otlp_headers"), ',')) {
    auto at = pair.find('=');
    if (at == std::string_view::npos) continue;
    made.headers.emplace_back(trim(pair.substr(0, at)), trim(pair.substr(at + 1)));
  }
  made.service_version = PARLEY_VERSION;
  made.instance = settings.text("server.listen");
  return made;
}

/// What nodes share beside the database.
Result<void> Server::Impl::make_sharing() {
  NodeSharing::Parts parts{main_loop().get_executor(), clock, random, metrics::process_registry()};
  auto made = make_node_sharing(settings, parts);
  if (!made) return std::unexpected(made.error());
  sharing = std::move(*made);
  auto broker = make_job_broker(settings, random, metrics::process_registry());
  if (!broker) return std::unexpected(broker.error());
  job_broker = std::move(*broker);
  return {};
}

/// Jobs, and what follows the event log. Slow endpoints have workers of their own.
Result<void> Server::Impl::make_integration() {
  auto executor = main_loop().get_executor();
  auto& registry = metrics::process_registry();
  queue::Queue::Options lanes;
  lanes.workers = {{"default", 16}, {"inbox", 8}, {"webhooks", 32}, {"saga", 8}};
  queue = std::make_unique<queue::Queue>(
      queue::Queue::Parts{executor, clock, random, *database, registry, tracer, job_broker.get()},
      lanes);
  sagas = std::make_unique<saga::Sagas>(clock, random, *database, *queue);
  // A delivery keeps its own time and is tried again as a job, each endpoint has its own pauses:
  // what is left is how many go out at once.
  resilience::PolicyOptions deliveries{.attempt_timeout = 40s, .total_timeout = 50s};
  deliveries.retry.attempts = 1;
  deliveries.breaker.failure_percent = 0;
  auto policy = service_policies->add("webhooks", deliveries);
  if (!policy) return std::unexpected(policy.error());
  webhooks::Webhooks::Options hooks;
  hooks.inbox.lane = "inbox";
  hooks.deliveries.lane = "webhooks";
  hooks.deliveries.policy = *policy;
  webhooks = std::make_unique<webhooks::Webhooks>(
      webhooks::Webhooks::Parts{clock, random, *database, *queue, *http, *master, registry}, hooks);
  webhooks->receiver.mount(router);
  subscriptions = std::make_unique<events::Subscriptions>(executor, clock, random, *database);
  subscriptions->add(webhooks->deliveries.subscription());
  health = std::make_unique<health::Monitor>(executor, clock, registry);
  suite = std::make_unique<health::Suite>(health::Suite::Parts{clock, random, *database, *queue});
  mailing = std::make_unique<WorkerPool>(
      WorkerPool::Options{.name = "mail", .threads = 1, .max_queued = 64, .nice = 5});
  auto made = make_alerting(settings, {executor,
                                       {clock, random, *database, *queue, registry},
                                       *http,
                                       *mailing,
                                       *service_policies,
                                       numbers.alert_after});
  if (!made) return std::unexpected(made.error());
  alerting = std::move(*made);
  return {};
}

/// What is looked at and tried, once it is all there and the port is known.
void Server::Impl::make_checks() {
  CheckedParts parts{clock,
                     random,
                     *database,
                     *objects,
                     *http,
                     *queue,
                     *businesses,
                     *booking,
                     *knowledge,
                     engines.own_recognizer(),
                     *engines.own_voice,
                     *files};
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
  add_probe(*health, *subscriptions);
  add_probes(*health, vector_stores, *knowledge);
  add_language_probes(*health, settings, *http);
  for (auto& service : engines.services) add_probe(*health, *http, service);
  if (!settings.text("redis.url").empty())
    add_probe(*health, {.name = "redis",
                        .kind = "cache",
                        .advice = "start it, or check redis.url; until then each node counts alone",
                        .condition = [this] { return sharing->cache().condition(); }});
  if (job_broker)
    add_probe(*health, {.name = "rabbitmq",
                        .kind = "broker",
                        .advice = "start it, or check amqp.url; until then nodes look for jobs",
                        .condition = [this] { return job_broker->condition(); }});
  add_suite_steps(*suite, *health, parts, where);
  watch_health(alerting, *health);
}

/// What no other route covers goes to services of the user's own.
Result<void> Server::Impl::make_gateway() {
  auto chosen = read_gateway_options(settings);
  if (!chosen) return std::unexpected(chosen.error());
  chosen->trusted_proxies = api_options.trusted_proxies;
  transforming = std::make_unique<WorkerPool>(
      WorkerPool::Options{.name = "transforming", .threads = 2, .max_queued = 256, .nice = 5});
  gateway = std::make_unique<gateway::Gateway>(
      gateway::Gateway::Parts{main_loop().get_executor(), clock, random, *database, *auth.sessions,
                              *transforming, metrics::process_registry()},
      std::move(*chosen));
  gateway->mount(router);
  return {};
}

Result<void> Server::Impl::make_business_parts() {
  businesses = business::make_businesses(*database, clock, random);
  messages = business::make_messages(*database, clock, random);
  kept_messages = business::make_kept_messages(*messages, clock, random, *files,
                                               folder->path() / "messages.owed");
  booking = booking::make_booking(*database, clock, random);
  sites = webvoice::make_sites(*database, random);
  knowledge::KnowledgeOptions knowledge_options;
  knowledge_options.max_document_bytes = numbers.document_bytes;
  auto found =
      make_vector_stores({settings, *http, *service_policies, *database, *indexing, clock});
  if (!found) return std::unexpected(found.error());
  vector_stores = std::move(*found);
  knowledge_options.semantic = vector_stores.search();
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
  tools->add(booking::make_take_message(*kept_messages));
  auto models = make_language_engines(settings, clock, *service_policies);
  if (!models) return std::unexpected(models.error());
  language = std::move(*models);
  auto made = DialogueEngines::make({main_loop().get_executor(), clock, random, *http, *master,
                                     *tools, *vocabulary, *kept_messages},
                                    settings, language.chain.get());
  if (!made) return std::unexpected(made.error());
  dialogues = std::move(*made);
  return {};
}

Result<void> Server::Impl::make_engines() {
  auto made = make_speech_engines(
      {settings, main_loop().get_executor(), clock, *recognizing, *speaking, *service_policies});
  if (!made) return std::unexpected(made.error());
  engines = std::move(*made);
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
    auto shown = show_demo_in_browser(ctx);
    if (!shown) return fail(shown.error().code, "demo page: " + shown.error().detail);
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
  // Who has this machine's data folder may look at everything, and try it.
  request.scopes = {"integration:read", "integration:write"};
  for (auto permission : auth::permissions())
    if (auth::role_may(Role::viewer, permission)) request.scopes.emplace_back(permission);
  auto making = auth.api_keys->create(ctx, maker, std::move(request));
  auto made = co_await std::move(making);
  if (!made) co_return std::unexpected(made.error());
  co_return write_secret(file, made->secret);
}

}  // namespace parley::app
