#include "parley/testkit/vendor_server.hpp"

#include <stdlib.h>

#include <cstdlib>
#include <stdexcept>

#include "parley/testkit/free_port.hpp"

namespace parley::testkit {

namespace {

constexpr const char* supervisor_script = R"(
trap '' INT TERM HUP
start() { node "$SCRIPT" "$PORT" "$DIR" >>"$DIR/log" 2>&1 <&- 3>&- & server=$!; }
stop() { kill -KILL "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
cd "$DIR" || exit 1
start
echo started >&3
while read -r word; do
  case $word in
    stop) stop ;;
    start) start ;;
  esac
  echo done >&3
done
stop
cd / && rm -rf "$DIR"
)";

}  // namespace

VendorServer::VendorServer(const std::filesystem::path& script,
                           const std::filesystem::path& packages)
    : port_(free_port()), supervisor_(script.filename().string()) {
  auto name = (std::filesystem::temp_directory_path() / "parley-vendor-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  folder_ = name;
  const char* path = std::getenv("PATH");
  auto from = packages.empty() ? std::filesystem::path(PARLEY_VENDOR_CLIENTS) : packages;
  supervisor_.start(supervisor_script,
                    {"PATH=" + std::string(path ? path : "/usr/bin:/bin"),
                     "NODE_PATH=" + (from / "node_modules").string(), "HOME=" + name,
                     "SCRIPT=" + script.string(), "PORT=" + std::to_string(port_), "DIR=" + name});
  wait_until_it_listens();
}

void VendorServer::stop() { supervisor_.order("stop"); }

void VendorServer::start() {
  supervisor_.order("start");
  wait_until_it_listens();
}

void VendorServer::wait_until_it_listens() const {
  supervisor_.wait_until([this] { return accepts(port_); }, folder_ / "log");
}

}  // namespace parley::testkit
