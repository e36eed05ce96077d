#pragma once
#include <chrono>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace parley {

/// Why an operation did not give its result. The edge maps each to an HTTP status in one table.
enum class Errc {
  invalid,          ///< The request itself is wrong; repeating it unchanged cannot help.
  unauthenticated,  ///< Nobody, or nobody we know, is asking.
  forbidden,        ///< Known, but not allowed.
  not_found,
  conflict,           ///< The state of the thing forbids it: a taken slot, a stale version.
  too_large,          ///< A stated size limit was passed.
  unsupported,        ///< A media type or feature that is not handled.
  rate_limited,       ///< A bound was hit; later it may work.
  unavailable,        ///< The other side is away; nothing happened there.
  timeout,            ///< Nothing reached the other side, or it was only a read.
  outcome_unknown,    ///< The effect may have happened: look before you leap again.
  end_of_stream,      ///< Orderly end of a sequence.
  corrupt,            ///< Bytes that cannot be what they claim to be.
  resource_exhausted  ///< Disk full, out of handles.
};

/// The enumerator's own name, for logs and metric labels.
std::string_view to_string(Errc code) noexcept;

/// `detail` is for operators and for the client that sent the request. It carries no personal data
/// and no secret.
struct Error {
  Errc code = Errc::invalid;
  std::string detail;
  /// When the other side said how long to stay away (Retry-After); zero: it did not.
  std::chrono::milliseconds retry_after{0};

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// `return fail(Errc::not_found, "no such call");`
[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string detail) {
  return std::unexpected(Error{code, std::move(detail)});
}

}  // namespace parley
