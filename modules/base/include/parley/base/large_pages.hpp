#pragma once

namespace parley {

/// Runs the program once more, with a heap in large pages: a thousand calls lie in a few dozen
/// megabytes, and with pages of 4 KB the processor looks for them in its tables at every turn. The
/// C library decides at its start and only by the environment (GLIBC_TUNABLES,
/// glibc.malloc.hugetlb=1: madvise(2), which changes nothing where the kernel never gives large
/// pages). To be called first in main(), before threads; does nothing when the heap is so already,
/// or when the program cannot be run again. See docs/adr/0027-large-pages.md.
void run_with_large_pages(char** arguments) noexcept;

}  // namespace parley
