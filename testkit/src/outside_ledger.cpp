#include "parley/testkit/outside_ledger.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace parley::testkit {

void OutsideLedger::book(const std::string& effect, const std::string& key) const {
  auto line = effect + " " + key + "\n";
  int file = ::open(file_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  // One write: a line is there or not.
  bool written =
      file >= 0 && ::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  if (file >= 0) ::close(file);
  if (!written) throw std::runtime_error("the ledger cannot be written");
}

int OutsideLedger::count(const std::string& effect, const std::string& key) const {
  std::ifstream in(file_);
  int many = 0;
  for (std::string e, k; in >> e >> k;) many += e == effect && k == key ? 1 : 0;
  return many;
}

}  // namespace parley::testkit
