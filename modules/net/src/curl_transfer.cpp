#include "curl_transfer.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/system/system_error.hpp>
#include <boost/url/parse.hpp>
#include <cstring>

#include "client_tls.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/address_policy.hpp"
#include "parley/telemetry/trace.hpp"

namespace parley::net {

namespace {

constexpr std::size_t max_response_fields = 200;
constexpr std::size_t max_response_field_bytes = 16u << 10;
constexpr long max_redirects = 5;
constexpr Duration connect_timeout = std::chrono::seconds(10);

long milliseconds(Duration duration) {
  return static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

std::optional<asio::ip::address> address_of(const curl_sockaddr& peer) {
  if (peer.family == AF_INET) {
    sockaddr_in in;
    std::memcpy(&in, &peer.addr, sizeof in);
    return asio::ip::address_v4(ntohl(in.sin_addr.s_addr));
  }
  if (peer.family == AF_INET6 && peer.addrlen >= sizeof(sockaddr_in6)) {
    // curl_sockaddr's own member is too short a type for IPv6; the storage behind it is not.
    sockaddr_in6 in;
    std::memcpy(&in, static_cast<const void*>(&peer.addr), sizeof in);
    asio::ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return asio::ip::address_v6(bytes);
  }
  return std::nullopt;
}

bool is_read_only(Method method) { return method == Method::get || method == Method::head; }

}  // namespace

CurlTransfer::CurlTransfer(OutgoingRequest request, TraceContext trace)
    : request_(std::move(request)), easy_(curl_easy_init()) {
  if (!easy_) throw std::bad_alloc();
  response_.status = 0;
  auto set = [this](auto option, auto value) { curl_easy_setopt(easy_, option, value); };
  set(CURLOPT_URL, request_.url.c_str());
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_ERRORBUFFER, error_text_);
  set(CURLOPT_NOSIGNAL, 1L);
  // A lookup that hangs must not hold up the loop when its transfer is given up.
  set(CURLOPT_QUICK_EXIT, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, request_.follow_redirects ? 1L : 0L);
  set(CURLOPT_MAXREDIRS, max_redirects);
  set(CURLOPT_ACCEPT_ENCODING, "gzip");
  set(CURLOPT_USERAGENT, "Parley");
  if (auto file = custom_authorities_file(); !file.empty()) set(CURLOPT_CAINFO, file.c_str());
  // A proxy would resolve names where we cannot check the answer.
  if (request_.public_addresses_only) set(CURLOPT_PROXY, "");
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &CurlTransfer::on_request);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set_method();
  set_headers(trace);
}

CurlTransfer::~CurlTransfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(header_lines_);
  curl_slist_free_all(known_hosts_);
}

void CurlTransfer::resolve_with(const Resolve& resolve) {
  auto url = boost::urls::parse_uri(request_.url);
  if (!url) return;
  std::string host(url->encoded_host());
  auto addresses = resolve(host);
  if (addresses.empty()) return;
  std::string port(url->port());
  if (port.empty()) port = url->scheme_id() == boost::urls::scheme::https ? "443" : "80";
  auto line = host + ":" + port + ":";
  for (auto& address : addresses) line += (line.ends_with(':') ? "" : ",") + address;
  known_hosts_ = curl_slist_append(nullptr, line.c_str());
  if (!known_hosts_) throw std::bad_alloc();
  curl_easy_setopt(easy_, CURLOPT_RESOLVE, known_hosts_);
}

void CurlTransfer::set_method() {
  bool sends_body = !request_.body.empty() || request_.method == Method::post ||
                    request_.method == Method::put || request_.method == Method::patch;
  if (request_.method == Method::head) {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    return;
  }
  if (sends_body) {
    // Not copied: the request lives as long as the transfer.
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
  }
  bool is_curls_own =
      request_.method == Method::get ? !sends_body : request_.method == Method::post;
  if (!is_curls_own)
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, std::string(to_string(request_.method)).c_str());
}

void CurlTransfer::set_headers(const TraceContext& trace) {
  auto add = [this](const std::string& line) {
    auto* longer = curl_slist_append(header_lines_, line.c_str());
    if (!longer) throw std::bad_alloc();
    header_lines_ = longer;
  };
  for (auto& [name, value] : request_.headers.all()) {
    std::string line = name;
    add(line.append(value.empty() ? ";" : ": ").append(value));
  }
  // Waiting a second for "100 Continue" helps nobody; and a type nobody gave is not sent.
  add("Expect:");
  if (!request_.headers.get("Content-Type")) add("Content-Type:");
  auto traceparent = trace::format_traceparent(trace);
  if (!traceparent.empty() && !request_.headers.get("traceparent"))
    add("traceparent: " + traceparent);
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, header_lines_);
}

void CurlTransfer::set_timeout(Duration timeout) {
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, std::max(1L, milliseconds(timeout)));
  curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS,
                   std::max(1L, milliseconds(std::min(timeout, connect_timeout))));
}

