#include "memory_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace parley::providers::pocketsphinx {

MemoryFile::MemoryFile(std::string_view text) : descriptor_(memfd_create("parley", MFD_CLOEXEC)) {
  if (descriptor_ < 0) return;
  while (!text.empty()) {
    const auto written = write(descriptor_, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
}

MemoryFile::~MemoryFile() {
  if (descriptor_ >= 0) close(descriptor_);
}

}  // namespace parley::providers::pocketsphinx
