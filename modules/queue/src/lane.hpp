#pragma once
#include "settler.hpp"

namespace parley::queue {

/// Takes the ready jobs of one lane and runs each with its handler.
class Lane {
 public:
  Lane(Shared& shared, Settler& settler, TaskGroup& tasks, std::string name, LaneState& state)
      : shared_(shared), settler_(settler), tasks_(tasks), name_(std::move(name)), state_(state) {}
  asio::awaitable<void> run();

 private:
  Task<std::vector<Claimed>> claim(std::size_t limit);
  /// After a claim whose answer was lost: those that are ours. Nobody else would run them while
  /// this node lives.
  Task<std::vector<Claimed>> look_for(std::vector<Claimed> perhaps);
  void start(Claimed claimed);
  asio::awaitable<void> work(std::shared_ptr<Running> run);
  Task<void> attempt(const Registration& registration, const std::shared_ptr<Running>& run);
  /// Nothing when somebody else decides.
  std::optional<Settlement> settlement_of(const Registration& registration, Running& run,
                                          const Result<void>& outcome) const;

  Shared& shared_;
  Settler& settler_;
  TaskGroup& tasks_;
  const std::string name_;
  LaneState& state_;
};

/// How a failed attempt goes on: again after a pause, or dead.
Settlement after_failure(Shared& shared, const Registration& registration, const Claimed& claimed,
                         const Error& error);

}  // namespace parley::queue
