#pragma once
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/error.hpp"

namespace parley::providers::espeak {

/// Runs a program with `input` on its standard input and hands its standard output to `on_output`
/// as it comes; returning false from it, or true from `should_stop` (asked at least every 50 ms),
/// kills the program. Blocks until the program is reaped: for worker threads. Signals, files and
/// environment of this process do not reach the child.
///
/// Errors: unavailable (cannot be started, or ended with a failure), timeout, end_of_stream when
/// stopped.
struct ChildRun {
  std::string program;
  std::vector<std::string> arguments;
  std::string_view input;
  std::chrono::steady_clock::time_point deadline;
  std::function<bool(std::span<const std::byte>)> on_output;
  std::function<bool()> should_stop;
};
Result<void> run_child(const ChildRun& run);

}  // namespace parley::providers::espeak
