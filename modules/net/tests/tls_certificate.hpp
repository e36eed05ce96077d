#pragma once
#include "parley/testkit/tls_certificate.hpp"

namespace parley::net::testing {

/// A self-signed certificate for 127.0.0.1 and localhost, made once for the test program; outgoing
/// connections trust it through SSL_CERT_FILE.
using testkit::TlsFiles;
const TlsFiles& tls_files();

}  // namespace parley::net::testing
