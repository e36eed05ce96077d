#include "coordinator.hpp"

#include <algorithm>
#include <boost/asio/cancellation_type.hpp>
#include <boost/system/system_error.hpp>

#include "parley/base/race.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::saga {

namespace {

/// Nothing happened there, and it may work later.
bool may_pass(Errc code) {
  return code == Errc::timeout || code == Errc::unavailable || code == Errc::rate_limited ||
         code == Errc::resource_exhausted;
}
bool may_have_happened(Errc code) { return code == Errc::outcome_unknown || code == Errc::corrupt; }

/// What a step throws may have come after its effect.
template <class T>
Task<T> guarded(std::function<Task<T>(StepContext)> call, StepContext context) {
  try {
    auto work = call(std::move(context));
    co_return co_await std::move(work);
  } catch (const std::exception& e) {
    co_return fail(Errc::outcome_unknown, std::string("the step threw: ") + e.what());
  } catch (...) {
    co_return fail(Errc::outcome_unknown, "the step threw");
  }
}

store::NewEvent event_of(const SagaView& view, std::string type, json::object data = {}) {
  data["sagaId"] = view.id.str();
  data["type"] = view.type;
  return {std::move(type), std::move(data)};
}

}  // namespace

queue::NewJob wake_up(const SagaId& id, Duration delay) {
  queue::NewJob job;
  job.handler = job_name;
  job.payload = {{"saga", id.str()}};
  job.delay = delay;
  job.unique_key = "saga/" + id.str();
  return job;
}

StepContext Coordinator::step_context() const {
  StepContext context;
  context.ctx = ctx_.until(parts_.clock.now() + step().timeout);
  context.idempotency_key = held_.view.id.str() + "/" + step().name;
  context.input = held_.view.input;
  for (std::size_t i = 0; i < held_.view.step; ++i)
    context.results[held_.view.steps[i].name] = held_.view.steps[i].result;
  return context;
}

Duration Coordinator::pause_after(std::int64_t failures, const Error& error) const {
  auto pause = step().first_pause;
  for (std::int64_t i = 1; i < failures && pause < step().longest_pause; ++i) pause *= 2;
  return std::max<Duration>(std::min(pause, step().longest_pause), error.retry_after);
}

template <class T>
Task<T> Coordinator::limited(std::function<Task<T>(StepContext)> call) {
  auto context = step_context();
  auto deadline = context.ctx.deadline;
  auto work = guarded<T>(std::move(call), std::move(context));
  auto late = parts_.clock.sleep_until(deadline);
  auto first = co_await race(std::move(work), std::move(late));
  // The job itself was cancelled: whoever takes it up next looks where it stands.
  auto cancellation = co_await asio::this_coro::cancellation_state;
  if (cancellation.cancelled() != asio::cancellation_type::none)
    throw boost::system::system_error(asio::error::operation_aborted);
  if (first.index() == 1)
    co_return fail(Errc::outcome_unknown, "step " + step().name + " was cut off at its timeout");
  co_return std::get<0>(std::move(first));
}

Task<void> Coordinator::run() {
  // Attempts that an earlier worker had under way when it went.
  for (std::size_t i = 0; i < held_.view.steps.size(); ++i)
    if (held_.view.steps[i].status == StepStatus::started) held_.uncertain[i] = true;
  while (true) {
    auto moving = held_.view.status == SagaStatus::running ? forward() : backward();
    auto next = co_await std::move(moving);
    if (!next) co_return std::unexpected(next.error());
    bool active =
        held_.view.status == SagaStatus::running || held_.view.status == SagaStatus::compensating;
    if (*next == Next::pause || !active) co_return Result<void>{};
  }
}

Task<Coordinator::Next> Coordinator::forward() {
  bool unsure = state().status == StepStatus::unknown || state().status == StepStatus::started;
  auto moving = unsure && step().reconcile ? look() : attempt();
  co_return co_await std::move(moving);
}

