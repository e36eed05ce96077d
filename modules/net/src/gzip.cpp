#include "gzip.hpp"

#include <zlib.h>

#include <array>
#include <stdexcept>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

constexpr std::size_t min_bytes = 1024;

bool is_compressible(std::string_view content_type) {
  auto type = to_lower(trim(content_type.substr(0, content_type.find(';'))));
  if (type.starts_with("text/")) return type != "text/event-stream";
  if (type.ends_with("+json") || type.ends_with("+xml")) return true;
  constexpr std::array<std::string_view, 6> others{
      "application/json",     "application/javascript",    "application/xml",
      "application/x-ndjson", "application/manifest+json", "application/wasm"};
  return std::ranges::find(others, type) != others.end();
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) {
  bool any = false;
  for (auto& entry : split(accept_encoding, ',')) {
    auto semicolon = entry.find(';');
    auto coding = to_lower(trim(std::string_view(entry).substr(0, semicolon)));
    bool refused = false;
    if (semicolon != std::string::npos) {
      auto weight = to_lower(trim(std::string_view(entry).substr(semicolon + 1)));
      refused = weight.starts_with("q=0") && weight.find_first_of("123456789") == std::string::npos;
    }
    if (coding == "gzip" || coding == "x-gzip") return !refused;
    if (coding == "*") any = !refused;
  }
  return any;
}

bool is_worth_gzip(const HttpResponse& response) {
  if (response.body.size() <= min_bytes) return false;
  if (response.status == 206 || response.headers.get("Content-Encoding")) return false;
  auto type = response.headers.get("Content-Type");
  return type && is_compressible(*type);
}

struct Gzip::Impl {
  z_stream stream{};

  void run(std::string_view piece, int flush, std::string& out) {
    // zlib's interface predates const.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream.avail_in = static_cast<uInt>(piece.size());
    std::array<char, 16384> buffer;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = buffer.size();
      deflate(&stream, flush);
      out.append(buffer.data(), buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
};

Gzip::Gzip() : impl_(std::make_unique<Impl>()) {
  constexpr int gzip_window = 15 + 16;
  // Level 1: most of the gain at a fraction of the time.
  if (deflateInit2(&impl_->stream, 1, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
}
Gzip::~Gzip() { deflateEnd(&impl_->stream); }

void Gzip::add(std::string_view piece, std::string& out) { impl_->run(piece, Z_NO_FLUSH, out); }
void Gzip::finish(std::string& out) { impl_->run({}, Z_FINISH, out); }

}  // namespace parley::net
