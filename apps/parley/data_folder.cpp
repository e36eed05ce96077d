#include "data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <fstream>

#include "parley/base/strings.hpp"

namespace parley::app {

Result<DataFolder> DataFolder::lock(const std::filesystem::path& path) {
  std::error_code ec;
  std::filesystem::create_directories(path, ec);
  if (ec)
    return fail(Errc::unavailable,
                "cannot make the data folder " + path.string() + ": " + ec.message());
  auto file = path / "lock";
  int descriptor = ::open(file.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(Errc::unavailable, "cannot write to the data folder " + path.string());
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return fail(Errc::conflict, "another parley server uses the data folder " + path.string() +
                                    "; stop it, or choose another with data.dir");
  }
  return DataFolder(path, descriptor);
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<std::string> read_secret(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::string secret;
  if (!std::getline(in, secret) || secret.empty())
    return fail(Errc::not_found, file.string() + " does not hold a secret");
  return secret;
}

Result<void> write_secret(const std::filesystem::path& file, const std::string& secret) {
  auto fresh = file;
  fresh += ".new";
  int descriptor = ::open(fresh.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
  bool written = descriptor >= 0 && ::write(descriptor, secret.data(), secret.size()) ==
                                        static_cast<ssize_t>(secret.size());
  if (descriptor >= 0) {
    ::fsync(descriptor);
    ::close(descriptor);
  }
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0)
    return fail(Errc::unavailable, "cannot write " + file.string());
  return {};
}

Result<std::string> kept_secret(const std::filesystem::path& file, Random& random) {
  if (auto kept = read_secret(file)) return kept;
  auto secret = random.token();
  if (auto written = write_secret(file, secret); !written) return std::unexpected(written.error());
  return secret;
}

std::filesystem::path twilio_token_file(const Settings& settings) {
  return std::filesystem::path(settings.text("data.dir")) / "twilio_auth_token";
}

std::filesystem::path command_line_key_file(const Settings& settings) {
  return std::filesystem::path(settings.text("data.dir")) / "command_line_key";
}

Result<Listen> parse_listen(const std::string& text) {
  auto colon = text.rfind(':');
  auto wrong = fail(Errc::invalid,
                    "server.listen = '" + text + "' must be address:port, such as 127.0.0.1:8080");
  if (colon == std::string::npos) return wrong;
  Listen listen{text.substr(0, colon), 0};
  auto port = std::string_view(text).substr(colon + 1);
  auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (ec != std::errc{} || end != port.data() + port.size()) return wrong;
  if (listen.address.starts_with('[') && listen.address.ends_with(']'))
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  if (listen.address.empty()) listen.address = "0.0.0.0";
  return listen;
}

std::string public_url(const Settings& settings, const Listen& listen) {
  auto url = settings.text("server.public_url");
  while (url.ends_with('/')) url.pop_back();
  if (!url.empty()) return url;
  bool every_address = listen.address == "0.0.0.0" || listen.address == "::";
  auto host = every_address ? "127.0.0.1" : listen.address;
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  auto* scheme = settings.text("server.certificate").empty() ? "http://" : "https://";
  return scheme + host + ":" + std::to_string(listen.port);
}

}  // namespace parley::app
