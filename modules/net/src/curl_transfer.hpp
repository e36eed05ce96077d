#pragma once
#include <curl/curl.h>

#include <exception>
#include <functional>
#include <memory>
#include <string>

#include "parley/net/named_hosts.hpp"

namespace parley::net {

/// One outgoing request: libcurl's easy handle, what comes back, and how it ended. Made on the
/// caller's thread, then touched only on the client's strand.
class CurlTransfer {
 public:
  using Done = std::function<void(std::exception_ptr, Result<HttpResponse>)>;

  CurlTransfer(OutgoingRequest request, TraceContext trace);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CURL* easy() noexcept { return easy_; }
  void set_timeout(Duration timeout);
  /// The addresses of the URL's host, instead of the system's resolver.
  void resolve_with(const Resolve& resolve);
  void set_done(Done done) { done_ = std::move(done); }

  /// Exactly one of these has an effect, once.
  void finish(CURLcode code);
  void fail_with(Error error);
  void cancel();

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_request(void* self, char* peer_ip, char* local_ip, int peer_port, int local_port);
  void set_method();
  void set_headers(const TraceContext& trace);
  void take_header_line(std::string_view line);
  bool may_have_been_sent() const;
  Result<HttpResponse> outcome_of(CURLcode code);

  OutgoingRequest request_;
  CURL* easy_ = nullptr;
  curl_slist* header_lines_ = nullptr;
  curl_slist* known_hosts_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = "";
  HttpResponse response_;
  bool head_ended_ = false;  ///< of the last answer
  bool too_large_ = false;
  bool forbidden_ = false;
  bool resend_refused_ = false;
  int sends_ = 0;
  int redirects_at_send_ = 0;
  Done done_;
};

}  // namespace parley::net
