#include "bucket.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"
#include "s3_errors.hpp"

namespace parley::s3 {

namespace {

constexpr Duration request_timeout = std::chrono::minutes(2);
constexpr std::size_t longest_get = 256u << 20;

bool is_bucket_name(std::string_view name) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
  };
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, allowed) &&
         name.front() != '.' && name.front() != '-' && name.back() != '.' && name.back() != '-' &&
         !name.contains("..");
}

/// The port is not in the Host header when it is the scheme's own.
std::string without_usual_port(std::string authority, std::string_view scheme) {
  std::string_view usual = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(usual)) authority.resize(authority.size() - usual.size());
  return authority;
}

}  // namespace

Result<BucketOptions> parse_bucket_url(std::string_view url) {
  constexpr std::string_view scheme = "s3://";
  if (!url.starts_with(scheme)) return fail(Errc::invalid, "objects.url: s3://bucket/prefix");
  url.remove_prefix(scheme.size());
  BucketOptions options;
  auto slash = std::min(url.find('/'), url.size());
  options.bucket = url.substr(0, slash);
  auto prefix = url.substr(slash);
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  options.prefix = prefix;
  if (!is_bucket_name(options.bucket))
    return fail(Errc::invalid, "objects.url: not the name of a bucket");
  if (!prefix.empty())
    if (auto good = store::check_object_key(prefix); !good)
      return fail(Errc::invalid, "objects.url: the prefix has characters a key cannot have");
  return options;
}

Bucket::Bucket(StoreParts parts, BucketOptions options)
    : parts_(parts), options_(std::move(options)) {
  auto endpoint = options_.endpoint;
  bool amazons = endpoint.empty();
  if (amazons) endpoint = fmt::format("https://s3.{}.amazonaws.com", options_.region);
  while (endpoint.ends_with('/')) endpoint.pop_back();
  auto colon = endpoint.find("://");
  if (colon != std::string::npos) {
    scheme_ = to_lower(endpoint.substr(0, colon));
    host_ = without_usual_port(to_lower(endpoint.substr(colon + 3)), scheme_);
  }
  using Addressing = BucketOptions::Addressing;
  bool in_host = options_.addressing == Addressing::by_choice
                     ? amazons && !options_.bucket.contains('.')
                     : options_.addressing == Addressing::host;
  path_prefix_ = "/";
  if (in_host)
    host_ = options_.bucket + "." + host_;
  else
    path_prefix_ += options_.bucket + "/";
  if (!options_.prefix.empty()) path_prefix_ += options_.prefix + "/";
}

Result<void> Bucket::check() const {
  if ((scheme_ != "http" && scheme_ != "https") || host_.empty() || host_.contains('/') ||
      host_.contains('@'))
    return fail(Errc::invalid, "objects.endpoint: http://host:port or https://host");
  if (options_.region.empty()) return fail(Errc::invalid, "objects.region: needed to sign");
  if (options_.credentials.access_key.empty() || options_.credentials.secret_key.empty())
    return fail(Errc::invalid,
                "objects.url names a bucket: s3.access_key_id and s3.secret_access_key are needed");
  return {};
}

Task<net::HttpResponse> Bucket::send(Context ctx, Ask ask) {
  std::function<Result<std::string>()> hash = [body = ask.body]() -> Result<std::string> {
    return sha256_hex(*body);
  };
  auto hashing = parts_.pool.run<std::string>(std::move(hash));
  auto payload_hash = co_await std::move(hashing);
  if (!payload_hash) co_return std::unexpected(payload_hash.error());
  resilience::Operation operation{ask.operation, resilience::Repeat::safe};
  auto shared = std::make_shared<const Ask>(std::move(ask));
  auto call = [this, shared, &payload_hash](Context limited) {
    return attempt(std::move(limited), shared, *payload_hash);
  };
  auto sending = parts_.policy.run(std::move(ctx), std::move(operation), std::move(call));
  co_return co_await std::move(sending);
}

/// Signed anew each time: a signature is of its minute.
Task<net::HttpResponse> Bucket::attempt(Context ctx, std::shared_ptr<const Ask> ask,
                                        std::string payload_hash) {
  Signable signable;
  signable.method = net::to_string(ask->method);
  signable.path = path_prefix_ + ask->key;
  signable.query = ask->query;
  signable.headers = ask->headers;
  signable.headers.set("Host", host_);
  signable.payload_hash = std::move(payload_hash);
  sign(signable, options_.credentials, {options_.region, parts_.clock.wall()});
  net::OutgoingRequest request;
  request.method = ask->method;
  request.url = fmt::format("{}://{}{}", scheme_, host_, encode_path(signable.path));
  if (!ask->query.empty()) request.url += "?" + canonical_query(ask->query);
  request.headers = std::move(signable.headers);
  request.body = *ask->body;
  request.timeout = request_timeout;
  request.max_response_bytes = std::min(ask->max_response_bytes, longest_get);
  auto sending = parts_.http.send(std::move(ctx), std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (is_error_page(*response) && ask->method != net::Method::get)
    co_return std::unexpected(error_of(*response));
  if (response->status >= 300) co_return std::unexpected(error_of(*response));
  co_return response;
}

}  // namespace parley::s3
