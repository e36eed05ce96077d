#include "child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace parley::knowledge {

namespace {

std::unexpected<Error> no_start(const char* what) {
  auto code = errno == EMFILE || errno == ENFILE || errno == ENOSPC ? Errc::resource_exhausted
                                                                    : Errc::unavailable;
  return fail(code, std::string(what) + ": " + std::generic_category().message(errno));
}

/// A sealed file in memory, at its beginning: an input that cannot change while it is read.
Result<Descriptor> file_of(const std::string& bytes) {
  Descriptor file(memfd_create("document", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (file.get() < 0) return no_start("memfd_create");
  std::size_t written = 0;
  while (written < bytes.size()) {
    auto count = write(file.get(), bytes.data() + written, bytes.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return no_start("writing the document for its reader");
    written += static_cast<std::size_t>(count);
  }
  fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
  lseek(file.get(), 0, SEEK_SET);
  return file;
}

struct Pipe {
  Descriptor read;
  Descriptor write;
};
Result<Pipe> make_pipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return no_start("pipe2");
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}
void make_nonblocking(int descriptor) {
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

int spawn(const std::vector<std::string>& command, int input, int output, int messages,
          pid_t& pid) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  char* environment[] = {nullptr};
  int error = posix_spawn(&pid, arguments[0], &actions, &attributes, arguments.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

}  // namespace

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& command,
                                         const std::string& input) {
  auto document = file_of(input);
  if (!document) return std::unexpected(document.error());
  auto output = make_pipe();
  if (!output) return std::unexpected(output.error());
  auto messages = make_pipe();
  if (!messages) return std::unexpected(messages.error());
  make_nonblocking(output->read.get());
  // Read only at the end, so a child that writes more messages than a pipe holds must not wait.
  make_nonblocking(messages->read.get());
  make_nonblocking(messages->write.get());

  pid_t pid = 0;
  errno = spawn(command, document->get(), output->write.get(), messages->write.get(), pid);
  if (errno != 0) return no_start("starting the document reader");
  Descriptor ended(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  ChildProcess child(pid, std::move(output->read), std::move(messages->read), std::move(ended));
  if (child.ended() < 0) return no_start("pidfd_open");
  return child;
}

ChildProcess::ChildProcess(pid_t pid, Descriptor output, Descriptor messages, Descriptor ended)
    : pid_(pid),
      output_(std::move(output)),
      messages_(std::move(messages)),
      ended_(std::move(ended)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      output_(std::move(other.output_)),
      messages_(std::move(other.messages_)),
      ended_(std::move(other.ended_)) {}

ChildProcess::~ChildProcess() {
  if (pid_ == 0) return;
  kill(-pid_, SIGKILL);
  kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
}

ChildProcess::Ending ChildProcess::reap() {
  Ending ending;
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
  if (WIFEXITED(status)) ending.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) ending.signal = WTERMSIG(status);
  std::array<char, 4096> text;
  auto count = read(messages_.get(), text.data(), text.size());
  if (count > 0) ending.messages.assign(text.data(), static_cast<std::size_t>(count));
  return ending;
}

}  // namespace parley::knowledge
