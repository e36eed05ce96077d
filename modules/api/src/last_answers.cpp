#include "last_answers.hpp"

#include <fmt/format.h>

#include "idempotency.hpp"
#include "parley/base/strings.hpp"

namespace parley::api {

namespace {

constexpr store::MemoryCacheOptions bounds{.max_entries = 5000, .max_bytes = 32u << 20};
constexpr std::array kept_headers{"Content-Type", "ETag", "Cache-Control"};

std::string key_of(const Request& request) {
  return fmt::format("api/{}/{}/{}", request.who.organization.str(), request.who.principal.id,
                     content_hash(request.http.target));
}

}  // namespace

LastAnswers::LastAnswers(Clock& clock)
    : clock_(clock), cache_(store::make_memory_cache(clock, bounds)) {}

bool LastAnswers::may_keep(const Route& route, const Request& request) {
  return request.http.method == net::Method::get && !route.permission.empty() &&
         !request.who.organization.empty() && route.reply == ReplyKind::envelope;
}

Task<void> LastAnswers::keep(Context ctx, const Request& request,
                             const net::HttpResponse& response) {
  if (response.status != 200 || response.stream || response.body.size() > most_bytes)
    co_return Result<void>{};
  if (response.headers.get("Cache-Control") == "no-store") co_return Result<void>{};
  json::object headers;
  for (auto* name : kept_headers)
    if (auto value = response.headers.get(name)) headers[name] = std::string(*value);
  auto value = json::serialize(json::object{
      {"at", to_rfc3339(clock_.wall())}, {"headers", std::move(headers)}, {"body", response.body}});
  auto keeping = cache_->set(std::move(ctx), key_of(request), std::move(value), longest);
  co_return co_await std::move(keeping);
}

Task<std::optional<net::HttpResponse>> LastAnswers::find(Context ctx, const Request& request) {
  auto finding = cache_->get(std::move(ctx), key_of(request));
  auto found = co_await std::move(finding);
  if (!found) co_return std::unexpected(found.error());
  if (!*found) co_return std::nullopt;
  auto kept = parse_json(**found);
  if (!kept || !kept->is_object()) co_return std::nullopt;
  auto at = parse_rfc3339(text_at(*kept, "/at"));
  if (!at) co_return std::nullopt;
  net::HttpResponse response;
  response.status = 200;
  response.body = text_at(*kept, "/body");
  for (auto* name : kept_headers)
    if (auto value = text_at(*kept, fmt::format("/headers/{}", name)); !value.empty())
      response.headers.set(name, std::move(value));
  auto age = std::chrono::duration_cast<std::chrono::seconds>(clock_.wall() - *at);
  response.headers.set("Age", std::to_string(std::max(age, std::chrono::seconds(0)).count()));
  response.headers.set("Warning", "111 parley \"Revalidation Failed\"");
  response.headers.set("X-Parley-As-Of", to_rfc3339(*at));
  co_return response;
}

}  // namespace parley::api
