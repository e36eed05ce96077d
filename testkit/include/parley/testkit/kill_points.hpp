#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "parley/store/database.hpp"

namespace parley::testkit {

/// Kills a process at every boundary of what it does, starts it again, and looks whether all is as
/// it should be.
///
/// A scenario is what a program does from its start, or from where a killed one left off, until it
/// is done. It runs in a child process, the test's own program started again:
///
///   const testkit::KillScenario trip{"trip", [](const testkit::KillRun& run) {
///     auto inner = store::open_database(clock, run.url).value();
///     auto db = testkit::kill_around_writes(*inner, "trip");   // before and after each commit
///     ...; testkit::kill_point("before the payment");           // and around each effect
///   }};
///
///   TEST_P(TripKillDbTest, EachEffectOnceOrUndone) {
///     auto walk = testkit::walk_kill_points({"trip", url(), folder()}, [&](const KillRun& run) {
///       EXPECT_EQ(payments(run.key), 1);
///     });
///     EXPECT_GT(walk.killed.size(), 20u);
///   }
struct KillRun {
  std::string scenario;
  std::string url;               ///< of the database, which all rounds share
  std::filesystem::path folder;  ///< the same
  std::string key;               ///< of this round: other rounds left things behind too
  int life = 0;                  ///< of the rounds' processes, which follow each other
};

/// Made at namespace scope: it is there before main.
class KillScenario {
 public:
  KillScenario(std::string name, std::function<void(const KillRun&)> body);
};

/// In the child: the process ends here, by SIGKILL, if it is this point's turn. Any thread.
/// Elsewhere: nothing.
void kill_point(const std::string& label);

/// `inner` with a kill point before each write begins and after each one is durable, before its
/// caller knows. It must not outlive `inner`.
std::unique_ptr<store::Database> kill_around_writes(store::Database& inner, std::string label);

struct KillWalk {
  std::vector<std::string> killed;  ///< the labels at which a process was killed, in order
};

/// Round n: the scenario is killed at its n-th kill point, run again to its end without being
/// killed, and `check` looks. Ends with the first round in which there is no n-th point any more.
/// Throws std::runtime_error when a child fails, or is not done in a minute.
KillWalk walk_kill_points(const KillRun& run, const std::function<void(const KillRun&)>& check);

}  // namespace parley::testkit
