#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

namespace parley::api {

struct WholeBody {};
struct Unsatisfiable {};
struct ByteRange {
  std::size_t first = 0;
  std::size_t last = 0;  ///< inclusive
};

/// A Range header over `size` bytes. What is malformed, of another unit or of several ranges is
/// answered with the whole, as RFC 9110 allows.
std::variant<WholeBody, Unsatisfiable, ByteRange> parse_range(std::string_view header,
                                                              std::size_t size);

}  // namespace parley::api
