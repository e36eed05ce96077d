#pragma once
#include <string>
#include <string_view>

namespace parley::providers::pocketsphinx {

/// Text under a path that the library can open, in memory and gone with this object.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text);
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  /// Empty when the system gave no memory file.
  const std::string& path() const noexcept { return path_; }

 private:
  int descriptor_ = -1;
  std::string path_;
};

}  // namespace parley::providers::pocketsphinx
