#pragma once
#include <filesystem>

namespace parley::testkit {

struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path private_key;
};

/// A self-signed certificate for 127.0.0.1 and localhost, good for an hour, which is its own
/// authority. Makes the folder; removing it is the caller's.
TlsFiles make_certificate(const std::filesystem::path& folder);

}  // namespace parley::testkit
