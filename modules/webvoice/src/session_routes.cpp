// What pages ask over HTTP.
#include <boost/asio/ip/address.hpp>

#include "parley/base/strings.hpp"
#include "web_voice_impl.hpp"
#include "widget_files.hpp"

namespace parley::webvoice {

namespace {

constexpr Duration request_limit = std::chrono::seconds(5);

std::string client_address(const net::HttpRequest& http, const std::vector<std::string>& trusted) {
  auto is_trusted = [&](const std::string& address) {
    return std::ranges::find(trusted, address) != trusted.end();
  };
  auto address = http.remote_ip;
  auto forwarded = http.headers.get("X-Forwarded-For");
  if (!forwarded) return address;
  auto hops = split(*forwarded, ',');
  for (auto hop = hops.rbegin(); hop != hops.rend() && is_trusted(address); ++hop) {
    boost::system::error_code ec;
    auto parsed = asio::ip::make_address(std::string(trim(*hop)), ec);
    if (ec) break;
    address = parsed.to_string();
  }
  return address;
}

net::HttpResponse json_response(int status, const json::object& body) {
  auto response = net::text_response(status, json::serialize(body), "application/json");
  response.headers.set("Cache-Control", "no-store");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

/// In the API's envelope.
net::HttpResponse refusal(int status, std::string_view code, std::string_view message,
                          const net::HttpRequest& request) {
  return json_response(
      status,
      {{"success", false}, {"error", message}, {"code", code}, {"requestId", request.request_id}});
}

net::HttpResponse refusal(const Error& error, const net::HttpRequest& request) {
  if (error.code == Errc::not_found)
    return refusal(404, "site_not_found",
                   "There is no such business, or it takes no calls from web pages.", request);
  auto response = refusal(503, "unavailable", "We cannot talk just now. Try again soon.", request);
  response.headers.set("Retry-After", "5");
  return response;
}

void allow(net::HttpResponse& response, const std::string& origin) {
  response.headers.set("Access-Control-Allow-Origin", origin);
  response.headers.set("Access-Control-Expose-Headers", "Retry-After");
  response.headers.add("Vary", "Origin");
}

bool is_json(const net::HttpRequest& request) {
  auto type = request.headers.get("Content-Type").value_or("");
  return iequals(trim(type.substr(0, type.find(';'))), "application/json");
}

/// The business's id, or its key. Empty when the body is none that is taken.
std::string business_in(const net::HttpRequest& request) {
  auto parsed = parse_json(request.body);
  auto* object = parsed ? parsed->if_object() : nullptr;
  constexpr std::size_t longest = 100;
  auto business = object ? text_in(*object, "business") : "";
  return business.size() <= longest ? business : "";
}

}  // namespace

asio::awaitable<net::HttpResponse> WebVoice::Impl::make_session(net::HttpRequest request) {
  auto origin = normalize_origin(request.headers.get("Origin").value_or(""));
  if (!origin) co_return refusal(403, "origin_not_allowed", "Sessions are for web pages.", request);
  auto wait = clients.take(client_address(request, options.trusted_proxies));
  auto too_many = [&](std::chrono::seconds seconds) {
    auto response = refusal(429, "rate_limited", "Too many sessions. Try again soon.", request);
    response.headers.set("Retry-After", std::to_string(seconds.count()));
    return response;
  };
  if (wait) co_return too_many(*wait);
  if (!is_json(request))
    co_return refusal(415, "unsupported_media_type", "The body is JSON.", request);
  auto business = business_in(request);
  if (business.empty())
    co_return refusal(422, "invalid", R"(The body names the business: {"business":"wk_..."}.)",
                      request);
  Context ctx;
  ctx.deadline = parts.clock.now() + request_limit;
  auto finding = parts.sites.find(ctx, std::move(business));
  auto site = co_await std::move(finding);
  if (!site) co_return refusal(site.error(), request);
  bool allowed =
      is_own(*origin) || std::ranges::find(site->origins, *origin) != site->origins.end();
  if (!allowed)
    co_return refusal(403, "origin_not_allowed",
                      "The business does not allow pages of this origin.", request);
  auto answer = [&](net::HttpResponse response) {
    allow(response, *origin);
    return response;
  };
  if (auto full = businesses.take(site->business.str())) co_return answer(too_many(*full));
  ctx.organization = site->organization;
  auto looking = parts.businesses.get(ctx, site->business);
  auto profile = co_await std::move(looking);
  if (!profile) co_return answer(refusal(profile.error(), request));
  auto session = book.make(*site, *origin);
  if (!session)
    co_return answer(too_many(std::chrono::ceil<std::chrono::seconds>(options.token_life)));
  made.add();
  json::object data{{"sessionId", session->session},
                    {"token", session->token},
                    {"resumeToken", session->resume_token},
                    {"url", socket_url + "/voice/" + session->session},
                    {"expiresInSeconds", options.token_life / std::chrono::seconds(1)},
                    {"resumeWithinSeconds", options.resume_within / std::chrono::seconds(1)},
                    {"business", {{"name", (*profile)->name}}},
                    {"agent",
                     {{"name", (*profile)->agent.name},
                      {"language", (*profile)->agent.language},
                      {"recordsCalls", (*profile)->agent.record_calls}}}};
  co_return answer(json_response(201, {{"success", true}, {"data", std::move(data)}}));
}

/// A browser asks before it sends JSON from another origin. It does not say for which business, so
/// whoever some business allows may ask; the session itself is made for its own pages only.
asio::awaitable<net::HttpResponse> WebVoice::Impl::preflight(net::HttpRequest request) {
  auto response = net::text_response(204, "");
  response.headers.set("Allow", "POST, OPTIONS");
  auto origin = normalize_origin(request.headers.get("Origin").value_or(""));
  if (!origin) co_return response;
  Context ctx;
  ctx.deadline = parts.clock.now() + request_limit;
  bool known = is_own(*origin);
  if (!known) {
    auto asking = parts.sites.knows_origin(ctx, *origin);
    known = (co_await std::move(asking)).value_or(false);
  }
  response.headers.add("Vary", "Origin");
  if (!known) co_return response;
  response.headers.set("Access-Control-Allow-Origin", *origin);
  response.headers.set("Access-Control-Allow-Methods", "POST");
  response.headers.set("Access-Control-Allow-Headers", "Content-Type");
  response.headers.set("Access-Control-Max-Age", "600");
  co_return response;
}

asio::awaitable<net::HttpResponse> WebVoice::Impl::demo_page(net::HttpRequest request) {
  if (demo_business.empty())
    co_return refusal(404, "route_not_found", "There is no such address.", request);
  std::string page(files::demo_html);
  constexpr std::string_view place = "{{business}}";
  if (auto at = page.find(place); at != std::string::npos)
    page.replace(at, place.size(), demo_business);
  auto response = widget_file(page, "text/html; charset=utf-8");
  response.headers.set("Content-Security-Policy",
                       "default-src 'none'; script-src 'self'; style-src 'self'; connect-src "
                       "'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'");
  response.headers.set("Cache-Control", "no-store");
  co_return response;
}

net::HttpResponse widget_file(std::string_view content, std::string_view content_type) {
  auto response = net::text_response(200, std::string(content), content_type);
  response.headers.set("Access-Control-Allow-Origin", "*");
  response.headers.set("Cross-Origin-Resource-Policy", "cross-origin");
  response.headers.set("Cache-Control", "public, max-age=300");
  response.headers.set("X-Content-Type-Options", "nosniff");
  return response;
}

void mount_widget(net::Router& router) {
  auto serve = [&router](std::string path, std::string_view content, std::string_view type) {
    router.add(net::Method::get, std::move(path),
               [content, type](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
                 co_return widget_file(content, type);
               });
  };
  constexpr std::string_view script = "text/javascript; charset=utf-8";
  serve("/widget.js", files::widget_js, script);
  serve("/widget-audio.js", files::widget_audio_js, script);
  serve("/demo.css", files::demo_css, "text/css; charset=utf-8");
}

}  // namespace parley::webvoice
