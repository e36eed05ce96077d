#include "parley/testkit/rabbit_server.hpp"

#include <stdlib.h>
#include <unistd.h>

#include <stdexcept>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/testkit/free_port.hpp"
#include "parley/testkit/tls_certificate.hpp"

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
cat >rabbitmq.conf <<END
disk_free_limit.absolute = 1MB
log.console = false
listeners.ssl.1 = 127.0.0.1:$TLS_PORT
ssl_options.certfile = $DIR/certificate.pem
ssl_options.keyfile = $DIR/key.pem
ssl_options.verify = verify_none
END
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
  tls_port_ = free_port();
  make_certificate(folder_);
  launch();
}

void RabbitServer::launch() {
  auto in = [this](const char* file) { return (folder_ / file).string(); };
  std::vector<std::string> environment{
      "DIR=" + folder_.string(),
      "TLS_PORT=" + std::to_string(tls_port_),
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
  supervisor_.start(supervisor_script, std::move(environment));
  wait_until_ready();
}

RabbitServer::~RabbitServer() = default;

void RabbitServer::crash() { supervisor_.order("crash"); }
void RabbitServer::start() {
  supervisor_.order("start");
  wait_until_ready();
}
void RabbitServer::freeze() { supervisor_.order("freeze"); }
void RabbitServer::go_on() { supervisor_.order("go_on"); }

void RabbitServer::wait_until_ready() const {
  auto is_up = [this] { return accepts(port_) && accepts(tls_port_); };
  supervisor_.wait_until(is_up, folder_ / "out", 240s);
}

std::string RabbitServer::url() const {
  return "amqp://guest:guest@127.0.0.1:" + std::to_string(port_) + "/";
}

std::string RabbitServer::tls_url() const {
  return "amqps://guest:guest@localhost:" + std::to_string(tls_port_) + "/";
}

std::filesystem::path RabbitServer::authorities() const { return folder_ / "certificate.pem"; }

}  // namespace parley::testkit
