#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/error.hpp"

namespace parley {

/// One configuration key. "server.public_url" is also PARLEY_SERVER_PUBLIC_URL in the environment,
/// public_url under [server] in the file, and --set server.public_url=... on the command line.
struct SettingSpec {
  std::string_view key;
  std::string_view fallback;
  std::string_view help;
  bool secret = false;  ///< shown masked, never logged
};

/// Configuration from, weakest first: defaults, a TOML file, the environment, flags. What is not in
/// the table is refused with the nearest known key.
class Settings {
 public:
  explicit Settings(std::span<const SettingSpec> specs);

  /// Errors: not_found, invalid (syntax, unknown key, a table or array where a value belongs).
  Result<void> load_file(const std::filesystem::path& file);
  /// Every PARLEY_<SECTION>_<KEY> variable; `not_settings` are other known PARLEY_ variables.
  Result<void> load_environment(char** environment, std::span<const std::string_view> not_settings);
  /// "key=value". Errors: invalid.
  Result<void> set(std::string_view assignment, std::string_view source = "flag");

  const std::string& text(std::string_view key) const;
  /// Errors: invalid, naming the key, where it was set, and the range.
  Result<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max) const;
  Result<bool> flag(std::string_view key) const;  ///< true/false, yes/no, on/off, 1/0
  bool is_set(std::string_view key) const;        ///< by more than the default

  struct InForce {
    std::string key;
    std::string value;   ///< secrets masked: "****" and the last two characters of long ones
    std::string source;  ///< "default", "parley.toml", "environment", "flag"
    std::string help;
  };
  std::vector<InForce> in_force() const;

 private:
  struct Entry {
    SettingSpec spec;
    std::string value;
    std::string source = "default";
  };
  Result<Entry*> find(std::string_view key);
  std::map<std::string, Entry, std::less<>> entries_;
};

/// "PARLEY_SERVER_PUBLIC_URL" for "server.public_url".
std::string environment_name(std::string_view key);

}  // namespace parley
