#pragma once
#include <filesystem>
#include <string>

#include "parley/base/random.hpp"
#include "parley/base/settings.hpp"
#include "parley/base/task.hpp"

namespace parley::app {

/// The one folder that holds all of a server's state, locked by the server that uses it.
class DataFolder {
 public:
  /// Errors: unavailable (cannot be made or written), conflict (another server has it).
  static Result<DataFolder> lock(const std::filesystem::path& path);
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;
  ~DataFolder();
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  DataFolder(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::filesystem::path path_;
  int lock_;
};

/// A secret kept in a file of mode 0600: read, or made. Errors: unavailable.
Result<std::string> kept_secret(const std::filesystem::path& file, Random& random);
/// What kept_secret() made. Errors: not_found.
Result<std::string> read_secret(const std::filesystem::path& file);
Result<void> write_secret(const std::filesystem::path& file, const std::string& secret);

/// The token that signs Twilio's webhooks: the setting, or the one kept in the data folder.
std::filesystem::path twilio_token_file(const Settings& settings);
/// An API key for the command line on the same machine.
std::filesystem::path command_line_key_file(const Settings& settings);

struct Listen {
  std::string address;
  std::uint16_t port = 0;
};
/// "127.0.0.1:8080", "[::1]:8080", ":8080". Errors: invalid.
Result<Listen> parse_listen(const std::string& text);
/// server.public_url, or what follows from the listening address.
std::string public_url(const Settings& settings, const Listen& listen);

}  // namespace parley::app
