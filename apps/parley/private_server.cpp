#include "private_server.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "demo.hpp"

namespace parley::app {

namespace {

std::string word_after(const std::string& text, std::string_view what) {
  auto at = text.find(what);
  if (at == std::string::npos) return "";
  at = text.find_first_not_of(' ', at + what.size());
  return text.substr(at, text.find_first_of(" \n", at) - at);
}

}  // namespace

Result<std::unique_ptr<PrivateServer>> PrivateServer::start(Duration limit) {
  std::unique_ptr<PrivateServer> made(new PrivateServer);
  if (auto launched = made->launch(); !launched) return std::unexpected(launched.error());
  if (auto ready = made->wait_until_ready(limit); !ready) return std::unexpected(ready.error());
  return made;
}

Result<void> PrivateServer::launch() {
  std::string pattern = std::filesystem::temp_directory_path() / "parley-eval-XXXXXX";
  if (!::mkdtemp(pattern.data())) return fail(Errc::unavailable, "no temporary folder can be made");
  data_ = pattern;
  std::vector<std::string> variables;
  for (char** variable = ::environ; *variable; ++variable)
    if (std::strncmp(*variable, "PARLEY_", 7) != 0) variables.emplace_back(*variable);
  variables.push_back("PARLEY_DATA_DIR=" + data_.string());
  variables.emplace_back("PARLEY_SERVER_LISTEN=127.0.0.1:0");
  variables.push_back("PARLEY_LOG_FILE=" + (data_ / "server.log").string());
  variables.emplace_back("PARLEY_LOG_LEVEL=warn");
  variables.emplace_back("PARLEY_SERVER_DRAIN_SECONDS=1");
  std::vector<char*> environment;
  for (auto& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::error_code unknown;
  std::string program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  if (unknown) return fail(Errc::unavailable, "this program cannot find itself");
  std::string serve = "serve", demo = "--demo", config = "--config", none = "/dev/null";
  char* arguments[]{program.data(), config.data(), none.data(), serve.data(), demo.data(), nullptr};
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Errc::unavailable, "no pipe can be made");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  int failed =
      ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environment.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  output_ = ends[0];
  if (failed == 0) return {};
  pid_ = -1;
  return fail(Errc::unavailable, std::string("a server cannot be started: ") + strerror(failed));
}

Result<void> PrivateServer::wait_until_ready(Duration limit) {
  auto until = std::chrono::steady_clock::now() + limit;
  std::string printed;
  while (printed.find("Demo number") == std::string::npos) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    pollfd waiting{output_, POLLIN, 0};
    int ready = left.count() > 0 ? ::poll(&waiting, 1, static_cast<int>(left.count())) : 0;
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) return fail(Errc::unavailable, "the server did not become ready: " + printed);
    char piece[4096];
    auto got = ::read(output_, piece, sizeof piece);
    if (got <= 0) return fail(Errc::unavailable, "the server ended: " + printed);
    printed.append(piece, static_cast<std::size_t>(got));
  }
  url_ = word_after(printed, "Parley is ready at");
  email_ = demo_email;
  password_ = word_after(printed, email_);
  return {};
}

PrivateServer::~PrivateServer() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (output_ >= 0) ::close(output_);
  std::error_code ignored;
  if (!data_.empty()) std::filesystem::remove_all(data_, ignored);
}

}  // namespace parley::app
