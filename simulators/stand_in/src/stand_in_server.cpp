#include "parley/simulators/stand_in_server.hpp"

#include <fmt/format.h>

#include <deque>

#include "fault_effects.hpp"
#include "faulty_websocket.hpp"
#include "parley/net/server.hpp"

namespace parley::simulators {

namespace {

using net::HttpRequest;
using net::HttpResponse;
using Effect = Fault::Effect;

constexpr std::size_t most_kept = 1000;
constexpr std::size_t kept_body_bytes = 4096;

bool leaves_no_answer(const Fault& fault) {
  return fault.effect == Effect::reset || fault.effect == Effect::close ||
         fault.effect == Effect::hang;
}

}  // namespace

struct StandInServer::Impl {
  Impl(asio::any_io_executor executor, Clock& c, Random& random, StandInOptions options, Refusal r)
      : clock(c), refusal(std::move(r)), faults(c, FaultPlan::Place::service, options.seed) {
    net::ServerOptions where;
    where.address = options.address;
    where.port = options.port;
    server = std::make_unique<net::HttpServer>(std::vector{executor}, router, clock, random, where);
  }

  net::HttpHandler with_faults(net::HttpHandler handler) {
    return [this, handler = std::move(handler)](HttpRequest request) {
      return serve(handler, std::move(request));
    };
  }

  asio::awaitable<HttpResponse> serve(const net::HttpHandler& handler, HttpRequest request) {
    auto fault = faults.next(fmt::format("{} {}", net::to_string(request.method), request.target));
    auto number = keep(request, fault);
    if (fault.delay > Duration{}) co_await clock.sleep_for(fault.delay);
    bool before = fault.when == Fault::When::before;
    bool at_once = leaves_no_answer(fault) && !fault.after;
    if (before && at_once) co_return co_await no_answer(clock, fault.effect);
    std::optional<HttpResponse> refused;
    if (fault.effect == Effect::status) {
      refused = refusal(fault, request);
      if (fault.retry_after)
        refused->headers.set("Retry-After", std::to_string(fault.retry_after->count()));
    }
    HttpResponse answer;
    if (!refused || !before) {
      auto work = handler(std::move(request));
      answer = co_await std::move(work);
    }
    if (refused) answer = std::move(*refused);
    if (leaves_no_answer(fault) && !answer.stream)
      co_return co_await no_answer(clock, fault.effect);
    answered(number, answer.status);
    co_return spoilt(std::move(answer), fault, clock);
  }

  /// What the plan says of a handshake; the socket is told of the rest.
  asio::awaitable<net::WebSocketAdmission> admit(const net::WebSocketHandler& handler,
                                                 const Admit& gate, HttpRequest request) {
    net::WebSocketAdmission admission;
    auto fault = faults.next(fmt::format("GET {}", request.target));
    auto number = keep(request, fault);
    if (gate) admission.refused = gate(request);
    if (!admission.refused) {
      if (fault.delay > Duration{}) co_await clock.sleep_for(fault.delay);
      if (fault.effect == Effect::status) {
        admission.refused = refusal(fault, request);
        if (fault.retry_after)
          admission.refused->headers.set("Retry-After", std::to_string(fault.retry_after->count()));
      } else if (leaves_no_answer(fault) && !fault.after && fault.close_code == 0) {
        admission.refused = co_await no_answer(clock, fault.effect);
        co_return admission;
      }
    }
    answered(number, admission.refused ? admission.refused->status : 101);
    if (admission.refused) co_return admission;
    admission.handler = [this, handler, fault](HttpRequest upgrade,
                                               std::unique_ptr<net::WebSocket> socket) {
      auto faulty = std::make_unique<FaultyWebSocket>(std::move(socket), fault, clock);
      return handler(std::move(upgrade), std::move(faulty));
    };
    co_return admission;
  }

  std::size_t keep(const HttpRequest& request, const Fault& fault) {
    SeenRequest one;
    one.at = clock.wall();
    one.method = net::to_string(request.method);
    one.target = request.target;
    one.body = request.body.substr(0, kept_body_bytes);
    if (fault.effect != Effect::none)
      one.fault = to_string(fault.effect);
    else if (fault.delay > Duration{})
      one.fault = "delay";
    std::lock_guard lock(mutex);
    one.number = ++requests;
    seen.push_back(std::move(one));
    if (seen.size() > most_kept) seen.pop_front();
    return requests;
  }

  void answered(std::size_t number, int status) {
    std::lock_guard lock(mutex);
    auto oldest = requests - seen.size() + 1;
    if (number >= oldest) seen[number - oldest].status = status;
  }

  Clock& clock;
  const Refusal refusal;
  Faults faults;
  net::Router router;
  std::unique_ptr<net::HttpServer> server;
  mutable std::mutex mutex;
  std::deque<SeenRequest> seen;  ///< under mutex
  std::size_t requests = 0;      ///< under mutex
};

StandInServer::StandInServer(asio::any_io_executor executor, Clock& clock, Random& random,
                             StandInOptions options, Refusal refusal)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(options),
                                   std::move(refusal))) {}
StandInServer::~StandInServer() = default;

void StandInServer::add(net::Method method, std::string pattern, net::HttpHandler handler,
                        net::Router::Limits limits) {
  impl_->router.add(method, std::move(pattern), impl_->with_faults(std::move(handler)), limits);
}
void StandInServer::add_websocket(std::string pattern, net::WebSocketHandler handler, Admit admit,
                                  net::WebSocketLimits limits) {
  auto gate = [this, handler = std::move(handler), admit = std::move(admit)](HttpRequest request) {
    return impl_->admit(handler, admit, std::move(request));
  };
  impl_->router.add_websocket_gate(std::move(pattern), std::move(gate), limits);
}
void StandInServer::otherwise(net::HttpHandler handler) {
  impl_->router.otherwise(impl_->with_faults(std::move(handler)));
}
Result<void> StandInServer::start() { return impl_->server->start(); }
asio::awaitable<void> StandInServer::stop(TimePoint deadline) {
  return impl_->server->stop(deadline);
}
std::uint16_t StandInServer::port() const noexcept { return impl_->server->port(); }
Faults& StandInServer::faults() noexcept { return impl_->faults; }
std::vector<SeenRequest> StandInServer::seen() const {
  std::lock_guard lock(impl_->mutex);
  return {impl_->seen.begin(), impl_->seen.end()};
}
std::size_t StandInServer::requests() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

}  // namespace parley::simulators
