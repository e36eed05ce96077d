#pragma once
#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PARLEY_SANITIZED 1
#endif
#endif

namespace parley::knowledge {

struct SandboxLimits {
  unsigned cpu_seconds = 60;
  std::size_t memory_bytes = std::size_t{1} << 30;
  int parent = 0;  ///< the process this one must not outlive
};

/// Each gives up something for good, in the calling process. False when the kernel refuses: the
/// caller must then not touch the document.

/// Files above 2 closed, no core, no files written, no children, no more processor time or memory
/// than the limits, no new privileges, and death with the parent. Memory is limited by
/// limit_memory(), which is apart because sanitizers need more address space than anybody has.
bool enter_limits(const SandboxLimits& limits);
bool limit_memory(const SandboxLimits& limits);

/// Only system's own programs and libraries can be read (Landlock). True also where the kernel has
/// no Landlock: the other walls stand.
bool hide_files();

/// For our own parsers, which have their input in memory: only memory, the open descriptors, the
/// clock and exit. Everything else answers EPERM.
bool allow_only_computing();

/// For pdftotext, which is yet to be loaded: no network, no processes, no signals, no writing or
/// changing of files, no kernel interfaces.
bool deny_effects();

}  // namespace parley::knowledge
