#include "parley/testkit/redis_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "parley/base/clock.hpp"
#include "parley/testkit/free_port.hpp"

namespace parley::testkit {

namespace fs = std::filesystem;

namespace {
constexpr const char* program = "/usr/bin/redis-server";
}

RedisServer::RedisServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  if (!fs::exists(program))
    throw std::runtime_error(
        "Redis is not installed, and this test needs it: apt-get install redis-server");
  std::string name = (fs::temp_directory_path() / "parley-redis-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  folder_ = name;
  port_ = free_port();
  start();
}

RedisServer::~RedisServer() {
  crash();
  std::error_code ec;
  fs::remove_all(folder_, ec);
}

std::string RedisServer::url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

void RedisServer::start() {
  std::vector<std::string> texts{program,
                                 "--bind",
                                 "127.0.0.1",
                                 "--port",
                                 std::to_string(port_),
                                 "--save",
                                 "",
                                 "--appendonly",
                                 "no",
                                 "--dir",
                                 folder_.string(),
                                 "--logfile",
                                 (folder_ / "log").string()};
  texts.insert(texts.end(), arguments_.begin(), arguments_.end());
  std::vector<char*> argv;
  for (auto& text : texts) argv.push_back(text.data());
  argv.push_back(nullptr);
  auto parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    // It dies with the thread that started it: the test's own.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::execv(program, argv.data());
    ::_exit(127);
  }
  if (process_ < 0) throw std::runtime_error("cannot start redis-server");
  auto give_up = std::chrono::steady_clock::now() + 30s;
  while (!accepts(port_)) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) == process_ ||
        std::chrono::steady_clock::now() > give_up) {
      process_ = 0;
      throw std::runtime_error("redis-server did not start; see " + (folder_ / "log").string());
    }
    std::this_thread::sleep_for(5ms);
  }
}

void RedisServer::crash() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = 0;
}

void RedisServer::freeze() { ::kill(process_, SIGSTOP); }
void RedisServer::go_on() { ::kill(process_, SIGCONT); }

}  // namespace parley::testkit
