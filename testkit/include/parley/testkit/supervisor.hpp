#pragma once
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace parley::testkit {

/// Who runs a process.
struct Account {
  uid_t uid = ::geteuid();
  gid_t gid = ::getegid();
};

/// A shell in a process of its own that keeps a server for a test. Its script says "started" on
/// descriptor 3, then reads orders, a word a line, and answers each with "done"; when the orders
/// end, which happens however the test process ends, it stops the server and removes its folder.
class Supervisor {
 public:
  /// `name` of the server is for errors.
  explicit Supervisor(std::string name) : name_(std::move(name)) {}
  ~Supervisor() { stop(); }
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// `environment` ("NAME=value") is all that it has. Throws std::runtime_error.
  void start(const char* script, std::vector<std::string> environment, Account account = {});
  void order(const std::string& word);  ///< throws when it is gone
  /// Returns once the server answers, as `is_up` says. Throws std::runtime_error with the end of
  /// the server's log when it does not within `patience`.
  void wait_until(const std::function<bool()>& is_up, const std::filesystem::path& log,
                  std::chrono::seconds patience = std::chrono::seconds(60)) const;
  void stop();  ///< waits until it has cleaned up; idempotent

 private:
  std::string name_;
  int orders_ = -1;   ///< to the shell; closing it ends the server
  int answers_ = -1;  ///< from it
  pid_t process_ = 0;
};

}  // namespace parley::testkit
