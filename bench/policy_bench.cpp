// What a policy adds to a call that succeeds at once: breaker, bulkhead, budget, timeout, span and
// metrics, against the same call alone.
#include <benchmark/benchmark.h>

#include "parley/resilience/policy.hpp"

namespace parley::resilience {
namespace {

Task<int> call(Context) { co_return 1; }

/// One coroutine that makes all calls of the measurement, one after the other.
template <class Body>
void in_a_coroutine(benchmark::State& state, Body body) {
  asio::io_context io(1);
  auto loop = [&]() -> asio::awaitable<void> {
    for ([[maybe_unused]] auto _ : state) {
      auto work = body();
      auto outcome = co_await std::move(work);
      benchmark::DoNotOptimize(outcome);
    }
  };
  asio::co_spawn(io, loop(), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
}

void alone(benchmark::State& state) {
  in_a_coroutine(state, [] { return call(Context{}); });
}
BENCHMARK(alone);

void with_policy(benchmark::State& state) {
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink sink;
  trace::Tracer tracer(clock, random, sink);
  Policies policies(clock, random, registry, tracer);
  auto& policy = policies.add("vendor", {});
  in_a_coroutine(state, [&] { return policy.run(Context{}, {"thing"}, call); });
}
BENCHMARK(with_policy);

}  // namespace
}  // namespace parley::resilience
