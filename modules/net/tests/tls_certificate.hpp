#pragma once
#include <filesystem>

namespace parley::net::testing {

/// A self-signed certificate for 127.0.0.1 and localhost, made once for the test program; outgoing
/// connections trust it through SSL_CERT_FILE.
struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path private_key;
};
const TlsFiles& tls_files();

}  // namespace parley::net::testing
