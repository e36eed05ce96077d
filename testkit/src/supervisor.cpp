#include "parley/testkit/supervisor.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/wait.h>

#include <fstream>
#include <stdexcept>
#include <thread>

namespace parley::testkit {

namespace {

std::string read_line(int descriptor) {
  std::string line;
  for (char c = 0; ::read(descriptor, &c, 1) == 1 && c != '\n';) line.push_back(c);
  return line;
}

/// Makes the supervisor of the child process. Only async-signal-safe calls: the test process may
/// have threads.
[[noreturn]] void become(Account account, int orders, int answers, char* const* argv,
                         char* const* environment) {
  ::setsid();
  bool good = ::dup2(orders, 0) == 0 && ::dup2(answers, 3) == 3;
  bool other = account.uid != ::geteuid();
  if (good && other)
    good = ::setgroups(0, nullptr) == 0 && ::setgid(account.gid) == 0 && ::setuid(account.uid) == 0;
  if (good) ::execve("/bin/sh", argv, environment);
  ::_exit(127);
}

}  // namespace

void Supervisor::start(const char* script, std::vector<std::string> environment, Account account) {
  int orders[2];
  int answers[2];
  // The child's ends must not be 0 to 3, where it puts them.
  if (::pipe2(orders, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  int child_orders = ::fcntl(orders[0], F_DUPFD_CLOEXEC, 10);
  int child_answers = ::fcntl(answers[1], F_DUPFD_CLOEXEC, 10);
  std::vector<char*> variables;
  for (auto& text : environment) variables.push_back(text.data());
  variables.push_back(nullptr);
  std::string shell = "sh", option = "-c", text = script;
  char* argv[] = {shell.data(), option.data(), text.data(), nullptr};
  process_ = ::fork();
  if (process_ == 0) become(account, child_orders, child_answers, argv, variables.data());
  for (int end : {orders[0], answers[1], child_orders, child_answers}) ::close(end);
  orders_ = orders[1];
  answers_ = answers[0];
  if (process_ > 0 && read_line(answers_) == "started") return;
  stop();
  throw std::runtime_error(name_ + " could not be started");
}

void Supervisor::order(const std::string& word) {
  auto line = word + "\n";
  if (::write(orders_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      read_line(answers_) != "done")
    throw std::runtime_error(name_ + "'s supervisor is gone");
}

void Supervisor::wait_until(const std::function<bool()>& is_up, const std::filesystem::path& log,
                            std::chrono::seconds patience) const {
  constexpr std::size_t shown = 500;
  auto give_up = std::chrono::steady_clock::now() + patience;
  while (!is_up()) {
    if (std::chrono::steady_clock::now() > give_up) {
      std::ifstream file(log);
      std::string text((std::istreambuf_iterator<char>(file)), {});
      throw std::runtime_error(name_ + " does not answer; " + log.string() + " ends with: " +
                               text.substr(text.size() > shown ? text.size() - shown : 0));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void Supervisor::stop() {
  if (orders_ >= 0) ::close(orders_);
  if (answers_ >= 0) ::close(answers_);
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
  orders_ = answers_ = -1;
  process_ = 0;
}

}  // namespace parley::testkit
