#pragma once
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

// Counts what a program asks the heap for: for one file of a program that does nothing else, since
// the operators below take the place of the program's own.
namespace parley::testkit {

/// Of this thread, since it began.
inline constinit thread_local std::int64_t allocations = 0;

}  // namespace parley::testkit

// NOLINTBEGIN(cppcoreguidelines-no-malloc,misc-definitions-in-headers): what new and delete are
// made of
void* operator new(std::size_t size) {
  ++parley::testkit::allocations;
  if (void* memory = std::malloc(std::max<std::size_t>(size, 1))) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
// NOLINTEND(cppcoreguidelines-no-malloc,misc-definitions-in-headers)
