#include "parley/gateway/gateway.hpp"

#include <mutex>

#include "health_checks.hpp"
#include "older_names.hpp"
#include "parley/base/task_group.hpp"
#include "parley/telemetry/log.hpp"
#include "passage.hpp"
#include "routing_table.hpp"

namespace parley::gateway {

namespace {

void report_failure(const std::string& task, const std::string& what) {
  log::error("gateway.task_failed", {{"task", task}, {"what", what}});
}

}  // namespace

class Gateway::Impl {
 public:
  Impl(Parts parts, Options options)
      : parts_(parts),
        options_(std::move(options)),
        routes(parts.clock, parts.random, parts.database),
        passing_{parts.clock, parts.sessions, parts.transforming, options_.trusted_proxies},
        checks_(parts.clock, parts.executor),
        tasks_(parts.executor, report_failure) {
    for (auto& spec : options_.file_routes)
      file_routes_.push_back(
          std::make_shared<LiveRoute>(parts_.clock, parts_.registry, spec, LiveRoute::Origin{}));
    serve(file_routes_);
  }

  Task<void> reload();
  /// Until the database is back what was read last stays in force.
  asio::awaitable<void> reload_or_warn();
  void start();
  asio::awaitable<void> stop();
  asio::awaitable<net::HttpResponse> answer(net::HttpRequest request);
  asio::awaitable<net::WebSocketAdmission> admit(net::HttpRequest request);
  std::shared_ptr<const RoutingTable> table() const {
    std::lock_guard lock(mutex_);
    return table_;
  }
  const Options& options() const noexcept { return options_; }

 private:
  void serve(std::vector<std::shared_ptr<LiveRoute>> live) {
    auto made = std::make_shared<const RoutingTable>(std::move(live));
    std::lock_guard lock(mutex_);
    table_ = std::move(made);
  }
  std::shared_ptr<LiveRoute> kept(const RoutingTable& before, const Route& route) const;
  asio::awaitable<void> keep_loaded();
  asio::awaitable<void> keep_checked();

  Parts parts_;
  Options options_;

 public:
  Routes routes;