Task<Coordinator::Next> Coordinator::attempt() {
  // The key and that it begins are durable before the effect can be.
  state().status = StepStatus::started;
  ++state().attempts;
  auto noting = write({});
  auto noted = co_await std::move(noting);
  if (!noted) co_return std::unexpected(noted.error());
  auto trying = limited<json::value>(step().run);
  auto outcome = co_await std::move(trying);
  if (outcome) {
    auto done = succeeded(std::move(*outcome));
    co_return co_await std::move(done);
  }
  auto error = std::move(outcome.error());
  auto next = may_have_happened(error.code) ? nobody_knows(std::move(error))
              : may_pass(error.code)        ? did_not_happen(std::move(error))
                                            : compensate(std::move(error));
  co_return co_await std::move(next);
}

Task<Coordinator::Next> Coordinator::succeeded(json::value result) {
  state().status = StepStatus::done;
  state().result = std::move(result);
  state().last_error.clear();
  held_.uncertain[held_.view.step] = false;
  held_.view.last_error.clear();
  auto position = held_.view.step;
  auto event = event_of(held_.view, "saga.step_completed", {{"step", step().name}});
  bool last = position + 1 == type_.steps.size();
  if (last) held_.view.status = SagaStatus::completed;
  auto save_both = [&](store::Tx& tx) -> Result<void> {
    auto next = held_;
    if (!last) ++next.view.step;
    if (auto saved = save(tx, next, position); !saved) return saved;
    auto stream = "saga/" + held_.view.id.str();
    if (auto put = tx.append(stream, event); !put) return std::unexpected(put.error());
    if (!last) return {};
    auto put = tx.append(stream, event_of(held_.view, "saga.completed"));
    if (!put) return std::unexpected(put.error());
    return job_.finish(tx);
  };
  auto work = parts_.database.write(ctx_, save_both);
  auto saved = co_await std::move(work);
  if (!saved) co_return std::unexpected(saved.error());
  if (!last) ++held_.view.step;
  co_return Next::go_on;
}

Task<Coordinator::Next> Coordinator::did_not_happen(Error error) {
  if (state().attempts >= step().max_attempts) {
    auto giving_up = compensate(std::move(error));
    co_return co_await std::move(giving_up);
  }
  state().status = StepStatus::pending;
  state().last_error = held_.view.last_error = error.detail;
  auto waiting = pause(pause_after(state().attempts, error));
  co_return co_await std::move(waiting);
}

Task<Coordinator::Next> Coordinator::nobody_knows(Error error) {
  state().status = StepStatus::unknown;
  held_.uncertain[held_.view.step] = true;
  state().last_error = held_.view.last_error = error.detail;
  if (step().reconcile) {
    auto noting = write({});
    auto noted = co_await std::move(noting);
    if (!noted) co_return std::unexpected(noted.error());
    co_return Next::go_on;
  }
  // Safe to repeat under its key.
  if (state().attempts >= step().max_attempts) {
    auto giving_up = compensate(std::move(error));
    co_return co_await std::move(giving_up);
  }
  auto waiting = pause(pause_after(state().attempts, error));
  co_return co_await std::move(waiting);
}

Task<Coordinator::Next> Coordinator::look() {
  auto looking = limited<std::optional<json::value>>(step().reconcile);
  auto found = co_await std::move(looking);
  if (!found) {
    ++state().checks;
    state().status = StepStatus::unknown;
    state().last_error = held_.view.last_error = found.error().detail;
    auto next = state().checks >= step().max_checks
                    ? stuck("whether step " + step().name + " happened cannot be found out")
                    : pause(pause_after(state().checks, found.error()));
    co_return co_await std::move(next);
  }
  if (*found) {
    auto done = succeeded(std::move(**found));
    co_return co_await std::move(done);
  }
  held_.uncertain[held_.view.step] = false;
  Error error{Errc::unavailable, "step " + step().name + " did not happen"};
  auto again = did_not_happen(std::move(error));
  co_return co_await std::move(again);
}

