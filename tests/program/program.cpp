#include "program.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace parley::program {

Folder::Folder() {
  auto name = (std::filesystem::temp_directory_path() / "parley-program-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Folder::write(const std::string& name, const std::string& text) const {
  auto file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
  return file.string();
}

Ran Folder::run(std::vector<std::string> arguments, std::map<std::string, std::string> environment,
                std::chrono::seconds limit) const {
  std::string program = PARLEY_BINARY_DIR "/bin/parley";
  std::vector<std::string> variables;
  environment.try_emplace("PATH", std::getenv("PATH"));
  for (auto* kept : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"})
    if (auto* value = std::getenv(kept)) environment.try_emplace(kept, value);
  for (auto& [name, value] : environment) variables.push_back(name + "=" + value);
  std::vector<char*> envp, argv{program.data()};
  for (auto& variable : variables) envp.push_back(variable.data());
  for (auto& argument : arguments) argv.push_back(argument.data());
  envp.push_back(nullptr);
  argv.push_back(nullptr);
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  auto folder = path_.string();
  pid_t child = ::fork();
  if (child == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    if (::chdir(folder.c_str()) == 0) ::execve(program.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(out[1]);
  ::close(err[1]);
  Ran ran;
  std::array<pollfd, 2> open{pollfd{out[0], POLLIN, 0}, pollfd{err[0], POLLIN, 0}};
  auto give_up = std::chrono::steady_clock::now() + limit;
  for (int left = 2; left > 0;) {
    auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up - std::chrono::steady_clock::now());
    if (::poll(open.data(), open.size(), static_cast<int>(std::max<long>(0, wait.count()))) <= 0) {
      ::kill(child, SIGKILL);
      give_up += limit;
      continue;
    }
    for (auto& end : open) {
      if (end.fd < 0 || end.revents == 0) continue;
      std::array<char, 4096> piece;
      auto got = ::read(end.fd, piece.data(), piece.size());
      if (got > 0) {
        (&end == &open[0] ? ran.out : ran.err).append(piece.data(), static_cast<std::size_t>(got));
        continue;
      }
      ::close(std::exchange(end.fd, -1));
      --left;
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ran.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

}  // namespace parley::program
