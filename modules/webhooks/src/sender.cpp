#include "sender.hpp"

#include <algorithm>

#include "endpoint_rows.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/net/retry_after.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::webhooks {

namespace {

constexpr std::size_t kept_response_bytes = 4096;
/// When a policy refuses without saying for how long: its bulkhead is full.
constexpr Duration pause_when_full = 1s;
constexpr int groups_of_endpoint = 4;

/// Any bytes as text that both databases take: what is no UTF-8 is read as Latin-1.
std::string as_stored(std::string text) {
  std::erase(text, '\0');
  // The cut may have gone through a character.
  for (int i = 0; i < 3 && !text.empty() && !is_valid_utf8(text); ++i) {
    auto shorter = text.substr(0, text.size() - static_cast<std::size_t>(i) - 1);
    if (is_valid_utf8(shorter)) return shorter;
  }
  return is_valid_utf8(text) ? text : latin1_to_utf8(text);
}

/// How the policy counts an exchange. It is seen by every organization, and endpoints belong to
/// one: no address and no words of theirs.
Result<void> as_counted(const Result<net::HttpResponse>& said, WallTime now) {
  if (!said) return fail(said.error().code, "an endpoint could not be reached");
  if (said->status < 500 && said->status != 429) return {};
  Error error{said->status == 429 ? Errc::rate_limited : Errc::unavailable,
              "an endpoint answered " + std::to_string(said->status)};
  error.retry_after = net::retry_after(*said, now);
  return std::unexpected(std::move(error));
}

bool is_success(const DeliveryAttempt& attempt) {
  return attempt.response_status && *attempt.response_status >= 200 &&
         *attempt.response_status < 300;
}

}  // namespace

struct Sender::Plan {
  DeliveryState state;
  Endpoint endpoint;
  std::vector<StandardSecret> secrets;
  const Delivery& delivery() const { return state.delivery; }
};

Sender::Sender(Deliveries::Parts parts, Deliveries::Options options)
    : parts_(parts),
      options_(std::move(options)),
      breaker_(parts.clock, {options_.failures_to_pause, options_.pause, options_.longest_hold}),
      delivered_(parts.registry.counter("parley_webhooks_delivered_total",
                                        "Outgoing webhooks answered with 2xx")),
      failed_(parts.registry.counter("parley_webhooks_attempts_failed_total",
                                     "Attempts at outgoing webhooks that failed")),
      disabled_(parts.registry.counter("parley_webhooks_endpoints_disabled_total",
                                       "Endpoints disabled because they failed")),
      seconds_(parts.registry.histogram("parley_webhooks_attempt_seconds",
                                        "Time of an attempt at an outgoing webhook")) {}

Result<void> Sender::enqueue(store::Tx& tx, const Delivery& delivery, Duration delay) {
  queue::NewJob job;
  job.handler = job_name;
  job.payload = {{"deliveryId", delivery.id.str()}};
  job.delay = delay;
  // A job joins its group when it is due, so one that is put off does not hold up the others, and
  // an endpoint has as many requests at once as it has groups.
  auto place = static_cast<unsigned char>(delivery.id.str().back()) % groups_of_endpoint;
  job.group = delivery.endpoint.str() + "/" + std::to_string(place);
  auto put = parts_.queue.enqueue(tx, std::move(job));
  if (!put) return std::unexpected(put.error());
  auto at = tx.now() + std::chrono::duration_cast<std::chrono::milliseconds>(delay);
  return DeliveryRows::set_job(tx, delivery.id, put->id, at);
}

Result<std::optional<Sender::Plan>> Sender::plan(store::Tx& tx, const DeliveryId& id,
                                                 const JobId& job) const {
  auto state = DeliveryRows::state(tx, id);
  if (!state && state.error().code == Errc::not_found) return std::nullopt;
  if (!state) return std::unexpected(state.error());
  if (state->delivery.status != DeliveryStatus::pending || state->job_id != job.str())
    return std::nullopt;
  auto endpoint = EndpointRows::get(tx, state->delivery.endpoint);
  if (!endpoint) return std::unexpected(endpoint.error());
  auto secrets = parts_.endpoints.secrets(tx, endpoint->id);
  if (!secrets) return std::unexpected(secrets.error());
  return Plan{std::move(*state), std::move(*endpoint), std::move(*secrets)};
}

net::OutgoingRequest Sender::request_of(const Plan& plan, WallTime now) const {
  auto& delivery = plan.delivery();
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = plan.endpoint.url;
  request.body = delivery.body;
  request.timeout = options_.time_limit;
  request.max_response_bytes = kept_response_bytes;
  request.long_response = net::OutgoingRequest::LongResponse::cut;
  request.public_addresses_only = options_.addresses == Deliveries::Options::Addresses::public_only;
  std::string signatures;
  for (auto& secret : plan.secrets) {
    if (!signatures.empty()) signatures += ' ';
    signatures += secret.sign(delivery.event_id, now, delivery.body);
  }
  auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  request.headers.set("Content-Type", "application/json");
  request.headers.set("webhook-id", delivery.event_id);
  request.headers.set("webhook-timestamp", std::to_string(seconds));
  request.headers.set("webhook-signature", std::move(signatures));
  return request;
}