Task<Coordinator::Next> Coordinator::compensate(Error error) {
  log::warn("saga.compensating", {{"saga", held_.view.id.str()},
                                  {"step", step().name},
                                  {"code", to_string(error.code)},
                                  {"reason", error.detail}});
  state().status = StepStatus::failed;
  state().last_error = held_.view.last_error = error.detail;
  held_.view.status = SagaStatus::compensating;
  json::object data{{"step", step().name}, {"code", to_string(error.code)}};
  auto noting = write({event_of(held_.view, "saga.compensating", std::move(data))});
  auto noted = co_await std::move(noting);
  if (!noted) co_return std::unexpected(noted.error());
  co_return Next::go_on;
}

Task<Coordinator::Next> Coordinator::backward() {
  bool happened = state().status == StepStatus::done || held_.uncertain[held_.view.step];
  if (happened && step().undo) {
    auto result = state().status == StepStatus::done ? state().result : json::value();
    std::function<Task<std::monostate>(StepContext)> undo =
        [&, result](StepContext context) -> Task<std::monostate> {
      auto work = step().undo(std::move(context), result);
      auto done = co_await std::move(work);
      if (!done) co_return std::unexpected(done.error());
      co_return std::monostate{};
    };
    ++state().undo_attempts;
    auto undoing = limited<std::monostate>(undo);
    auto done = co_await std::move(undoing);
    if (!done) {
      state().last_error = held_.view.last_error = done.error().detail;
      auto next = state().undo_attempts >= step().max_checks
                      ? stuck("step " + step().name + " cannot be undone")
                      : pause(pause_after(state().undo_attempts, done.error()));
      co_return co_await std::move(next);
    }
  }
  auto moving = undone();
  co_return co_await std::move(moving);
}

Task<Coordinator::Next> Coordinator::undone() {
  auto position = held_.view.step;
  if (state().status == StepStatus::done) state().status = StepStatus::undone;
  held_.uncertain[position] = false;
  bool last = position == 0;
  if (last) held_.view.status = SagaStatus::failed;
  auto save_it = [&](store::Tx& tx) -> Result<void> {
    auto next = held_;
    if (!last) --next.view.step;
    if (auto saved = save(tx, next, position); !saved) return saved;
    if (!last) return {};
    auto put = tx.append("saga/" + held_.view.id.str(), event_of(held_.view, "saga.failed"));
    if (!put) return std::unexpected(put.error());
    return job_.finish(tx);
  };
  auto work = parts_.database.write(ctx_, save_it);
  auto saved = co_await std::move(work);
  if (!saved) co_return std::unexpected(saved.error());
  if (!last) --held_.view.step;
  co_return Next::go_on;
}

Task<Coordinator::Next> Coordinator::pause(Duration delay) {
  auto writing = write({{}, Writing::Job::ends_and_next, delay});
  auto written = co_await std::move(writing);
  if (!written) co_return std::unexpected(written.error());
  co_return Next::pause;
}

Task<Coordinator::Next> Coordinator::stuck(std::string why) {
  log::error("saga.stuck", {{"saga", held_.view.id.str()}, {"reason", why}});
  held_.view.status = SagaStatus::stuck;
  auto event = event_of(held_.view, "saga.stuck", {{"step", step().name}, {"reason", why}});
  auto writing = write({std::move(event), Writing::Job::ends});
  auto written = co_await std::move(writing);
  if (!written) co_return std::unexpected(written.error());
  co_return Next::pause;
}

Task<void> Coordinator::write(Writing writing) {
  auto change = [&](store::Tx& tx) -> Result<void> {
    if (auto saved = save(tx, held_, held_.view.step); !saved) return saved;
    if (writing.event) {
      auto put = tx.append("saga/" + held_.view.id.str(), *writing.event);
      if (!put) return std::unexpected(put.error());
    }
    if (writing.job == Writing::Job::goes_on) return {};
    // The pause is the next job's delay: this one ends here, and its key is free.
    if (auto done = job_.finish(tx); !done) return done;
    if (writing.job == Writing::Job::ends) return {};
    auto next = parts_.queue.enqueue(tx, wake_up(held_.view.id, writing.delay));
    if (!next) return std::unexpected(next.error());
    return {};
  };
  auto work = parts_.database.write(ctx_, change);
  co_return co_await std::move(work);
}

}  // namespace parley::saga
