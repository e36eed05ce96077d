#include "parley/simulators/s3_simulator.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>
#include <mutex>

#include "authentication.hpp"
#include "bucket_contents.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/s3/xml.hpp"

namespace parley::simulators {

namespace {

using net::HttpRequest;
using net::HttpResponse;
using s3::xml_escape;
using s3::xml_text;

constexpr std::string_view xml_head = R"(<?xml version="1.0" encoding="UTF-8"?>)";
constexpr std::string_view name_space = R"( xmlns="http://s3.amazonaws.com/doc/2006-03-01/")";

HttpResponse xml_response(int status, std::string body) {
  return net::text_response(status, std::string(xml_head) + "\n" + body, "application/xml");
}

std::string query_of(const HttpRequest& request, std::string_view name) {
  return std::string(net::find_field(request.query, name).value_or(""));
}

std::size_t number_in(std::string_view text, std::size_t otherwise) {
  std::size_t number = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string http_date(WallTime at) {
  return fmt::format("{:%a, %d %b %Y %H:%M:%S GMT}", std::chrono::floor<std::chrono::seconds>(at));
}

/// "bytes=0-9", "bytes=5-", "bytes=-3": first and one past the last. Empty: the whole.
S3Result<std::optional<std::pair<std::size_t, std::size_t>>> range_of(std::string_view header,
                                                                      std::size_t size) {
  if (!header.starts_with("bytes=") || header.contains(',')) return std::nullopt;
  header.remove_prefix(6);
  auto dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto from = header.substr(0, dash);
  auto to = header.substr(dash + 1);
  std::size_t first = 0;
  std::size_t end = size;
  if (from.empty()) {
    first = size - std::min(size, number_in(to, 0));
  } else {
    first = number_in(from, size);
    if (!to.empty()) end = std::min(size, number_in(to, size) + 1);
  }
  if (first >= end) return refuse_s3(416, "InvalidRange", "The requested range is not satisfiable");
  return std::pair(first, end);
}

BucketContents::PartList parts_in(std::string_view xml) {
  constexpr std::string_view close = "</Part>";
  BucketContents::PartList parts;
  while (true) {
    auto begin = xml.find("<Part>");
    auto end = xml.find(close);
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) break;
    auto part = xml.substr(begin, end - begin);
    auto etag = xml_text(part, "ETag");
    if (!etag.starts_with('"')) etag = fmt::format("\"{}\"", etag);
    parts.emplace_back(static_cast<int>(number_in(xml_text(part, "PartNumber"), 0)), etag);
    xml.remove_prefix(end + close.size());
  }
  return parts;
}

HttpResponse error_response(const S3Refusal& refusal, const HttpRequest& request) {
  return xml_response(refusal.status,
                      fmt::format("<Error><Code>{}</Code><Message>{}</Message>"
                                  "<Resource>{}</Resource><RequestId>{}</RequestId></Error>",
                                  refusal.code, xml_escape(refusal.message),
                                  xml_escape(request.path), request.request_id));
}

HttpResponse refusal_for(const Fault& fault, const HttpRequest& request) {
  auto code = fault.code;
  if (code.empty())
    code = fault.status == 403                          ? "AccessDenied"
           : fault.status == 429 || fault.status == 503 ? "SlowDown"
                                                        : "InternalError";
  return error_response({fault.status, code, "As the plan of faults wants it"}, request);
}

}  // namespace

struct S3Simulator::Impl {
  Impl(asio::any_io_executor executor, Clock& clock_, Random& random_, S3SimulatorOptions options_)
      : clock(clock_),
        random(random_),
        options(std::move(options_)),
        contents(options.buckets, options.max_stored_bytes),
        server(std::move(executor), clock, random, options.where, refusal_for) {
    net::Router::Limits limits{options.max_body_bytes};
    auto handler = [this](HttpRequest request) { return serve(std::move(request)); };
    for (auto method :
         {net::Method::get, net::Method::put, net::Method::post, net::Method::delete_}) {
      server.add(method, "/{bucket}", handler, limits);
      server.add(method, "/{bucket}/{key...}", handler, limits);
    }
  }