asio::awaitable<Sender::Exchanged> Sender::exchange(Context ctx, const Plan& plan) {
  Exchanged exchanged;
  if (!options_.policy) {
    auto asking = request(std::move(ctx), plan);
    exchanged.said = co_await std::move(asking);
    co_return exchanged;
  }
  bool begun = false;
  // The webhook-id is the same, so an endpoint that is asked twice knows it.
  auto asking = options_.policy->run(std::move(ctx), {"deliver", resilience::Repeat::safe},
                                     [&](Context limited) -> Task<void> {
                                       begun = true;
                                       auto sending = request(std::move(limited), plan);
                                       exchanged.said = co_await std::move(sending);
                                       co_return as_counted(*exchanged.said, parts_.clock.wall());
                                     });
  auto outcome = co_await std::move(asking);
  if (outcome || exchanged.said) co_return exchanged;
  if (begun)  // and cut off by the policy
    exchanged.said = std::unexpected(std::move(outcome.error()));
  else
    exchanged.put_off = std::max<Duration>(outcome.error().retry_after, pause_when_full);
  co_return exchanged;
}

Task<net::HttpResponse> Sender::request(Context ctx, const Plan& plan) {
  auto request = request_of(plan, parts_.clock.wall());
  auto until = parts_.clock.now() + options_.time_limit;
  // The client keeps time by the real clock; the limit is ours.
  ctx.deadline = TimePoint::max();
  auto sending = parts_.http.send(ctx, std::move(request));
  auto limited = with_deadline(parts_.clock, until, std::move(sending));
  co_return co_await std::move(limited);
}

Task<void> Sender::attempt(Context ctx, queue::JobRun& run) {
  DeliveryId id(std::string(run.payload().at("deliveryId").as_string()));
  auto look = [&](store::Tx& tx) { return plan(tx, id, run.job().id); };
  auto planned = co_await parts_.database.read(ctx, look);
  if (!planned) co_return std::unexpected(planned.error());
  if (!*planned) co_return Result<void>{};
  auto plan = std::move(**planned);
  if (plan.endpoint.state == Endpoint::State::disabled) {
    auto giving_up = give_up(ctx, run, plan, "the endpoint is disabled");
    co_return co_await std::move(giving_up);
  }
  if (auto away = breaker_.ask(plan.endpoint.id); away > Duration::zero()) {
    auto putting_off = put_off(ctx, run, plan, away);
    co_return co_await std::move(putting_off);
  }
  DeliveryAttempt attempt;
  attempt.number = plan.delivery().attempts + 1;
  attempt.url = plan.endpoint.url;
  attempt.sent_at = parts_.clock.wall();
  auto began = parts_.clock.now();
  auto asking = exchange(ctx, plan);
  auto exchanged = co_await std::move(asking);
  if (!exchanged.said) {
    auto putting_off = put_off(ctx, run, plan, exchanged.put_off);
    co_return co_await std::move(putting_off);
  }
  auto& response = *exchanged.said;
  auto took = parts_.clock.now() - began;
  seconds_.observe(took);
  attempt.duration = std::chrono::duration_cast<std::chrono::milliseconds>(took);
  Duration retry_after{};
  if (response) {
    attempt.response_status = response->status;
    attempt.response_body = as_stored(std::move(response->body));
    retry_after = net::retry_after(*response, parts_.clock.wall());
    if (!is_success(attempt))
      attempt.error = "the endpoint answered " + std::to_string(response->status);
  } else {
    attempt.error = as_stored(response.error().detail);
  }
  if (is_success(attempt))
    breaker_.succeeded(plan.endpoint.id);
  else
    breaker_.failed(plan.endpoint.id);
  auto write = [&](store::Tx& tx) { return record(tx, run, plan, attempt, retry_after); };
  co_return co_await parts_.database.write(ctx, write);
}

Task<void> Sender::give_up(Context ctx, queue::JobRun& run, const Plan& plan,
                           std::string_view why) {
  auto write = [&](store::Tx& tx) -> Result<void> {
    auto ended = DeliveryRows::set_ended(tx, plan.delivery().id, DeliveryStatus::failed, why);
    if (!ended) return ended;
    return run.finish(tx);
  };
  co_return co_await parts_.database.write(ctx, write);
}

/// Is no attempt: nothing was sent.
Task<void> Sender::put_off(Context ctx, queue::JobRun& run, const Plan& plan, Duration delay) {
  auto spread = std::chrono::duration_cast<Duration>(delay * (1 + parts_.random.next_unit()));
  auto write = [&](store::Tx& tx) -> Result<void> {
    if (auto finished = run.finish(tx); !finished) return finished;
    return enqueue(tx, plan.delivery(), spread);
  };
  co_return co_await parts_.database.write(ctx, write);
}

