#include "parley/testkit/free_port.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace parley::testkit {

namespace {

struct Socket {
  Socket() : descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (descriptor >= 0) ::close(descriptor);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int descriptor;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

}  // namespace

int free_port() {
  Socket socket;
  auto address = loopback(0);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (socket.descriptor < 0 || ::bind(socket.descriptor, generic, size) != 0 ||
      ::getsockname(socket.descriptor, generic, &size) != 0)
    throw std::runtime_error("no free loopback port");
  return ntohs(address.sin_port);
}

bool accepts(int port) {
  Socket socket;
  auto address = loopback(port);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  return ::connect(socket.descriptor, generic, sizeof(address)) == 0;
}

}  // namespace parley::testkit