  asio::awaitable<HttpResponse> serve(HttpRequest request) {
    {
      std::lock_guard lock(mutex);
      counts.largest_body = std::max(counts.largest_body, request.body.size());
    }
    auto answer = answer_to(request);
    if (answer) co_return std::move(*answer);
    co_return error_response(answer.error(), request);
  }

  S3Result<HttpResponse> answer_to(HttpRequest& request) {
    auto good = check_signature(request, options.credentials, options.region, clock.wall());
    if (!good) {
      std::lock_guard lock(mutex);
      ++counts.refused;
      return std::unexpected(good.error());
    }
    auto bucket = std::string(request.path_value("bucket").value_or(""));
    auto key = std::string(request.path_value("key").value_or(""));
    if (auto there = contents.check_bucket(bucket); !there) return std::unexpected(there.error());
    if (key.empty()) return answer_for_bucket(request, bucket);
    bool is_part = net::find_field(request.query, "uploadId").has_value();
    switch (request.method) {
      case net::Method::put:
        return is_part ? put_part(request) : put(request, bucket, key);
      case net::Method::post:
        return post(request, bucket, key);
      case net::Method::delete_:
        return remove(request, bucket, key);
      default:
        return get(request, bucket, key);
    }
  }

  S3Result<HttpResponse> answer_for_bucket(const HttpRequest& request, const std::string& bucket) {
    if (request.method == net::Method::head) return HttpResponse{};
    if (request.method != net::Method::get || query_of(request, "list-type") != "2")
      return refuse_s3(501, "NotImplemented", "Of buckets only ListObjectsV2 is implemented");
    BucketContents::Query query{query_of(request, "prefix"), query_of(request, "delimiter"),
                                query_of(request, "start-after"),
                                number_in(query_of(request, "max-keys"), 1000)};
    query.most = std::min<std::size_t>(query.most, 1000);
    if (auto token = query_of(request, "continuation-token"); !token.empty()) query.after = token;
    bool encoded = query_of(request, "encoding-type") == "url";
    auto named = [&](const std::string& name) {
      return encoded ? s3::encode_path(name) : xml_escape(name);
    };
    auto listing = contents.list(bucket, query);
    auto xml = fmt::format(
        "<ListBucketResult{}><Name>{}</Name><Prefix>{}</Prefix><MaxKeys>{}</MaxKeys>"
        "<KeyCount>{}</KeyCount><IsTruncated>{}</IsTruncated>",
        name_space, bucket, named(query.prefix), query.most,
        listing.objects.size() + listing.common_prefixes.size(), !listing.next.empty());
    if (encoded) xml += "<EncodingType>url</EncodingType>";
    if (!listing.next.empty())
      xml += fmt::format("<NextContinuationToken>{}</NextContinuationToken>",
                         xml_escape(listing.next));
    for (auto& [key, object] : listing.objects)
      xml += fmt::format(
          "<Contents><Key>{}</Key><LastModified>{:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
          "<ETag>{}</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
          named(key), std::chrono::floor<std::chrono::seconds>(object->modified),
          xml_escape(object->etag), object->bytes.size());
    for (auto& prefix : listing.common_prefixes)
      xml += fmt::format("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", named(prefix));
    return xml_response(200, xml + "</ListBucketResult>");
  }

  S3Result<HttpResponse> put(HttpRequest& request, const std::string& bucket,
                             const std::string& key) {
    S3Object object;
    object.content_type = request.headers.get("Content-Type").value_or("application/octet-stream");
    object.bytes = std::move(request.body);
    object.modified = clock.wall();
    auto replace = request.headers.get("If-None-Match") == "*" ? BucketContents::Replace::no
                                                               : BucketContents::Replace::yes;
    auto stored = contents.put(bucket, key, std::move(object), replace);
    if (!stored) return std::unexpected(stored.error());
    HttpResponse response;
    response.headers.set("ETag", (*stored)->etag);
    return response;
  }