Result<void> Sender::record(store::Tx& tx, queue::JobRun& run, const Plan& plan,
                            DeliveryAttempt attempt, Duration retry_after) {
  auto& id = plan.delivery().id;
  // Deliveries do not touch each other; serializable, PostgreSQL takes their neighbours for theirs
  // and has every other one written again.
  if (auto relaxed = tx.read_committed(); !relaxed) return relaxed;
  if (auto finished = run.finish(tx); !finished) return finished;
  // Removed or replayed while the request was under way: the newer job decides.
  auto state = DeliveryRows::locked_state(tx, id);
  if (!state && state.error().code == Errc::not_found) return {};
  if (!state) return std::unexpected(state.error());
  if (state->job_id != run.job().id.str()) return {};
  auto broken_off = record_broken_off(tx, run, plan);
  if (!broken_off) return std::unexpected(broken_off.error());
  attempt.number += *broken_off;
  if (auto added = DeliveryRows::add_attempt(tx, id, attempt); !added) return added;
  if (!is_success(attempt)) {
    tx.after_commit([this] { failed_.add(); });
    return record_failure(tx, plan, attempt, retry_after);
  }
  tx.after_commit([this] { delivered_.add(); });
  auto ended = DeliveryRows::set_ended(tx, id, DeliveryStatus::delivered, "");
  if (!ended || !plan.endpoint.failing_since) return ended;
  return EndpointRows::set_failing_since(tx, plan.endpoint.id, std::nullopt);
}

/// Nobody wrote down how the job's earlier attempts ended: the process died, or the database was
/// away.
Result<std::int64_t> Sender::record_broken_off(store::Tx& tx, const queue::JobRun& run,
                                               const Plan& plan) {
  auto& delivery = plan.delivery();
  DeliveryAttempt lost;
  lost.number = delivery.attempts;
  lost.url = plan.endpoint.url;
  lost.sent_at = delivery.next_attempt_at.value_or(tx.now());
  lost.error = "broken off before its outcome was stored: it may have been sent";
  auto many = run.attempt() - 1;
  for (std::int64_t i = 0; i < many; ++i) {
    ++lost.number;
    if (auto added = DeliveryRows::add_attempt(tx, delivery.id, lost); !added)
      return std::unexpected(added.error());
  }
  return many;
}

Result<void> Sender::record_failure(store::Tx& tx, const Plan& plan, const DeliveryAttempt& attempt,
                                    Duration retry_after) {
  auto& id = plan.delivery().id;
  // As it is now: others may have failed, or succeeded, meanwhile.
  auto endpoint = EndpointRows::locked(tx, plan.endpoint.id);
  if (!endpoint) return std::unexpected(endpoint.error());
  bool is_enabled = endpoint->state == Endpoint::State::enabled;
  if (is_enabled && attempt.response_status == 410) {
    if (auto off = disable(tx, plan, "it answered 410 Gone"); !off) return off;
    is_enabled = false;
  } else if (is_enabled && !endpoint->failing_since) {
    auto since = EndpointRows::set_failing_since(tx, endpoint->id, attempt.sent_at);
    if (!since) return since;
  } else if (is_enabled && tx.now() - *endpoint->failing_since >= options_.give_up_after) {
    if (auto off = disable(tx, plan, "it has failed for too long"); !off) return off;
    is_enabled = false;
  }
  auto attempts = plan.state.round_attempts + 1;
  if (!is_enabled || attempts >= options_.max_attempts)
    return DeliveryRows::set_ended(tx, id, DeliveryStatus::failed, attempt.error);
  return enqueue(tx, plan.delivery(), std::max(retry_after, pause_after(attempts)));
}

Result<void> Sender::disable(store::Tx& tx, const Plan& plan, std::string_view reason) {
  auto& id = plan.endpoint.id;
  if (auto off = EndpointRows::disable(tx, id, reason); !off) return off;
  auto told =
      tx.append(endpoint_stream(id),
                {"webhook_endpoint.disabled",
                 {{"endpointId", id.str()}, {"url", plan.endpoint.url}, {"reason", reason}}});
  if (!told) return std::unexpected(told.error());
  tx.after_commit([this, id, reason = std::string(reason)] {
    disabled_.add();
    log::error("webhooks.endpoint_disabled", {{"endpoint", id.str()}, {"reason", reason}});
  });
  return {};
}

Duration Sender::pause_after(std::int64_t attempts) {
  auto pause = options_.first_pause;
  for (std::int64_t i = 1; i < attempts && pause < options_.longest_pause; ++i) pause *= 2;
  pause = std::min(pause, options_.longest_pause);
  return std::chrono::duration_cast<Duration>(pause * (0.5 + 0.5 * parts_.random.next_unit()));
}

}  // namespace parley::webhooks
