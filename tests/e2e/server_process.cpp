#include "server_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace parley::e2e {

namespace {

constexpr auto start_limit = std::chrono::seconds(90);

std::string after(const std::string& text, std::string_view what) {
  auto at = text.find(what);
  if (at == std::string::npos) return "";
  at = text.find_first_not_of(' ', at + what.size());
  return text.substr(at, text.find_first_of(" \n", at) - at);
}

std::string first_line(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

}  // namespace

ServerProcess::ServerProcess(std::map<std::string, std::string> environment)
    : environment_(std::move(environment)) {
  std::string pattern = std::filesystem::temp_directory_path() / "parley-e2e-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  data_ = pattern;
  launch();
}

ServerProcess::~ServerProcess() {
  if (pid_ > 0) stop();
  std::error_code ignored;
  std::filesystem::remove_all(data_, ignored);
}

void ServerProcess::launch() {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  std::vector<std::string> variables{"PATH=" + std::string(std::getenv("PATH")),
                                     "PARLEY_DATA_DIR=" + data_.string(),
                                     "PARLEY_SERVER_LISTEN=" + listen_,
                                     "PARLEY_LOG_FILE=" + (data_ / "server.log").string(),
                                     "PARLEY_LOG_LEVEL=warn",
                                     "PARLEY_SERVER_DRAIN_SECONDS=1"};
  for (auto* kept : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"})
    if (auto* value = std::getenv(kept)) variables.push_back(std::string(kept) + "=" + value);
  for (auto& [name, value] : environment_) variables.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (auto& variable : variables) environment.push_back(variable.data());
  environment.push_back(nullptr);
  std::string program = PARLEY_BINARY_DIR "/bin/parley";
  std::string serve = "serve";
  std::string demo = "--demo";
  char* arguments[]{program.data(), serve.data(), demo.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  auto begun = std::chrono::steady_clock::now();
  int failed =
      ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments, environment.data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  if (failed != 0) throw std::runtime_error("cannot start " + program);
  output_ = pipe_ends[0];
  std::string printed;
  while (printed.find("opening hours?") == std::string::npos) {
    pollfd waiting{output_, POLLIN, 0};
    auto left = begun + start_limit - std::chrono::steady_clock::now();
    auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
    if (ms <= 0 || ::poll(&waiting, 1, static_cast<int>(ms)) <= 0)
      throw std::runtime_error("the server did not become ready; it printed: " + printed);
    char piece[4096];
    auto got = ::read(output_, piece, sizeof piece);
    if (got <= 0) throw std::runtime_error("the server ended; it printed: " + printed);
    printed.append(piece, static_cast<std::size_t>(got));
  }
  start_to_ready_ = std::chrono::steady_clock::now() - begun;
  url_ = after(printed, "Parley is ready at");
  password_ = after(printed, "owner@demo.example");
  listen_ = url_.substr(url_.find("//") + 2);
}

void ServerProcess::kill_hard() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
  ::close(output_);
}

int ServerProcess::stop() {
  ::kill(pid_, SIGTERM);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  ::close(output_);
  return status;
}

void ServerProcess::restart() {
  if (pid_ > 0) stop();
  launch();
}

std::string ServerProcess::auth_token() const { return first_line(data_ / "twilio_auth_token"); }
std::string ServerProcess::command_line_key() const {
  return first_line(data_ / "command_line_key");
}

Task<ApiClient::Answer> ApiClient::send(net::OutgoingRequest request) {
  request.headers.set("Authorization", "Bearer " + token_);
  auto sending = http_.send(Context{}, std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  Answer answer{response->status, nullptr};
  if (auto parsed = parse_json(response->body)) answer.body = std::move(*parsed);
  co_return answer;
}

Task<ApiClient::Answer> ApiClient::get(std::string path) {
  net::OutgoingRequest request;
  request.url = url_ + "/api/v1" + path;
  auto sending = send(std::move(request));
  co_return co_await std::move(sending);
}

Task<ApiClient::Answer> ApiClient::post(std::string path, json::value body) {
  auto sending = send(net::Method::post, std::move(path), std::move(body));
  co_return co_await std::move(sending);
}

Task<ApiClient::Answer> ApiClient::send(net::Method method, std::string path, json::value body) {
  net::OutgoingRequest request;
  request.method = method;
  request.url = url_ + "/api/v1" + path;
  if (!body.is_null()) {
    request.headers.set("Content-Type", "application/json");
    request.body = json::serialize(body);
  }
  auto sending = send(std::move(request));
  co_return co_await std::move(sending);
}

Task<ApiClient::Answer> ApiClient::upload(std::string path, std::string business,
                                          std::string file_name, std::string bytes) {
  const std::string boundary = "----parley-e2e-boundary";
  net::OutgoingRequest request;
  request.method = net::Method::post;
  request.url = url_ + "/api/v1" + path;
  request.headers.set("Content-Type", "multipart/form-data; boundary=" + boundary);
  request.body = "--" + boundary +
                 "\r\nContent-Disposition: form-data; name=\"businessId\"\r\n\r\n" + business +
                 "\r\n--" + boundary +
                 "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + file_name +
                 "\"\r\nContent-Type: application/octet-stream\r\n\r\n" + bytes + "\r\n--" +
                 boundary + "--\r\n";
  auto sending = send(std::move(request));
  co_return co_await std::move(sending);
}

}  // namespace parley::e2e
