#pragma once
#include <memory>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::net {

/// Parses one answer from a connection's bytes (Boost.Beast's parser without its I/O); interim
/// answers (1xx) are skipped. Both Content-Length and Transfer-Encoding, or either twice, is an
/// error: somebody else may read it otherwise.
class ResponseReader {
 public:
  explicit ResponseReader(Method method);
  ~ResponseReader();

  /// Parses what it can, stopping at the end of the head; returns how many bytes it took. Errors:
  /// corrupt.
  Result<std::size_t> feed(std::string_view bytes);
  /// The connection ended. Errors: corrupt when the answer had not.
  Result<void> end();

  bool started() const noexcept;  ///< at least one byte of an answer was seen
  bool head_done() const noexcept;
  bool done() const noexcept;
  bool keep_alive() const noexcept;  ///< once done
  int status() const noexcept;
  Headers& headers() noexcept;
  std::optional<std::uint64_t> length() const noexcept;
  /// What was read of the body since the last call.
  std::string take_body() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::net
