#pragma once
#include "parley/base/beat_watch.hpp"
#include "settler.hpp"

namespace parley::queue {

/// Keeps this node alive in the others' eyes, watches theirs, and what runs here.
class Keeper {
 public:
  Keeper(Shared& shared, Settler& settler)
      : shared_(shared), settler_(settler), others_(shared.options.lease) {}
  /// Registers, beats, takes over the jobs of nodes whose beat stands still, sweeps.
  asio::awaitable<void> keep();
  /// Gives up on handlers that are deaf, and on all when this node cannot beat.
  asio::awaitable<void> watch();
  /// At the end: hands back what was cancelled.
  asio::awaitable<void> leave();

 private:
  Task<void> turn();
  Task<void> join();
  Task<void> look_after_others();
  Task<void> take_over(std::string name, std::int64_t beat);
  Task<void> cancel_as_asked();
  Task<void> sweep_old();
  Task<void> show_depth();
  void lost();

  Shared& shared_;
  Settler& settler_;
  BeatWatch others_;
  Wake rejoin_;
  std::mutex mutex_;
  TimePoint last_beat_;  ///< begun, of those that succeeded
};

}  // namespace parley::queue
