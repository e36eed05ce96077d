#include "endpoint.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"

namespace parley::owntools {
namespace {

constexpr std::string_view signing_prefix = "whsec_";

std::string about(const BusinessId& business, std::string_view tool) {
  return business.str() + "/" + std::string(tool);
}

}  // namespace

auth::SecretKey secret_key(const auth::MasterKey& master) { return master.derive("own tools"); }

std::string seal_secret(const auth::SecretKey& key, const BusinessId& business,
                        std::string_view tool, std::string_view secret) {
  return base64url_encode(as_bytes(auth::seal(key, secret, about(business, tool))));
}

Result<void> check_secret(std::string_view secret) {
  if (secret.starts_with(signing_prefix)) {
    auto parsed = webhooks::StandardSecret::parse(secret);
    if (!parsed) return std::unexpected(parsed.error());
    return {};
  }
  bool visible = std::ranges::all_of(secret, [](char c) { return c > 0x20 && c < 0x7F; });
  if (secret.size() < 8 || secret.size() > 500 || !visible)
    return fail(Errc::invalid, "a secret is whsec_..., or 8 to 500 visible characters");
  return {};
}

Endpoint::Endpoint(const OwnToolsParts& parts, const OwnToolsOptions& options, std::string url)
    : parts_(parts), options_(options), url_(std::move(url)) {}

Result<void> Endpoint::use_secret(const BusinessId& business, const business::OwnTool& tool) {
  if (tool.sealed_secret.empty()) return {};
  auto sealed = base64url_decode(tool.sealed_secret);
  if (!sealed) return std::unexpected(sealed.error());
  auto secret = auth::unseal(parts_.key, as_text(*sealed), about(business, tool.name));
  if (!secret) return std::unexpected(secret.error());
  if (!secret->starts_with(signing_prefix)) {
    token_ = std::move(*secret);
    return {};
  }
  auto parsed = webhooks::StandardSecret::parse(*secret);
  if (!parsed) return std::unexpected(parsed.error());
  signing_ = std::move(*parsed);
  return {};
}

Task<net::HttpResponse> Endpoint::post(Context ctx, Request request) const {
  auto now = parts_.clock.wall();
  auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (request.id.empty()) request.id = parts_.random.token(16);
  net::OutgoingRequest outgoing;
  outgoing.method = net::Method::post;
  outgoing.url = url_;
  outgoing.headers = std::move(request.headers);
  outgoing.headers.set("Content-Type", "application/json");
  outgoing.headers.set("webhook-id", request.id);
  outgoing.headers.set("webhook-timestamp", std::to_string(seconds));
  if (signing_)
    outgoing.headers.set("webhook-signature", signing_->sign(request.id, now, request.body));
  if (!token_.empty()) outgoing.headers.set("Authorization", "Bearer " + token_);
  outgoing.body = std::move(request.body);
  outgoing.timeout = request.time_limit;
  outgoing.max_response_bytes = options_.most_answer_bytes;
  outgoing.public_addresses_only = options_.addresses == OwnToolsOptions::Addresses::public_only;
  auto until = std::min(parts_.clock.now() + request.time_limit, ctx.deadline);
  // The client keeps time by the real clock; the limit is ours.
  ctx.deadline = TimePoint::max();
  auto sending = parts_.http.send(std::move(ctx), std::move(outgoing));
  co_return co_await with_deadline(parts_.clock, until, std::move(sending));
}

json::object as_result(std::string_view text) {
  auto parsed = parse_json(text);
  if (parsed && parsed->is_object()) return std::move(parsed->as_object());
  if (parsed) return {{"result", std::move(*parsed)}};
  auto plain = std::string(text);
  std::erase_if(plain, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
  return {{"text", is_valid_utf8(plain) ? plain : latin1_to_utf8(plain)}};
}

Error error_of(int status) {
  auto detail = "the tool answered " + std::to_string(status);
  if (status == 404 || status == 410) return {Errc::not_found, detail};
  if (status == 401 || status == 403) return {Errc::forbidden, detail};
  if (status == 409) return {Errc::conflict, detail};
  if (status == 429) return {Errc::rate_limited, detail};
  if (status >= 400 && status < 500) return {Errc::invalid, detail};
  return {Errc::unavailable, detail};
}

}  // namespace parley::owntools
