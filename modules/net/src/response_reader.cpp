#include "response_reader.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;
using boost::system::error_code;

constexpr std::uint32_t max_head_bytes = 32u << 10;
constexpr std::size_t max_fields = 200;
constexpr int max_interim = 8;

class Parser final : public http::basic_parser<false> {
 public:
  explicit Parser(bool without_body) {
    header_limit(max_head_bytes);
    body_limit(boost::none);  // it flows through; nothing is kept
    skip(without_body);
  }

  int status = 0;
  Headers headers;
  std::string body;

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override { status = code; }
  void on_field_impl(http::field field, string_view name, string_view value,
                     error_code& ec) override {
    if (is_header_done()) return;  // a trailer
    if (headers.all().size() >= max_fields) ec = http::error::header_limit;
    if (field == http::field::content_length) {
      if (++lengths_ > 1 || value.find(',') != string_view::npos)
        ec = http::error::bad_content_length;
    }
    if (field == http::field::transfer_encoding &&
        (++codings_ > 1 || !iequals(trim(value), "chunked")))
      ec = http::error::bad_transfer_encoding;
    headers.add(name, std::string(value));
  }
  void on_header_impl(error_code& ec) override {
    if (lengths_ > 0 && codings_ > 0) ec = http::error::bad_transfer_encoding;
  }
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view piece, error_code&) override {
    body.append(piece);
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code&) override {
    body.append(piece);
    return piece.size();
  }
  void on_finish_impl(error_code&) override {}

  int lengths_ = 0;
  int codings_ = 0;
};

}  // namespace

struct ResponseReader::Impl {
  bool without_body;
  std::optional<Parser> parser;
  int interim = 0;
  bool started = false;
};

ResponseReader::ResponseReader(Method method) : impl_(std::make_unique<Impl>()) {
  impl_->without_body = method == Method::head;
  impl_->parser.emplace(impl_->without_body);
}
ResponseReader::~ResponseReader() = default;

Result<std::size_t> ResponseReader::feed(std::string_view bytes) {
  if (!bytes.empty()) impl_->started = true;
  auto& parser = *impl_->parser;
  parser.eager(parser.is_header_done());
  error_code ec;
  auto taken = parser.put(asio::const_buffer(bytes.data(), bytes.size()), ec);
  if (ec == http::error::need_more && bytes.size() - taken <= max_head_bytes) ec = {};
  if (ec) return fail(Errc::corrupt, "the answer is not HTTP: " + ec.message());
  if (parser.is_header_done() && parser.status >= 100 && parser.status < 200) {
    if (parser.status == 101 || ++impl_->interim > max_interim)
      return fail(Errc::corrupt, "an interim answer that was not asked for");
    impl_->parser.emplace(impl_->without_body);
  }
  return taken;
}

Result<void> ResponseReader::end() {
  error_code ec;
  impl_->parser->put_eof(ec);
  if (ec || !done()) return fail(Errc::corrupt, "the connection ended before the answer did");
  return {};
}

bool ResponseReader::started() const noexcept { return impl_->started; }
bool ResponseReader::head_done() const noexcept { return impl_->parser->is_header_done(); }
bool ResponseReader::done() const noexcept { return impl_->parser->is_done(); }
bool ResponseReader::keep_alive() const noexcept { return impl_->parser->keep_alive(); }
int ResponseReader::status() const noexcept { return impl_->parser->status; }
Headers& ResponseReader::headers() noexcept { return impl_->parser->headers; }
std::optional<std::uint64_t> ResponseReader::length() const noexcept {
  auto length = impl_->parser->content_length();
  return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}
std::string ResponseReader::take_body() noexcept {
  return std::exchange(impl_->parser->body, std::string());
}

}  // namespace parley::net