  S3Result<HttpResponse> get(const HttpRequest& request, const std::string& bucket,
                             const std::string& key) {
    auto found = contents.get(bucket, key);
    if (!found) return std::unexpected(found.error());
    auto& object = **found;
    auto response = net::text_response(200, "", object.content_type);
    response.headers.set("ETag", object.etag);
    response.headers.set("Last-Modified", http_date(object.modified));
    response.headers.set("Accept-Ranges", "bytes");
    if (request.headers.get("If-None-Match") == object.etag) {
      response.status = 304;
      return response;
    }
    auto range = range_of(request.headers.get("Range").value_or(""), object.bytes.size());
    if (!range) return std::unexpected(range.error());
    if (*range) {
      auto [first, end] = **range;
      response.status = 206;
      response.body = object.bytes.substr(first, end - first);
      response.headers.set("Content-Range",
                           fmt::format("bytes {}-{}/{}", first, end - 1, object.bytes.size()));
    } else {
      response.body = object.bytes;
    }
    return response;
  }

  S3Result<HttpResponse> put_part(HttpRequest& request) {
    auto number = static_cast<int>(number_in(query_of(request, "partNumber"), 0));
    auto etag = contents.put_part(query_of(request, "uploadId"), number, std::move(request.body));
    if (!etag) return std::unexpected(etag.error());
    HttpResponse response;
    response.headers.set("ETag", *etag);
    return response;
  }

  S3Result<HttpResponse> post(const HttpRequest& request, const std::string& bucket,
                              const std::string& key) {
    if (net::find_field(request.query, "uploads")) {
      auto type = request.headers.get("Content-Type").value_or("application/octet-stream");
      auto id = contents.begin_upload(random.token(), bucket, key, std::string(type));
      return xml_response(
          200, fmt::format("<InitiateMultipartUploadResult{}><Bucket>{}</Bucket><Key>{}</Key>"
                           "<UploadId>{}</UploadId></InitiateMultipartUploadResult>",
                           name_space, bucket, xml_escape(key), id));
    }
    auto ended =
        contents.end_upload(query_of(request, "uploadId"), parts_in(request.body), clock.wall());
    if (!ended) return std::unexpected(ended.error());
    return xml_response(
        200, fmt::format("<CompleteMultipartUploadResult{}><Bucket>{}</Bucket><Key>{}</Key>"
                         "<ETag>{}</ETag></CompleteMultipartUploadResult>",
                         name_space, bucket, xml_escape(key), xml_escape((*ended)->etag)));
  }

  S3Result<HttpResponse> remove(const HttpRequest& request, const std::string& bucket,
                                const std::string& key) {
    auto upload = query_of(request, "uploadId");
    if (upload.empty()) {
      contents.remove(bucket, key);
    } else if (auto gone = contents.abort_upload(upload); !gone) {
      return std::unexpected(gone.error());
    }
    HttpResponse response;
    response.status = 204;
    return response;
  }

  Clock& clock;
  Random& random;
  const S3SimulatorOptions options;
  BucketContents contents;
  StandInServer server;
  mutable std::mutex mutex;
  Counts counts;  ///< under mutex
};

S3Simulator::S3Simulator(asio::any_io_executor executor, Clock& clock, Random& random,
                         S3SimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, std::move(options))) {}
S3Simulator::~S3Simulator() = default;

Result<void> S3Simulator::start() { return impl_->server.start(); }
asio::awaitable<void> S3Simulator::stop(TimePoint deadline) { return impl_->server.stop(deadline); }
std::uint16_t S3Simulator::port() const noexcept { return impl_->server.port(); }

StandInServer& S3Simulator::server() noexcept { return impl_->server; }

S3Simulator::Counts S3Simulator::counts() const {
  std::lock_guard lock(impl_->mutex);
  auto counts = impl_->counts;
  counts.requests = impl_->server.requests();
  counts.objects = impl_->contents.objects();
  counts.uploads = impl_->contents.uploads();
  return counts;
}

}  // namespace parley::simulators
