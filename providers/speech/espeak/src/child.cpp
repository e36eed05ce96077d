#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace parley::providers::espeak {

namespace {

constexpr auto stop_interval = std::chrono::milliseconds(50);

class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset();
    value_ = std::exchange(other.value_, -1);
    return *this;
  }
  int get() const { return value_; }
  void reset() {
    if (value_ >= 0) close(value_);
    value_ = -1;
  }

 private:
  int value_;
};

/// A file in memory: the child reads it at its own pace and nobody has to write.
Descriptor input_file(std::string_view text) {
  Descriptor file(memfd_create("text", MFD_CLOEXEC));
  while (file.get() >= 0 && !text.empty()) {
    const auto written = write(file.get(), text.data(), text.size());
    if (written <= 0) return Descriptor();
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (file.get() >= 0) lseek(file.get(), 0, SEEK_SET);
  return file;
}

Result<pid_t> spawn(const ChildRun& run, int input, int output) {
  std::vector<std::string> words{run.program};
  words.insert(words.end(), run.arguments.begin(), run.arguments.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::array<std::string, 2> settings{"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
  std::array<char*, 3> environment{settings[0].data(), settings[1].data(), nullptr};

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  sigset_t usual;
  sigemptyset(&usual);
  for (int signal : {SIGPIPE, SIGINT, SIGTERM}) sigaddset(&usual, signal);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  // A group of its own: Ctrl-C at the server is not for the child.
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  pid_t child = -1;
  const int failed = posix_spawn(&child, run.program.c_str(), &files, &attributes, argv.data(),
                                 environment.data());
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  if (failed != 0) return fail(Errc::unavailable, "cannot run " + run.program);
  return child;
}

Result<void> read_output(const ChildRun& run, int output) {
  std::array<std::byte, 16384> buffer;
  while (true) {
    if (run.should_stop()) return fail(Errc::end_of_stream, "stopped");
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        run.deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(Errc::timeout, run.program + " took too long");
    pollfd ready{output, POLLIN, 0};
    const int events = poll(&ready, 1, static_cast<int>(std::min(left, stop_interval).count()));
    if (events < 0 && errno != EINTR) return fail(Errc::unavailable, "poll");
    if (events <= 0) continue;
    const auto count = read(output, buffer.data(), buffer.size());
    if (count == 0) return {};
    if (count < 0) {
      if (errno == EINTR) continue;
      return fail(Errc::unavailable, "cannot read from " + run.program);
    }
    if (!run.on_output(std::span(buffer).first(static_cast<std::size_t>(count))))
      return fail(Errc::end_of_stream, "stopped");
  }
}

/// The child's status. One that closed its output and lives on is killed at the deadline.
int reap(pid_t child, std::chrono::steady_clock::time_point deadline) {
  int status = 0;
  while (true) {
    const auto ended = waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) return status;
    if (std::chrono::steady_clock::now() >= deadline) kill(child, SIGKILL);
    timespec moment{0, 1'000'000};
    nanosleep(&moment, nullptr);
  }
}

}  // namespace

Result<void> run_child(const ChildRun& run) {
  auto input = input_file(run.input);
  std::array<int, 2> ends{-1, -1};
  if (input.get() < 0 || pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Errc::resource_exhausted, "no file handles for a child process");
  Descriptor output(ends[0]), child_output(ends[1]);
  auto child = spawn(run, input.get(), child_output.get());
  if (!child) return std::unexpected(child.error());
  child_output.reset();
  auto done = read_output(run, output.get());
  if (!done) kill(*child, SIGKILL);
  const int status = reap(*child, run.deadline);
  if (!done) return done;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return fail(Errc::unavailable, run.program + " failed");
  return {};
}

}  // namespace parley::providers::espeak
