#pragma once
#include <filesystem>
#include <string>

#include "parley/testkit/supervisor.hpp"

namespace parley::testkit {

/// A server out of npm packages, on a free loopback port and with a temporary folder of its own; it
/// ends with the test process, in whatever way that ends. The script is called as
/// `node SCRIPT PORT FOLDER` and finds what is installed in `packages`: by default that of
/// tests/vendors, and the test has FIXTURES_REQUIRED vendors in CMake. Throws std::runtime_error
/// with the end of its log when nobody listens within a minute.
class VendorServer {
 public:
  explicit VendorServer(const std::filesystem::path& script,
                        const std::filesystem::path& packages = {});

  int port() const noexcept { return port_; }
  /// As a crash would; its folder stays.
  void stop();
  void start();  ///< on the same port, with what it kept in its folder

 private:
  void wait_until_it_listens() const;
  std::filesystem::path folder_;
  int port_;
  Supervisor supervisor_;
};

}  // namespace parley::testkit
