#pragma once
#include "saga_rows.hpp"

namespace parley::saga {

inline constexpr std::string_view job_name = "saga.run.v1";

/// What wakes the saga next.
queue::NewJob wake_up(const SagaId& id, Duration delay);

/// Takes one saga as far as it goes: the end, a pause, or being stuck. One per job attempt.
class Coordinator {
 public:
  struct Parts {
    Clock& clock;
    store::Database& database;
    queue::Queue& queue;
  };
  Coordinator(Parts parts, const SagaType& type, queue::JobRun& job, Context ctx, Held held)
      : parts_(parts), type_(type), job_(job), ctx_(std::move(ctx)), held_(std::move(held)) {}

  /// Errors: conflict (another worker has it), the database's.
  Task<void> run();

 private:
  /// What to do next; `pause`: this job is over, and another one wakes the saga.
  enum class Next { go_on, pause };

  Task<Next> forward();
  Task<Next> attempt();
  Task<Next> look();
  Task<Next> backward();

  Task<Next> succeeded(json::value result);
  Task<Next> did_not_happen(Error error);
  Task<Next> nobody_knows(Error error);
  Task<Next> compensate(Error error);
  Task<Next> undone();
  Task<Next> pause(Duration delay);
  Task<Next> stuck(std::string why);

  /// The current step, the saga, an event, and what becomes of this job, in one transaction.
  struct Writing {
    std::optional<store::NewEvent> event;
    enum class Job { goes_on, ends, ends_and_next } job = Job::goes_on;
    Duration delay{};  ///< of the next one
  };
  Task<void> write(Writing writing);

  const Step& step() const { return type_.steps[held_.view.step]; }
  StepView& state() { return held_.view.steps[held_.view.step]; }
  StepContext step_context() const;
  Duration pause_after(std::int64_t failures, const Error& error) const;
  template <class T>
  Task<T> limited(std::function<Task<T>(StepContext)> work);

  Parts parts_;
  const SagaType& type_;
  queue::JobRun& job_;
  Context ctx_;
  Held held_;
};

}  // namespace parley::saga
