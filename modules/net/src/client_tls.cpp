#include "client_tls.hpp"

#include <cstdlib>

namespace parley::net {

namespace {

boost::asio::ssl::context make_context() {
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_client);
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  boost::system::error_code ec;
  // OpenSSL looks at SSL_CERT_FILE by itself. What cannot be read shows as a failed verification.
  context.set_default_verify_paths(ec);
  context.set_verify_mode(boost::asio::ssl::verify_peer);
  return context;
}

}  // namespace

boost::asio::ssl::context& client_tls_context() {
  static boost::asio::ssl::context context = make_context();
  return context;
}

std::string custom_authorities_file() {
  const char* file = std::getenv("SSL_CERT_FILE");
  return file ? file : "";
}

}  // namespace parley::net
