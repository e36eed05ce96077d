#include "parley/testkit/smtp_server.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace parley::testkit {

namespace {

constexpr auto patience = std::chrono::seconds(30);

/// Says its port when it listens, and ends when its parent does.
constexpr const char* program = R"(
import asyncio, sys
try:
    from aiosmtpd.smtp import SMTP
except ImportError:
    print('missing', flush=True); sys.exit(3)
class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('nobody@'): return '550 no such user'
        if address.startswith('later@'): return '451 try again later'
        envelope.rcpt_tos.append(address); return '250 OK'
    async def handle_DATA(self, server, session, envelope):
        print('MAIL FROM', envelope.mail_from, 'TO', ' '.join(envelope.rcpt_tos))
        print(envelope.content.decode('utf8'), end='')
        print('END OF MAIL', flush=True)
        return '250 taken'
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keep()), '127.0.0.1', 0)
    print('port', server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
asyncio.run(main())
)";

}  // namespace

SmtpServer::SmtpServer() {
  int in[2], out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  std::string name = "python3", flag = "-c", text = program;
  std::array<char*, 4> argv{name.data(), flag.data(), text.data(), nullptr};
  int failed = ::posix_spawnp(&pid_, "/usr/bin/python3", &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  output_ = out[0];
  // The writing end stays open in this process alone: when it goes, the server's input ends.
  if (failed != 0) throw std::runtime_error("python3 is not installed");
  auto said = mail_with("\n");
  if (!said.starts_with("port "))
    throw std::runtime_error(
        "the SMTP server is not installed, and this test needs it: apt-get install "
        "python3-aiosmtpd");
  port_ = std::stoi(said.substr(5));
}

SmtpServer::~SmtpServer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  ::close(output_);
}

std::string SmtpServer::mail_with(const std::string& text) {
  auto give_up = std::chrono::steady_clock::now() + patience;
  auto is_there = [&] {
    auto at = printed_.find(text);
    return at != std::string::npos &&
           (text == "\n" || printed_.find("END OF MAIL", at) != std::string::npos);
  };
  while (!is_there()) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        give_up - std::chrono::steady_clock::now());
    pollfd readable{output_, POLLIN, 0};
    std::array<char, 4096> piece;
    ssize_t got = 0;
    if (left.count() > 0 && ::poll(&readable, 1, static_cast<int>(left.count())) > 0)
      got = ::read(output_, piece.data(), piece.size());
    if (got <= 0) throw std::runtime_error("no such mail came; so far: " + printed_);
    printed_.append(piece.data(), static_cast<std::size_t>(got));
  }
  return printed_;
}

}  // namespace parley::testkit