// What libcurl calls

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto bytes = size * count;
  static_cast<CurlTransfer*>(self)->take_header_line(trim({data, bytes}));
  return bytes;
}

void CurlTransfer::take_header_line(std::string_view line) {
  if (line.starts_with("HTTP/")) {
    response_.headers = {};  // a redirect's or an interim answer's fields do not count
    head_ended_ = false;
    return;
  }
  if (line.empty()) head_ended_ = true;
  auto colon = line.find(':');
  if (colon == std::string_view::npos || line.size() > max_response_field_bytes ||
      response_.headers.all().size() >= max_response_fields)
    return;
  auto name = line.substr(0, colon);
  // libcurl has undone these.
  if (iequals(name, "Content-Encoding") || iequals(name, "Transfer-Encoding")) return;
  response_.headers.add(name, std::string(trim(line.substr(colon + 1))));
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  auto bytes = size * count;
  // Counted after decompression: a small answer may unpack to a huge one.
  auto room = transfer.request_.max_response_bytes - transfer.response_.body.size();
  if (bytes > room) {
    transfer.too_large_ = true;
    if (transfer.request_.long_response == OutgoingRequest::LongResponse::cut)
      transfer.response_.body.append(data, room);
    return 0;
  }
  transfer.response_.body.append(data, bytes);
  return bytes;
}

curl_socket_t CurlTransfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* peer) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.request_.public_addresses_only) {
    auto address = address_of(*peer);
    if (!address || !is_public_address(*address)) {
      transfer.forbidden_ = true;
      return CURL_SOCKET_BAD;
    }
  }
  return ::socket(peer->family, peer->socktype | SOCK_CLOEXEC, peer->protocol);
}

/// Called before each time the request is written.
int CurlTransfer::on_request(void* self, char* peer_ip, char*, int, int) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  if (transfer.request_.public_addresses_only) {
    // A kept connection was opened for somebody else, perhaps without this rule.
    boost::system::error_code ec;
    auto address = asio::ip::make_address(peer_ip, ec);
    if (ec || !is_public_address(address)) {
      transfer.forbidden_ = true;
      return CURL_PREREQFUNC_ABORT;
    }
  }
  // libcurl repeats a request by itself when a kept connection breaks before the answer. What may
  // have had an effect must not be repeated behind the caller's back.
  long redirects = 0;
  curl_easy_getinfo(transfer.easy_, CURLINFO_REDIRECT_COUNT, &redirects);
  bool is_resend = transfer.sends_ > 0 && redirects == transfer.redirects_at_send_;
  if (is_resend && !is_read_only(transfer.request_.method)) {
    transfer.resend_refused_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  ++transfer.sends_;
  transfer.redirects_at_send_ = static_cast<int>(redirects);
  return CURL_PREREQFUNC_OK;
}

// How it ended

bool CurlTransfer::may_have_been_sent() const {
  long request_bytes = 0;
  curl_easy_getinfo(easy_, CURLINFO_REQUEST_SIZE, &request_bytes);
  return request_bytes > 0 || resend_refused_;
}

Result<HttpResponse> CurlTransfer::outcome_of(CURLcode code) {
  // libcurl takes an answer that ends in the middle of its head for one without a body.
  if (code == CURLE_OK && !head_ended_) code = CURLE_RECV_ERROR;
  bool is_cut = too_large_ && request_.long_response == OutgoingRequest::LongResponse::cut;
  if (code == CURLE_OK || is_cut) {
    long status = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    response_.status = static_cast<int>(status);
    return std::move(response_);
  }
  if (too_large_) return fail(Errc::too_large, "the response is larger than allowed");
  if (forbidden_) return fail(Errc::forbidden, "the address is not a public one");
  std::string detail = error_text_[0] != '\0' ? error_text_ : curl_easy_strerror(code);
  // libcurl also says "unsupported" of an answer that is not HTTP: then there is no status.
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_URL_MALFORMAT || (code == CURLE_UNSUPPORTED_PROTOCOL && status != 0))
    return fail(Errc::invalid, std::move(detail));
  if (!is_read_only(request_.method) && may_have_been_sent())
    return fail(Errc::outcome_unknown, std::move(detail));
  if (code == CURLE_OPERATION_TIMEDOUT) return fail(Errc::timeout, std::move(detail));
  return fail(Errc::unavailable, std::move(detail));
}

void CurlTransfer::finish(CURLcode code) {
  if (auto done = std::exchange(done_, nullptr)) done(nullptr, outcome_of(code));
}

void CurlTransfer::fail_with(Error error) {
  if (auto done = std::exchange(done_, nullptr)) done(nullptr, std::unexpected(std::move(error)));
}

void CurlTransfer::cancel() {
  auto aborted =
      std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted));
  if (auto done = std::exchange(done_, nullptr)) done(aborted, fail(Errc::unavailable, ""));
}

}  // namespace parley::net
