#pragma once
#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "parley/base/json.hpp"
#include "parley/net/client.hpp"

namespace parley::e2e {

/// The shipped program, running as `parley serve --demo` on a free port with a temporary data
/// folder; stopped by its pid.
class ServerProcess {
 public:
  explicit ServerProcess(std::map<std::string, std::string> environment = {});
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  const std::string& url() const { return url_; }
  const std::string& password() const { return password_; }
  const std::filesystem::path& data() const { return data_; }
  std::string auth_token() const;        ///< signs Twilio's webhooks
  std::string command_line_key() const;  ///< an API key that may read, and start the suite
  pid_t pid() const { return pid_; }
  Duration start_to_ready() const { return start_to_ready_; }

  void kill_hard();  ///< SIGKILL, then reaped
  /// SIGTERM; the exit status.
  int stop();
  /// Starts it again on the same data folder and port.
  void restart();

 private:
  void launch();
  std::map<std::string, std::string> environment_;
  std::filesystem::path data_;
  std::string listen_ = "127.0.0.1:0";
  std::string url_;
  std::string password_;
  pid_t pid_ = -1;
  int output_ = -1;
  Duration start_to_ready_{};
};

/// The server's API, asked with a bearer token.
class ApiClient {
 public:
  ApiClient(net::HttpClient& http, std::string url, std::string token)
      : http_(http), url_(std::move(url)), token_(std::move(token)) {}

  struct Answer {
    int status = 0;
    json::value body;
  };
  Task<Answer> get(std::string path);
  Task<Answer> post(std::string path, json::value body);
  Task<Answer> send(net::Method method, std::string path, json::value body);
  Task<Answer> upload(std::string path, std::string business, std::string file_name,
                      std::string bytes);
  void use(std::string token) { token_ = std::move(token); }

 private:
  Task<Answer> send(net::OutgoingRequest request);
  net::HttpClient& http_;
  std::string url_;
  std::string token_;
};

}  // namespace parley::e2e
