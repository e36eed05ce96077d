#include "parley/saga/saga.hpp"

#include <set>
#include <stdexcept>

#include "coordinator.hpp"
#include "parley/base/strings.hpp"

namespace parley::saga {

namespace {

constexpr std::size_t max_input_bytes = 256 * 1024;
/// One job takes a saga through all its steps.
constexpr Duration longest_saga = 6h;

Duration longest_run(const SagaType& type) {
  Duration sum{};
  for (const auto& step : type.steps) sum += 3 * step.timeout;
  return sum;
}

bool makes_sense(const SagaType& type) {
  std::set<std::string> names;
  for (const auto& step : type.steps) {
    bool can_be_sure = step.repeat == Repeat::safe || step.reconcile;
    if (step.name.empty() || !names.insert(step.name).second || !step.run || !can_be_sure ||
        step.max_attempts < 1 || step.max_checks < 1 || step.timeout <= 0s)
      return false;
  }
  return !type.name.empty() && !type.steps.empty() && longest_run(type) < longest_saga;
}

/// The saga was started by a program whose type of that name had other steps.
bool same_steps(const SagaType& type, const SagaView& view) {
  return std::ranges::equal(type.steps, view.steps, {}, &Step::name, &StepView::name);
}

}  // namespace

class Sagas::Impl {
 public:
  Impl(Clock& clock, Random& random, store::Database& database, queue::Queue& queue)
      : clock_(clock), random_(random), database_(database), queue_(queue) {
    queue_.add(
        std::string(job_name),
        {.lane = "saga", .max_attempts = 20, .longest_pause = 5min, .time_limit = longest_saga},
        [this](Context ctx, queue::JobRun& job) { return run(std::move(ctx), job); });
  }

  void add(SagaType type) {
    if (!makes_sense(type) || types_.contains(type.name))
      throw std::logic_error("the saga " + type.name + " is taken or makes no sense");
    auto name = type.name;
    types_.emplace(std::move(name), std::move(type));
  }

  Result<SagaId> start(store::Tx& tx, const NewSaga& saga) {
    auto found = types_.find(saga.type);
    if (found == types_.end()) return no_type(saga.type);
    if (saga.key.size() > 200) return fail(Errc::invalid, "a saga's key has at most 200 bytes");
    if (json::serialize(saga.input).size() > max_input_bytes)
      return fail(Errc::too_large, "a saga's input has at most 256 KiB");
    auto id = SagaId::make(clock_, random_);
    auto fresh = insert_saga(tx, saga, found->second.steps, id);
    if (!fresh) return std::unexpected(fresh.error());
    if (!*fresh) return id;
    json::object data{{"sagaId", id.str()}, {"type", saga.type}};
    auto put = tx.append("saga/" + id.str(), {"saga.started", std::move(data)});
    if (!put) return std::unexpected(put.error());
    auto job = queue_.enqueue(tx, wake_up(id, 0s));
    if (!job) return std::unexpected(job.error());
    return id;
  }

  Task<void> resume(Context ctx, SagaId id) {
    auto go_on = [&](store::Tx& tx) -> Result<void> {
      auto view = load_saga(tx, id);
      if (!view) return std::unexpected(view.error());
      tx.act_for(view->organization);
      if (auto moved = unstick(tx, id); !moved) return moved;
      auto job = queue_.enqueue(tx, wake_up(id, 0s));
      if (!job) return std::unexpected(job.error());
      return {};
    };
    auto work = database_.write(std::move(ctx), go_on);
    co_return co_await std::move(work);
  }

  store::Database& database() { return database_; }

 private:
  Task<void> run(Context ctx, queue::JobRun& job) {
    SagaId id(std::string(job.payload().at("saga").as_string()));
    auto taking = database_.write(ctx, [&](store::Tx& tx) { return take_up(tx, id); });
    auto held = co_await std::move(taking);
    if (!held) co_return std::unexpected(held.error());
    if (!*held) co_return Result<void>{};
    const auto& view = (*held)->view;
    auto type = types_.find(view.type);
    if (type == types_.end()) co_return fail(Errc::unavailable, "no saga is called " + view.type);
    if (!same_steps(type->second, view))
      co_return fail(Errc::unsupported, "the steps of " + view.type + " were changed");
    Coordinator coordinator({clock_, database_, queue_}, type->second, job, std::move(ctx),
                            std::move(**held));
    auto work = coordinator.run();
    co_return co_await std::move(work);
  }

  std::unexpected<Error> no_type(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& [type, steps] : types_) known.push_back(type);
    auto message = "no saga is called '" + name.substr(0, 100) + "'";
    if (auto close = nearest(name.substr(0, 100), known))
      message += "; did you mean '" + *close + "'?";
    return fail(Errc::not_found, std::move(message));
  }

  Clock& clock_;
  Random& random_;
  store::Database& database_;
  queue::Queue& queue_;
  std::map<std::string, SagaType, std::less<>> types_;
};

Sagas::Sagas(Clock& clock, Random& random, store::Database& database, queue::Queue& queue)
    : impl_(std::make_unique<Impl>(clock, random, database, queue)) {}
Sagas::~Sagas() = default;

void Sagas::add(SagaType type) { impl_->add(std::move(type)); }
Result<SagaId> Sagas::start(store::Tx& tx, NewSaga saga) { return impl_->start(tx, saga); }
Task<SagaId> Sagas::start(Context ctx, NewSaga saga) {
  auto work = impl_->database().write(std::move(ctx),
                                      [&](store::Tx& tx) { return impl_->start(tx, saga); });
  co_return co_await std::move(work);
}
Task<SagaView> Sagas::find(Context ctx, SagaId id) {
  auto work =
      impl_->database().read(std::move(ctx), [&](store::Tx& tx) { return load_saga(tx, id); });
  co_return co_await std::move(work);
}
Task<store::Listed<SagaView>> Sagas::list(Context ctx, SagaFilter filter) {
  auto work =
      impl_->database().read(std::move(ctx), [&](store::Tx& tx) { return list_sagas(tx, filter); });
  co_return co_await std::move(work);
}
Task<std::vector<SagaView>> Sagas::open(Context ctx, SagaId after, std::size_t limit) {
  if (limit < 1 || limit > 1000) co_return fail(Errc::invalid, "limit must be 1 to 1000");
  auto work = impl_->database().read(std::move(ctx),
                                     [&](store::Tx& tx) { return load_open(tx, after, limit); });
  co_return co_await std::move(work);
}
Task<void> Sagas::resume(Context ctx, SagaId id) {
  return impl_->resume(std::move(ctx), std::move(id));
}

}  // namespace parley::saga
