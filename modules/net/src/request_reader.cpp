#include "request_reader.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

constexpr std::size_t max_fields = 200;

std::optional<Method> method_of(http::verb verb) {
  switch (verb) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::delete_;
    case http::verb::options:
      return Method::options;
    default:
      return std::nullopt;
  }
}

/// Puts what Beast finds straight into our types, without its field container in between.
class Parser final : public http::basic_parser<true> {
 public:
  explicit Parser(std::size_t max_head_bytes) {
    header_limit(static_cast<std::uint32_t>(max_head_bytes));
    body_limit(boost::none);  // the route decides, once the head is known: see on_body
  }

  RequestReader::Head head;
  std::string body;
  std::size_t taken_bytes = 0;  ///< of a streamed body, given away already
  std::size_t max_body_bytes = 0;
  std::optional<Refusal> refused;

  /// What the message as a whole must satisfy, when its head is complete.
  void check_head(error_code& ec) {
    if (hosts_ != 1 && !(head.http_1_0 && hosts_ == 0))
      return refuse(400, "exactly one Host header is required", ec);
    if (content_lengths_ > 1) return refuse(400, "Content-Length was sent twice", ec);
    if (transfer_encodings_ > 0 && content_lengths_ > 0)
      return refuse(400, "Content-Length and Transfer-Encoding exclude each other", ec);
    if (transfer_encodings_ > 0 && (transfer_encodings_ > 1 || !chunked() || head.http_1_0))
      return refuse(501, "only the chunked transfer coding is handled", ec);
    head.keep_alive = keep_alive();
    if (content_lengths_ > 0) head.content_length = content_length().value_or(0);
  }

 private:
  void refuse(int status, std::string message, error_code& ec) {
    refused = Refusal{status, std::move(message)};
    ec = http::error::bad_value;
  }

  void on_request_impl(http::verb method, string_view, string_view target, int version,
                       error_code&) override {
    head.method = method_of(method);
    head.target = std::string(target);
    head.http_1_0 = version == 10;
  }
  void on_response_impl(int, string_view, int, error_code&) override {}

  void on_field_impl(http::field field, string_view name, string_view value,
                     error_code& ec) override {
    if (is_header_done()) return;  // a trailer
    if (head.headers.all().size() >= max_fields) return refuse(431, "too many header fields", ec);
    if (field == http::field::host) ++hosts_;
    if (field == http::field::content_length) {
      ++content_lengths_;
      // A list of equal lengths is legal and a known way to disagree with a proxy.
      if (value.find(',') != string_view::npos)
        return refuse(400, "Content-Length was sent twice", ec);
    }
    if (field == http::field::transfer_encoding) {
      ++transfer_encodings_;
      if (!iequals(value, "chunked"))
        return refuse(501, "only the chunked transfer coding is handled", ec);
    }
    if (field == http::field::expect) {
      if (!iequals(value, "100-continue")) return refuse(417, "unknown expectation", ec);
      head.expects_continue = !head.http_1_0;
    }
    head.headers.add(name, std::string(value));
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& ec) override {
    if (length && *length > max_body_bytes) return refuse_body(ec);
    // A claimed length reserves only so much: the bytes have to come first.
    if (length) body.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(*length, 1u << 20)));
  }
  std::size_t on_body_impl(string_view piece, error_code& ec) override { return keep(piece, ec); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& ec) override {
    return keep(piece, ec);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t keep(string_view piece, error_code& ec) {
    if (piece.size() > max_body_bytes - taken_bytes - body.size()) {
      refuse_body(ec);
      return 0;
    }
    body.append(piece);
    return piece.size();
  }
  void refuse_body(error_code& ec) { refuse(413, "the body is too large", ec); }

  int hosts_ = 0;
  int content_lengths_ = 0;
  int transfer_encodings_ = 0;
};

Refusal refusal_of(const error_code& ec) {
  if (ec == http::error::header_limit) return {431, "the request head is too large"};
  if (ec == http::error::bad_version) return {505, "only HTTP/1.0 and HTTP/1.1 are spoken"};
  return {400, "malformed request: " + ec.message()};
}

}  // namespace

struct RequestReader::Impl {
  std::size_t max_head_bytes;
  std::optional<Parser> parser;
  std::size_t head_bytes = 0;
};

RequestReader::RequestReader(std::size_t max_head_bytes) : impl_(std::make_unique<Impl>()) {
  impl_->max_head_bytes = max_head_bytes;
  next();
}
RequestReader::~RequestReader() = default;

void RequestReader::next() {
  impl_->parser.emplace(impl_->max_head_bytes);
  impl_->head_bytes = 0;
}

std::size_t RequestReader::feed(std::string_view bytes, std::optional<Refusal>& refused) {
  auto& parser = *impl_->parser;
  bool was_head_done = parser.is_header_done();
  parser.eager(was_head_done);
  error_code ec;
  auto taken = parser.put(asio::const_buffer(bytes.data(), bytes.size()), ec);
  bool needs_more = ec == http::error::need_more;
  if (needs_more) ec = {};
  if (!was_head_done) {
    impl_->head_bytes += taken;
    if (!ec && parser.is_header_done()) parser.check_head(ec);
    if (!ec && impl_->head_bytes > impl_->max_head_bytes) ec = http::error::header_limit;
  }
  // Nothing legal between chunks is longer than a head may be.
  if (!ec && needs_more && bytes.size() - taken > impl_->max_head_bytes)
    ec = http::error::header_limit;
  if (ec) refused = parser.refused ? std::move(parser.refused) : refusal_of(ec);
  return taken;
}

bool RequestReader::started() const noexcept { return impl_->parser->got_some(); }
bool RequestReader::head_done() const noexcept { return impl_->parser->is_header_done(); }
bool RequestReader::done() const noexcept { return impl_->parser->is_done(); }
RequestReader::Head& RequestReader::head() noexcept { return impl_->parser->head; }
void RequestReader::set_body_limit(std::size_t bytes) noexcept {
  impl_->parser->max_body_bytes = bytes;
}
std::size_t RequestReader::body_bytes() const noexcept {
  return impl_->parser->taken_bytes + impl_->parser->body.size();
}
std::string RequestReader::take_body() noexcept {
  impl_->parser->taken_bytes += impl_->parser->body.size();
  return std::exchange(impl_->parser->body, std::string());
}

}  // namespace parley::net
