#pragma once
#include <expected>
#include <string>

namespace parley::simulators {

/// An error as S3 gives it.
struct S3Refusal {
  int status = 400;
  std::string code;
  std::string message;
};
template <class T>
using S3Result = std::expected<T, S3Refusal>;

inline std::unexpected<S3Refusal> refuse_s3(int status, std::string code, std::string message) {
  return std::unexpected(S3Refusal{status, std::move(code), std::move(message)});
}

}  // namespace parley::simulators
