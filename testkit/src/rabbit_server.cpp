#include "parley/testkit/rabbit_server.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/testkit/free_port.hpp"

namespace parley::testkit {

namespace {

namespace fs = std::filesystem;
constexpr const char* program = "/usr/lib/rabbitmq/bin/rabbitmq-server";

/// Supervises the broker from a process of its own, which ends it and removes the folder when the
/// orders' pipe closes: that happens however the test process ends. RabbitMQ writes its own
/// process's number into a file; the shell in front of it ends with it.
constexpr const char* supervisor_script = R"script(
trap '' INT TERM HUP
umask 077
cd "$DIR" || exit 1
printf '[].\n' >plugins
printf 'disk_free_limit.absolute = 1MB\nlog.console = false\n' >rabbitmq.conf
/usr/bin/epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 >>epmd.log 2>&1 <&- 3>&- &
epmd=$!
start() {
  rm -f "$RABBITMQ_PID_FILE"
  /usr/lib/rabbitmq/bin/rabbitmq-server >>out 2>&1 <&- 3>&- &
  front=$!
}
broker() { cat "$RABBITMQ_PID_FILE" 2>/dev/null; }
stop() {
  while kill -0 "$front" 2>/dev/null && [ -z "$(broker)" ]; do sleep 0.05; done
  pid=$(broker)
  [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
  wait "$front" 2>/dev/null
}
start
echo started >&3
while read -r word; do
  case $word in
    crash) stop ;;
    start) start ;;
    freeze) kill -STOP "$(broker)" ;;
    go_on) kill -CONT "$(broker)" ;;
  esac
  echo done >&3
done
stop
kill -KILL "$epmd" 2>/dev/null
wait "$epmd" 2>/dev/null
cd / && rm -rf "$DIR"
)script";

std::string read_line(int descriptor) {
  std::string line;
  for (char c = 0; ::read(descriptor, &c, 1) == 1 && c != '\n';) line.push_back(c);
  return line;
}

/// Makes the supervisor of the child process. Only async-signal-safe calls: the test process may
/// have threads.
[[noreturn]] void become_supervisor(int orders, int answers, char* const* argv,
                                    char* const* environment) {
  ::setsid();
  if (::dup2(orders, 0) == 0 && ::dup2(answers, 3) == 3) ::execve("/bin/sh", argv, environment);
  ::_exit(127);
}

}  // namespace

RabbitServer& RabbitServer::instance() {
  static RabbitServer server;
  return server;
}

RabbitServer::RabbitServer() {
  if (!fs::exists(program))
    throw std::runtime_error(
        "RabbitMQ is not installed, and this test needs it: apt-get install rabbitmq-server");
  std::string name = (fs::temp_directory_path() / "parley-rabbit-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  folder_ = name;
  port_ = free_port();
  launch();
}

void RabbitServer::launch() {
  int orders[2];
  int answers[2];
  // The child's ends must not be 0 to 3, where it puts them.
  if (::pipe2(orders, O_CLOEXEC) != 0 || ::pipe2(answers, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  int child_orders = ::fcntl(orders[0], F_DUPFD_CLOEXEC, 10);
  int child_answers = ::fcntl(answers[1], F_DUPFD_CLOEXEC, 10);
  auto in = [this](const char* file) { return (folder_ / file).string(); };
  std::vector<std::string> texts{
      "DIR=" + folder_.string(),
      "HOME=" + folder_.string(),
      "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
      "LC_ALL=C.UTF-8",
      "ERL_EPMD_PORT=" + std::to_string(free_port()),
      "ERL_EPMD_ADDRESS=127.0.0.1",
      "RABBITMQ_NODENAME=parley" + std::to_string(port_) + "@localhost",
      "RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
      "RABBITMQ_NODE_PORT=" + std::to_string(port_),
      "RABBITMQ_DIST_PORT=" + std::to_string(free_port()),
      "RABBITMQ_MNESIA_BASE=" + in("mnesia"),
      "RABBITMQ_LOG_BASE=" + in("log"),
      "RABBITMQ_ENABLED_PLUGINS_FILE=" + in("plugins"),
      "RABBITMQ_CONF_ENV_FILE=/dev/null",
      "RABBITMQ_CONFIG_FILE=" + in("rabbitmq"),
      "RABBITMQ_PID_FILE=" + in("pid"),
      "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1} +sbwt none"};
  std::vector<char*> environment;
  for (auto& text : texts) environment.push_back(text.data());
  environment.push_back(nullptr);
  std::string shell = "sh", option = "-c", script = supervisor_script;
  char* argv[] = {shell.data(), option.data(), script.data(), nullptr};
  supervisor_ = ::fork();
  if (supervisor_ == 0) become_supervisor(child_orders, child_answers, argv, environment.data());
  for (int end : {orders[0], answers[1], child_orders, child_answers}) ::close(end);
  orders_ = orders[1];
  answers_ = answers[0];
  if (supervisor_ < 0 || read_line(answers_) != "started") {
    close();
    throw std::runtime_error("RabbitMQ's supervisor did not start");
  }
  try {
    wait_until_ready();
  } catch (...) {
    close();
    throw;
  }
}

RabbitServer::~RabbitServer() { close(); }

void RabbitServer::close() {
  if (orders_ >= 0) ::close(orders_);
  if (answers_ >= 0) ::close(answers_);
  if (supervisor_ > 0) ::waitpid(supervisor_, nullptr, 0);
  orders_ = answers_ = -1;
  supervisor_ = 0;
}

void RabbitServer::order(const std::string& word) {
  auto line = word + "\n";
  if (::write(orders_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      read_line(answers_) != "done")
    throw std::runtime_error("RabbitMQ's supervisor is gone");
}

void RabbitServer::crash() { order("crash"); }
void RabbitServer::start() {
  order("start");
  wait_until_ready();
}
void RabbitServer::freeze() { order("freeze"); }
void RabbitServer::go_on() { order("go_on"); }

void RabbitServer::wait_until_ready() const {
  auto give_up = std::chrono::steady_clock::now() + 240s;
  while (!accepts(port_)) {
    if (std::chrono::steady_clock::now() > give_up)
      throw std::runtime_error("RabbitMQ did not start; see " + (folder_ / "out").string());
    std::this_thread::sleep_for(50ms);
  }
}

std::string RabbitServer::url() const {
  return "amqp://guest:guest@127.0.0.1:" + std::to_string(port_) + "/";
}

}  // namespace parley::testkit