 private:
  PassageParts passing_;
  std::vector<std::shared_ptr<LiveRoute>> file_routes_;
  mutable std::mutex mutex_;
  std::shared_ptr<const RoutingTable> table_;
  HealthChecks checks_;
  TaskGroup tasks_;
};

/// A route that did not change keeps its targets' state, its connections and its clients' buckets.
std::shared_ptr<LiveRoute> Gateway::Impl::kept(const RoutingTable& before,
                                               const Route& route) const {
  for (auto& live : before.routes())
    if (live->origin().id == route.id && live->origin().version == route.version) return live;
  return nullptr;
}

Task<void> Gateway::Impl::reload() {
  Context ctx;
  ctx.deadline = parts_.clock.now() + 10s;
  auto reading = routes.all(std::move(ctx));
  auto all = co_await std::move(reading);
  if (!all) co_return std::unexpected(all.error());
  auto before = table();
  auto live = file_routes_;
  for (auto& route : *all) {
    auto same = kept(*before, route);
    LiveRoute::Origin origin{route.id, route.organization, route.version, options_.reach};
    live.push_back(same ? same
                        : std::make_shared<LiveRoute>(parts_.clock, parts_.registry,
                                                      std::move(route.spec), std::move(origin)));
  }
  serve(std::move(live));
  co_return Result<void>{};
}

asio::awaitable<void> Gateway::Impl::reload_or_warn() {
  auto reloading = reload();
  if (auto loaded = co_await std::move(reloading); !loaded)
    log::warn("gateway.not_reloaded", {{"reason", loaded.error().detail}});
}

void Gateway::Impl::start() {
  tasks_.spawn("gateway.reload", [this] { return keep_loaded(); });
  tasks_.spawn("gateway.health", [this] { return keep_checked(); });
}

asio::awaitable<void> Gateway::Impl::stop() {
  auto ending = tasks_.stop();
  co_await std::move(ending);
  auto checking = checks_.stop();
  co_await std::move(checking);
}

asio::awaitable<void> Gateway::Impl::keep_loaded() {
  while (true) {
    auto pause = parts_.clock.sleep_for(options_.reload);
    co_await std::move(pause);
    auto reloading = reload_or_warn();
    co_await std::move(reloading);
  }
}

asio::awaitable<void> Gateway::Impl::keep_checked() {
  while (true) {
    auto now = table();
    checks_.begin_due(now->routes());
    auto pause = parts_.clock.sleep_for(250ms);
    co_await std::move(pause);
  }
}

asio::awaitable<net::HttpResponse> Gateway::Impl::answer(net::HttpRequest request) {
  auto found = table()->find(request.method, request.path);
  if (auto* route = std::get_if<std::shared_ptr<LiveRoute>>(&found)) {
    auto passage = std::make_unique<Passage>(passing_, *route, std::move(request));
    auto running = passage->run();
    co_return co_await std::move(running);
  }
  if (auto* wrong = std::get_if<RoutingTable::WrongMethod>(&found)) {
    Refusal refusal{405, "method_not_allowed",
                    "The method is not allowed here; allowed: " + wrong->allow};
    refusal.allow = wrong->allow;
    co_return respond(refusal, request.request_id);
  }
  Refusal nowhere{404, "route_not_found", "No such route."};
  co_return respond(nowhere, request.request_id);
}

asio::awaitable<net::WebSocketAdmission> Gateway::Impl::admit(net::HttpRequest request) {
  auto found = table()->find(net::Method::get, request.path);
  auto* route = std::get_if<std::shared_ptr<LiveRoute>>(&found);
  if (route && (*route)->spec().websocket) {
    auto passage = std::make_unique<Passage>(passing_, *route, std::move(request));
    auto opening = passage->open_websocket();
    co_return co_await std::move(opening);
  }
  net::WebSocketAdmission admission;
  Refusal nowhere{404, "route_not_found", "No such route."};
  admission.refused = respond(nowhere, request.request_id);
  co_return admission;
}

Gateway::Gateway(Parts parts, Options options)
    : impl_(std::make_unique<Impl>(parts, std::move(options))) {}
Gateway::~Gateway() = default;

void Gateway::mount(net::Router& router) {
  // A route says how much it takes; what is short is read at once, and can be sent again.
  net::Router::Limits limits{.max_body_bytes = 1u << 30, .stream_above_bytes = 64u << 10};
  router.otherwise([this](net::HttpRequest request) { return impl_->answer(std::move(request)); },
                   limits);
  router.otherwise_websocket(
      [this](net::HttpRequest request) { return impl_->admit(std::move(request)); });
  mount_older_names(router);
}

Task<void> Gateway::start() {
  auto loading = impl_->reload();
  auto loaded = co_await std::move(loading);
  impl_->start();
  co_return loaded;
}

asio::awaitable<void> Gateway::stop() { return impl_->stop(); }

Reach Gateway::reach() const noexcept { return impl_->options().reach; }

Task<Route> Gateway::create(Context ctx, RouteSpec spec) {
  auto creating = impl_->routes.create(std::move(ctx), std::move(spec));
  auto created = co_await std::move(creating);
  if (!created) co_return created;
  auto reloading = impl_->reload_or_warn();
  co_await std::move(reloading);
  co_return created;
}

Task<Route> Gateway::replace(Context ctx, RouteId id, RouteSpec spec,
                             std::optional<std::int64_t> expected_version) {
  auto replacing =
      impl_->routes.replace(std::move(ctx), std::move(id), std::move(spec), expected_version);
  auto replaced = co_await std::move(replacing);
  if (!replaced) co_return replaced;
  auto reloading = impl_->reload_or_warn();
  co_await std::move(reloading);
  co_return replaced;
}

Task<void> Gateway::remove(Context ctx, RouteId id) {
  auto removing = impl_->routes.remove(std::move(ctx), std::move(id));
  auto removed = co_await std::move(removing);
  if (!removed) co_return removed;
  auto reloading = impl_->reload_or_warn();
  co_await std::move(reloading);
  co_return removed;
}

Task<std::vector<Route>> Gateway::list(Context ctx) { return impl_->routes.list(std::move(ctx)); }
Task<Route> Gateway::get(Context ctx, RouteId id) {
  return impl_->routes.get(std::move(ctx), std::move(id));
}

std::vector<TargetState> Gateway::targets(const OrganizationId& organization) const {
  std::vector<TargetState> states;
  auto table = impl_->table();
  for (auto& route : table->routes()) {
    if (route->origin().organization != organization) continue;
    for (auto& target : route->targets())
      states.push_back({route->origin().id, route->spec().name, route->address(),
                        target->spec().url, target->healthy(),
                        std::string(to_string(target->breaker())), target->active()});
  }
  return states;
}

std::string Gateway::address_of(const Route& route) {
  return "/gateway/" + route.organization.str() + (route.spec.path == "/" ? "" : route.spec.path);
}

}  // namespace parley::gateway
