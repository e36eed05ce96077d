#pragma once
#include "parley/providers/s3/sigv4.hpp"
#include "s3_refusal.hpp"

namespace parley::simulators {

/// Checks a request's signature, in its headers or its query, its time and its body's hash.
S3Result<void> check_signature(const net::HttpRequest& request, const s3::Credentials& credentials,
                               const std::string& region, WallTime now);

}  // namespace parley::simulators
