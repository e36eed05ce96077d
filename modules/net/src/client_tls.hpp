#pragma once
#include <boost/asio/ssl/context.hpp>
#include <string>

namespace parley::net {

/// Trusts the system's authorities, or those in the file SSL_CERT_FILE names: one context for all
/// outgoing WebSockets, made at the first use (reading the authorities takes some 20 ms).
boost::asio::ssl::context& client_tls_context();

/// The file named by SSL_CERT_FILE, empty when not set.
std::string custom_authorities_file();

}  // namespace parley::net
