#pragma once
#include <sys/types.h>

#include <string>
#include <vector>

#include "parley/base/error.hpp"

namespace parley::knowledge {

/// A file descriptor with an owner.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int get() const noexcept { return number_; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

/// A child in a process group of its own, with an empty environment, whose standard input is a
/// given text. Destroying it kills the group and reaps the child.
class ChildProcess {
 public:
  /// Blocks for about a millisecond: not on an I/O thread. The child dies with the starting thread
  /// when it asks for that (PR_SET_PDEATHSIG), so that should be one that lives. Errors:
  /// unavailable, resource_exhausted.
  static Result<ChildProcess> start(const std::vector<std::string>& command,
                                    const std::string& input);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  int output() const noexcept { return output_.get(); }  ///< non-blocking
  int ended() const noexcept { return ended_.get(); }    ///< a pidfd: readable once it has ended

  struct Ending {
    int status = 0;        ///< when it exited
    int signal = 0;        ///< when it was killed
    std::string messages;  ///< the beginning of what it wrote to standard error
  };
  /// Call once ended() is readable.
  Ending reap();

 private:
  ChildProcess(pid_t pid, Descriptor output, Descriptor messages, Descriptor ended);
  pid_t pid_;
  Descriptor output_;
  Descriptor messages_;
  Descriptor ended_;
};

}  // namespace parley::knowledge
