#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace parley::program {

/// What a run of the program printed, and its exit code (128 and the signal's number when one ended
/// it).
struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

/// A folder of the test's own, in which the program is run.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }
  std::string write(const std::string& name, const std::string& text) const;

  /// Runs `parley` there with nothing but this environment, until it ends; after `limit` it is
  /// killed.
  Ran run(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {},
          std::chrono::seconds limit = std::chrono::seconds(60)) const;

 private:
  std::filesystem::path path_;
};

}  // namespace parley::program
