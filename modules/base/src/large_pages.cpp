#include "parley/base/large_pages.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace parley {

void run_with_large_pages(char** arguments) noexcept {
  constexpr auto* variable = "GLIBC_TUNABLES";
  const std::string name = "glibc.malloc.hugetlb";
  auto* given = std::getenv(variable);
  std::string tunables = given ? given : "";
  if (tunables.find(name) != std::string::npos) return;  // so already, or as somebody else wants it
  std::error_code failed;
  auto program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return;
  tunables += (tunables.empty() ? "" : ":") + name + "=1";
  ::setenv(variable, tunables.c_str(), 1);
  ::execv(program.c_str(), arguments);
}

}  // namespace parley
