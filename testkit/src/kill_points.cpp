#include "parley/testkit/kill_points.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <map>
#include <stdexcept>

namespace parley::testkit {

namespace {

/// The pipe to the parent: the label at which the child is about to be killed.
constexpr int report_fd = 3;
constexpr int no_turn = 0;
constexpr auto child_limit = std::chrono::minutes(1);

std::map<std::string, std::function<void(const KillRun&)>>& scenarios() {
  static std::map<std::string, std::function<void(const KillRun&)>> all;
  return all;
}

std::atomic<int> points_until_death = no_turn;

std::string variable(const char* name) {
  auto* value = std::getenv(name);
  return value ? value : "";
}

int number(const char* name) {
  return static_cast<int>(std::strtol(variable(name).c_str(), nullptr, 10));
}

/// Runs before any test, in the child instead of all tests.
class ChildEnvironment final : public ::testing::Environment {
 public:
  void SetUp() override {
    KillRun run{variable("PARLEY_KILL_SCENARIO"), variable("PARLEY_KILL_URL"),
                variable("PARLEY_KILL_FOLDER"), variable("PARLEY_KILL_KEY"),
                number("PARLEY_KILL_LIFE")};
    if (run.scenario.empty()) return;
    // Nobody would end it if the tests themselves were killed.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    points_until_death = number("PARLEY_KILL_AT");
    try {
      scenarios().at(run.scenario)(run);
    } catch (const std::exception& e) {
      std::cerr << "scenario " << run.scenario << ": " << e.what() << std::endl;
      ::_exit(3);
    }
    ::_exit(::testing::Test::HasFailure() ? 4 : 0);
  }
};

[[maybe_unused]] const auto* const environment =
    ::testing::AddGlobalTestEnvironment(new ChildEnvironment);

class Child {
 public:
  Child(const KillRun& run, int kill_at) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    reports_ = ends[0];
    std::vector<std::string> texts{"PARLEY_KILL_SCENARIO=" + run.scenario,
                                   "PARLEY_KILL_URL=" + run.url,
                                   "PARLEY_KILL_FOLDER=" + run.folder.string(),
                                   "PARLEY_KILL_KEY=" + run.key,
                                   "PARLEY_KILL_LIFE=" + std::to_string(run.life),
                                   "PARLEY_KILL_AT=" + std::to_string(kill_at)};
    std::vector<char*> environment;
    for (auto& text : texts) environment.push_back(text.data());
    for (auto** given = environ; *given; ++given) environment.push_back(*given);
    environment.push_back(nullptr);
    char name[] = "/proc/self/exe";
    char filter[] = "--gtest_brief=1";
    char* arguments[] = {name, filter, nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], report_fd);
    int failed = ::posix_spawn(&pid_, name, &actions, nullptr, arguments, environment.data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (failed != 0) throw std::runtime_error("a child process could not be started");
  }
  ~Child() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(reports_);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  struct End {
    bool killed = false;
    std::string label;
  };
  End wait() {
    std::string label;
    auto give_up = std::chrono::steady_clock::now() + child_limit;
    while (true) {
      auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          give_up - std::chrono::steady_clock::now());
      pollfd waiting{reports_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) == 0)
        throw std::runtime_error("a scenario was not done in a minute");
      char buffer[256];
      auto got = ::read(reports_, buffer, sizeof buffer);
      if (got <= 0) break;
      label.append(buffer, static_cast<std::size_t>(got));
    }
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && !label.empty();
    if (!killed && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
      throw std::runtime_error("a scenario failed: status " + std::to_string(status));
    return {killed, label};
  }

 private:
  pid_t pid_ = 0;
  int reports_ = -1;
};

class KillingDatabase final : public store::Database {
 public:
  KillingDatabase(store::Database& inner, std::string label)
      : inner_(inner), label_(std::move(label)) {}
  Kind kind() const noexcept override { return inner_.kind(); }
  void on_commit(std::function<void()> listener) override { inner_.on_commit(std::move(listener)); }
  void close() override {}

 protected:
  void submit(Mode mode, Context ctx, Body body, Done done) override {
    if (mode == Mode::read) {
      submit_to(inner_, mode, std::move(ctx), std::move(body), std::move(done));
      return;
    }
    kill_point(label_ + ": before a write");
    Done survived = [label = label_, done = std::move(done)](Result<void> ended) {
      if (ended) kill_point(label + ": after a write");
      done(std::move(ended));
    };
    submit_to(inner_, mode, std::move(ctx), std::move(body), std::move(survived));
  }

 private:
  store::Database& inner_;
  const std::string label_;
};

}  // namespace

KillScenario::KillScenario(std::string name, std::function<void(const KillRun&)> body) {
  scenarios().emplace(std::move(name), std::move(body));
}

void kill_point(const std::string& label) {
  auto left = points_until_death.load();
  do {
    if (left == no_turn) return;
  } while (!points_until_death.compare_exchange_weak(left, left == 1 ? -1 : left - 1));
  if (left != 1) return;
  (void)!::write(report_fd, label.data(), label.size());
  ::kill(::getpid(), SIGKILL);
  while (true) ::pause();
}

std::unique_ptr<store::Database> kill_around_writes(store::Database& inner, std::string label) {
  return std::make_unique<KillingDatabase>(inner, std::move(label));
}

KillWalk walk_kill_points(const KillRun& run, const std::function<void(const KillRun&)>& check) {
  KillWalk walk;
  KillRun round = run;
  for (int n = 1;; ++n) {
    round.key = run.scenario + "-" + std::to_string(n);
    ++round.life;
    auto first = Child(round, n).wait();
    if (first.killed) {
      walk.killed.push_back(first.label);
      ++round.life;
      Child(round, no_turn).wait();
    }
    SCOPED_TRACE("round " + std::to_string(n) +
                 (first.killed ? ", killed " + first.label : ", not killed"));
    check(round);
    if (!first.killed) return walk;
  }
}

}  // namespace parley::testkit
