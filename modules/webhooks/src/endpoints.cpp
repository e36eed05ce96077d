#include "parley/webhooks/endpoints.hpp"

#include <boost/url/parse.hpp>

#include "endpoint_rows.hpp"
#include "parley/base/strings.hpp"

namespace parley::webhooks {

namespace {

constexpr std::size_t max_url_bytes = 2000;
constexpr std::size_t max_description_bytes = 500;

Result<void> check_url(const std::string& text) {
  auto url = boost::urls::parse_uri(text);
  if (!url || text.size() > max_url_bytes) return fail(Errc::invalid, "url is not a URL");
  auto scheme = to_lower(std::string(url->scheme()));
  if (scheme != "http" && scheme != "https")
    return fail(Errc::invalid, "url must start with https:// or http://");
  if (url->host().empty()) return fail(Errc::invalid, "url names no host");
  // They would be sent to whoever the name leads to, and shown to all who may see endpoints.
  if (url->has_userinfo()) return fail(Errc::invalid, "url must not hold a user or password");
  return {};
}

bool is_filter(std::string_view text) {
  if (text.ends_with(".*")) text.remove_suffix(2);
  auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  return !text.empty() && text.size() <= 100 && std::ranges::all_of(text, is_plain);
}

Result<void> check(const Endpoint& endpoint) {
  if (auto good = check_url(endpoint.url); !good) return good;
  if (endpoint.description.size() > max_description_bytes)
    return fail(Errc::invalid, "description is longer than 500 bytes");
  if (endpoint.events.size() > Endpoints::max_filters)
    return fail(Errc::invalid, "events has more than 50 filters");
  for (auto& filter : endpoint.events)
    if (!is_filter(filter))
      return fail(Errc::invalid, "events holds types like call.ended, or call.* for all of a kind");
  return {};
}

Result<void> tell(store::Tx& tx, const EndpointId& id, std::string type, json::object data) {
  auto told = tx.append(endpoint_stream(id), {std::move(type), std::move(data)});
  if (!told) return std::unexpected(told.error());
  return {};
}

}  // namespace

Endpoints::Endpoints(Clock& clock, Random& random, store::Database& database,
                     const auth::MasterKey& master)
    : clock_(clock),
      random_(random),
      database_(database),
      key_(master.derive("webhook endpoints")) {}

std::string Endpoints::sealed(const StandardSecret& secret, const EndpointId& id) const {
  return base64url_encode(as_bytes(auth::seal(key_, secret.text(), id.str())));
}

Task<MadeEndpoint> Endpoints::create(Context ctx, NewEndpoint request) {
  auto secret = StandardSecret::make(random_);
  MadeEndpoint made;
  made.secret = secret.text();
  auto& endpoint = made.endpoint;
  endpoint.id = EndpointId::make(clock_, random_);
  endpoint.url = std::move(request.url);
  endpoint.description = std::move(request.description);
  endpoint.events = std::move(request.events);
  endpoint.version = 1;
  if (auto good = check(endpoint); !good) co_return std::unexpected(good.error());
  auto change = [&](store::Tx& tx) -> Result<void> {
    endpoint.created = endpoint.updated = tx.now();
    auto many = EndpointRows::count(tx);
    if (!many) return std::unexpected(many.error());
    if (*many >= max_endpoints)
      return fail(Errc::conflict, "an organization has at most 50 webhook endpoints");
    auto put = EndpointRows::insert(tx, endpoint, sealed(secret, endpoint.id));
    if (!put) return put;
    return tell(tx, endpoint.id, "webhook_endpoint.created", {{"url", endpoint.url}});
  };
  auto stored = co_await database_.write(ctx, change);
  if (!stored) co_return std::unexpected(stored.error());
  co_return made;
}

Task<std::vector<Endpoint>> Endpoints::list(Context ctx) {
  auto look = [](store::Tx& tx) { return EndpointRows::list(tx); };
  co_return co_await database_.read(ctx, look);
}

Task<Endpoint> Endpoints::get(Context ctx, EndpointId id) {
  auto look = [&](store::Tx& tx) { return EndpointRows::get(tx, id); };
  co_return co_await database_.read(ctx, look);
}

Task<Endpoint> Endpoints::change(Context ctx, EndpointId id, EndpointChange change) {
  auto apply = [&](store::Tx& tx) -> Result<Endpoint> {
    auto endpoint = EndpointRows::get(tx, id);
    if (!endpoint) return endpoint;
    if (change.expected_version && *change.expected_version != endpoint->version)
      return fail(Errc::conflict, "the endpoint was changed in the meantime");
    if (change.url) endpoint->url = *change.url;
    if (change.description) endpoint->description = *change.description;
    if (change.events) endpoint->events = *change.events;
    if (change.state) {
      endpoint->state = *change.state;
      endpoint->disabled_reason.clear();
      endpoint->failing_since.reset();
    }
    if (auto good = check(*endpoint); !good) return std::unexpected(good.error());
    endpoint->updated = tx.now();
    ++endpoint->version;
    if (auto put = EndpointRows::update(tx, *endpoint); !put) return std::unexpected(put.error());
    bool on = endpoint->state == Endpoint::State::enabled;
    auto told = tell(tx, id, "webhook_endpoint.updated", {{"url", endpoint->url}, {"enabled", on}});
    if (!told) return std::unexpected(told.error());
    return endpoint;
  };
  co_return co_await database_.write(ctx, apply);
}

Task<void> Endpoints::remove(Context ctx, EndpointId id) {
  auto change = [&](store::Tx& tx) -> Result<void> {
    if (auto gone = EndpointRows::remove(tx, id); !gone) return gone;
    return tell(tx, id, "webhook_endpoint.removed", {});
  };
  co_return co_await database_.write(ctx, change);
}

Task<MadeEndpoint> Endpoints::rotate_secret(Context ctx, EndpointId id) {
  auto secret = StandardSecret::make(random_);
  auto change = [&](store::Tx& tx) -> Result<MadeEndpoint> {
    auto overlap = std::chrono::duration_cast<std::chrono::milliseconds>(secret_overlap);
    auto put = EndpointRows::rotate(tx, id, sealed(secret, id), tx.now() + overlap);
    if (!put) return std::unexpected(put.error());
    auto endpoint = EndpointRows::get(tx, id);
    if (!endpoint) return std::unexpected(endpoint.error());
    if (auto told = tell(tx, id, "webhook_endpoint.secret_rotated", {}); !told)
      return std::unexpected(told.error());
    return MadeEndpoint{*endpoint, secret.text()};
  };
  co_return co_await database_.write(ctx, change);
}

Result<std::vector<StandardSecret>> Endpoints::secrets(store::Tx& tx, const EndpointId& id) const {
  auto kept = EndpointRows::sealed_secrets(tx, id);
  if (!kept) return std::unexpected(kept.error());
  std::vector<StandardSecret> secrets;
  for (auto& text : *kept) {
    auto bytes = base64url_decode(text);
    if (!bytes) return fail(Errc::corrupt, "an endpoint's secret is not base64url");
    auto opened = auth::unseal(key_, as_text(*bytes), id.str());
    if (!opened) return std::unexpected(opened.error());
    auto secret = StandardSecret::parse(*opened);
    if (!secret) return fail(Errc::corrupt, "an endpoint's secret is none");
    secrets.push_back(std::move(*secret));
  }
  return secrets;
}

}  // namespace parley::webhooks
