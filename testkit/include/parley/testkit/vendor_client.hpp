#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace parley::testkit {

/// What a script printed (both streams), and its exit code; 124 after it was killed for being late.
struct ScriptRun {
  int code = -1;
  std::string output;
};

/// Runs a Node script (CommonJS, `.cjs`) that uses the vendors' own client libraries of
/// tests/vendors: `require("twilio")` finds them. The test needs FIXTURES_REQUIRED vendors in
/// CMake. Blocks; call it from a thread that runs no server. `environment` is added to PATH and
/// nothing else. Throws std::runtime_error when node is not installed.
ScriptRun run_vendor_script(const std::filesystem::path& script,
                            const std::vector<std::string>& arguments,
                            const std::map<std::string, std::string>& environment = {},
                            std::chrono::seconds at_most = std::chrono::seconds(60));

/// The same with the packages that are installed in `packages`.
ScriptRun run_node_script(const std::filesystem::path& packages,
                          const std::filesystem::path& script,
                          const std::vector<std::string>& arguments,
                          const std::map<std::string, std::string>& environment = {},
                          std::chrono::seconds at_most = std::chrono::seconds(60));

}  // namespace parley::testkit
