#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::net {

/// Why a request is turned away, as the error page will say it.
struct Refusal {
  int status = 400;
  std::string message;
};

/// Parses one request after another from a connection's bytes (Boost.Beast's parser without its
/// I/O). What could be read in two ways is refused: both Content-Length and Transfer-Encoding, a
/// repeated Content-Length or Host, a transfer coding other than chunked. Trailers are dropped.
class RequestReader {
 public:
  explicit RequestReader(std::size_t max_head_bytes);
  ~RequestReader();

  /// Begins the next request.
  void next();
  /// Parses what it can from `bytes`, stopping at the end of the head and at the end of the
  /// request; returns how many bytes it took. A refusal is final for the connection.
  std::size_t feed(std::string_view bytes, std::optional<Refusal>& refused);

  bool started() const noexcept;
  bool head_done() const noexcept;
  bool done() const noexcept;

  /// Known once the head is done. Without a method of ours, `method` is empty.
  struct Head {
    std::optional<Method> method;
    std::string target;
    Headers headers;
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expects_continue = false;
    std::optional<std::uint64_t> content_length;
  };
  Head& head() noexcept;
  /// To be set between the head and the body: the next feed() applies it.
  void set_body_limit(std::size_t bytes) noexcept;
  std::size_t body_bytes() const noexcept;  ///< all that was read of the body
  /// What was read since the last call.
  std::string take_body() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::net
