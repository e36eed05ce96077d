#pragma once
#include "parley/alerts/alerts.hpp"

namespace parley::alerts {

/// What is looked at again and again.
struct Rule {
  std::string key;
  Severity severity = Severity::error;
  std::string advice;
  /// So long it must be broken before anybody is told, and whole before it counts as mended: what
  /// flickers wakes nobody.
  Duration hold = 60s;
  /// A sentence that says what is wrong; nothing when all is well. An error leaves things as they
  /// are: it is not known.
  std::function<Task<std::optional<std::string>>(Context ctx)> broken;
};

/// Evaluates rules and raises and resolves their alerts.
class Watch {
 public:
  Watch(asio::any_io_executor executor, Clock& clock, Alerts& alerts, Duration every = 15s);
  ~Watch();             ///< stop() must have completed, or start() was never called
  void add(Rule rule);  ///< before start()
  void start();
  asio::awaitable<void> stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::alerts
