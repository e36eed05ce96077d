#pragma once
#include <sys/types.h>

#include "program.hpp"

namespace parley::program {

/// `parley` while it runs; ended by pid.
class Running {
 public:
  Running(const Folder& folder, std::vector<std::string> arguments);
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  /// The next line it prints; throws after a minute, or when it has ended.
  std::string line();
  /// SIGTERM; its exit code.
  int stop();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace parley::program
