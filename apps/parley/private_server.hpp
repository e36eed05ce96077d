#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "parley/base/clock.hpp"
#include "parley/base/task.hpp"

namespace parley::app {

/// This program as `serve --demo` in a child process, on a free port of this machine with a data
/// folder of its own that goes with it. It inherits no setting of Parley's, so that it cannot reach
/// anybody's database.
class PrivateServer {
 public:
  /// Waits until it answers. Errors: unavailable, with what it printed.
  static Result<std::unique_ptr<PrivateServer>> start(Duration limit);
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  const std::string& url() const noexcept { return url_; }
  const std::string& email() const noexcept { return email_; }
  const std::string& password() const noexcept { return password_; }
  const std::filesystem::path& data() const noexcept { return data_; }

 private:
  PrivateServer() = default;
  Result<void> launch();
  Result<void> wait_until_ready(Duration limit);

  std::filesystem::path data_;
  std::string url_, email_, password_;
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace parley::app
