#include "parley/testkit/vendor_client.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>

namespace parley::testkit {

ScriptRun run_vendor_script(const std::filesystem::path& script,
                            const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& environment,
                            std::chrono::seconds at_most) {
  return run_node_script(PARLEY_VENDOR_CLIENTS, script, arguments, environment, at_most);
}

ScriptRun run_node_script(const std::filesystem::path& packages,
                          const std::filesystem::path& script,
                          const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment,
                          std::chrono::seconds at_most) {
  const char* path = std::getenv("PATH");
  std::vector<std::string> variables{"PATH=" + std::string(path ? path : "/usr/bin:/bin"),
                                     "NODE_PATH=" + (packages / "node_modules").string()};
  for (auto& [name, value] : environment) variables.emplace_back(name).append("=").append(value);
  std::vector<std::string> words{"timeout", "--kill-after=5", std::to_string(at_most.count()),
                                 "node", script.string()};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv, envp;
  for (auto& word : words) argv.push_back(word.data());
  for (auto& variable : variables) envp.push_back(variable.data());
  argv.push_back(nullptr);
  envp.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t child = 0;
  int failed = ::posix_spawnp(&child, "timeout", &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed != 0) {
    ::close(ends[0]);
    throw std::runtime_error("timeout (of coreutils) cannot be run");
  }
  ScriptRun run;
  std::array<char, 4096> piece;
  for (ssize_t got; (got = ::read(ends[0], piece.data(), piece.size())) > 0;)
    run.output.append(piece.data(), static_cast<std::size_t>(got));
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  run.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (run.code == 127)
    throw std::runtime_error(
        "node is not installed, and this test needs it: apt-get install nodejs npm");
  return run;
}

}  // namespace parley::testkit
