#include "idempotency.hpp"

#include <sodium.h>

#include "parley/base/strings.hpp"

namespace parley::api {

namespace {

constexpr auto lease = std::chrono::seconds(60);
constexpr std::size_t sweep_one_in = 64;

std::string place_of(const Idempotency::Key& key) { return key.scope + "\n" + key.key; }

std::string packed(const net::HttpResponse& response) {
  json::array headers;
  for (auto& [name, value] : response.headers.all()) headers.push_back(json::array{name, value});
  return json::serialize(json::object{
      {"status", response.status}, {"headers", std::move(headers)}, {"body", response.body}});
}

net::HttpResponse unpacked(const json::object& object) {
  net::HttpResponse response;
  response.status = static_cast<int>(object.at("status").as_int64());
  for (auto& header : object.at("headers").as_array())
    response.headers.add(std::string_view(header.at(0).as_string()),
                         std::string(header.at(1).as_string()));
  response.body = std::string(object.at("body").as_string());
  return response;
}

}  // namespace

std::string content_hash(std::string_view content) {
  std::array<std::byte, 18> digest;
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                     reinterpret_cast<const unsigned char*>(content.data()), content.size(),
                     nullptr, 0);
  return base64url_encode(digest);
}

Idempotency::Idempotency(const ApiParts& parts, const ApiOptions& options)
    : database_(parts.database),
      random_(parts.random),
      secret_(parts.master.derive("idempotent-answers")),
      life_(options.idempotency_life) {}

Result<net::HttpResponse> Idempotency::opened(const Key& key,
                                              const store::Value::Blob& sealed) const {
  auto text = auth::unseal(secret_, as_text(sealed), place_of(key));
  if (!text) return std::unexpected(text.error());
  auto object = parse_json(*text);
  if (!object || !object->is_object()) return fail(Errc::corrupt, "a kept answer is damaged");
  return unpacked(object->get_object());
}

Result<Idempotency::Begun> Idempotency::look(store::Tx& tx, const Key& key,
                                             const std::string& attempt) const {
  if (random_.next_u64() % sweep_one_in == 0) {
    auto swept = tx.execute("DELETE FROM api_idempotency_keys WHERE expires_at <= ?1", {tx.now()});
    if (!swept) return std::unexpected(swept.error());
  }
  auto claimed = tx.execute(
      "INSERT INTO api_idempotency_keys (scope, key, request_hash, attempt, lease_until, "
      "expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (scope, key) DO NOTHING",
      {key.scope, key.key, key.request_hash, attempt, tx.now() + lease, tx.now() + life_});
  if (!claimed) return std::unexpected(claimed.error());
  if (*claimed == 1) return Begun(Run{attempt});
  auto row = tx.one("SELECT * FROM api_idempotency_keys WHERE scope = ?1 AND key = ?2",
                    {key.scope, key.key});
  if (!row) return std::unexpected(row.error());
  bool expired = row->time("expires_at") <= tx.now();
  if (!expired && row->text("request_hash") != key.request_hash) return Begun(OtherRequest{});
  if (!expired && !row->is_null("answer")) {
    auto answer = opened(key, row->blob("answer"));
    if (!answer) return std::unexpected(answer.error());
    return Begun(std::move(*answer));
  }
  if (!expired && row->time("lease_until") > tx.now()) return Begun(StillRunning{});
  auto taken = tx.execute(
      "UPDATE api_idempotency_keys SET request_hash = ?1, attempt = ?2, lease_until = ?3, "
      "expires_at = ?4, answer = NULL WHERE scope = ?5 AND key = ?6",
      {key.request_hash, attempt, tx.now() + lease, tx.now() + life_, key.scope, key.key});
  if (!taken) return std::unexpected(taken.error());
  return Begun(Run{attempt});
}

Task<Idempotency::Begun> Idempotency::begin(Context ctx, Key key) {
  auto attempt = random_.token(12);
  auto change = [&](store::Tx& tx) { return look(tx, key, attempt); };
  co_return co_await database_.write(ctx, change);
}

Task<void> Idempotency::finish(Context ctx, Key key, Run run, const net::HttpResponse& response) {
  auto sealed = auth::seal(secret_, packed(response), place_of(key));
  auto bytes = as_bytes(sealed);
  store::Value::Blob blob(bytes.begin(), bytes.end());
  auto change = [&](store::Tx& tx) -> Result<void> {
    auto kept = tx.execute(
        "UPDATE api_idempotency_keys SET answer = ?1 WHERE scope = ?2 AND key = ?3 "
        "AND attempt = ?4",
        {blob, key.scope, key.key, run.attempt});
    if (!kept) return std::unexpected(kept.error());
    return {};
  };
  co_return co_await database_.write(ctx, change);
}

Task<void> Idempotency::abandon(Context ctx, Key key, Run run) {
  auto change = [&](store::Tx& tx) -> Result<void> {
    auto dropped = tx.execute(
        "DELETE FROM api_idempotency_keys WHERE scope = ?1 AND key = ?2 AND attempt = ?3",
        {key.scope, key.key, run.attempt});
    if (!dropped) return std::unexpected(dropped.error());
    return {};
  };
  co_return co_await database_.write(ctx, change);
}

}  // namespace parley::api
