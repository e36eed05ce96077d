#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace parley::testkit {

/// A real Redis of its own: on a free loopback port, in a temporary folder, ended and removed with
/// this object, and when the test process ends in whatever way. Needs the Debian package
/// redis-server; throws std::runtime_error naming it when it is missing.
class RedisServer {
 public:
  /// `arguments` as redis-server takes them: {"--requirepass", "secret"}.
  explicit RedisServer(std::vector<std::string> arguments = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  int port() const noexcept { return port_; }
  std::string url() const;  ///< redis://127.0.0.1:<port>
  const std::filesystem::path& folder() const noexcept { return folder_; }

  /// Kills it as a crash would. What it knew is gone.
  void crash();
  /// On the same port.
  void start();
  /// It keeps its connections and answers nothing, until go_on().
  void freeze();
  void go_on();

 private:
  std::filesystem::path folder_;
  std::vector<std::string> arguments_;
  int port_ = 0;
  pid_t process_ = 0;
};

}  // namespace parley::testkit
