// Which web pages may let their visitors talk to a business's agent.
#include "parley/base/strings.hpp"
#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using webvoice::Site;
using webvoice::Sites;

json::object site_json(const Site& site, const Request& in) {
  auto& url = in.services.options.public_url;
  json::value snippet;
  if (!site.key.empty())
    snippet = "<script src=\"" + url + "/widget.js\" data-business=\"" + site.key + "\"></script>";
  return {{"businessId", site.business.str()},
          {"enabled", site.enabled},
          {"origins", json::value_from(site.origins)},
          {"key", or_null(site.key)},
          {"snippet", std::move(snippet)}};
}

Outcome one_site(const Site& site, const Request& in) {
  return Reply{.data = site_json(site, in), .version = site.version};
}

Task<Site> current(Request& in) { return in.services.parts.sites.get(in.ctx, in.id<BusinessId>()); }

Answer get_site(Request& in) {
  return reply(current(in), [&in](const Site& site) { return one_site(site, in); });
}

Answer update_site(Request& in) {
  auto looking = current(in);
  auto site = co_await std::move(looking);
  if (!site) co_return refuse(site.error());
  if (auto good = in.check_if_match(site->version); !good) co_return std::unexpected(good.error());
  auto expected = in.has_if_match() ? site->version : 0;
  if (auto* enabled = in.body.if_contains("enabled")) site->enabled = enabled->as_bool();
  if (auto* origins = in.body.if_contains("origins"))
    site->origins = json::value_to<std::vector<std::string>>(*origins);
  auto updating = in.services.parts.sites.update(in.ctx, std::move(*site), expected);
  auto updated = co_await std::move(updating);
  if (updated) co_return one_site(*updated, in);
  auto refusing = refuse_change(in, updated.error(), current(in));
  co_return co_await std::move(refusing);
}

Answer renew_key(Request& in) {
  return reply(in.services.parts.sites.renew_key(in.ctx, in.id<BusinessId>()),
               [&in](const Site& site) { return one_site(site, in); });
}

Route on_site(net::Method method, std::string path, std::string name, std::string summary,
              Answer (*handler)(Request&)) {
  Route route;
  route.method = method;
  route.path = "/businesses/{id}/web-voice" + path;
  route.group = "businesses";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.thing = "business";
  route.permission = method == net::Method::get ? "businesses:read" : "businesses:write";
  route.response = ref("WebVoice");
  route.handler = handler;
  return route;
}

}  // namespace

void add_web_voice_routes(RouteTable& table) {
  auto origins = list(line(1, 300).example("https://www.example.com"), Sites::most_origins)
                     .about("Pages elsewhere are refused.");
  table.define("WebVoice",
               object({required("businessId", id("biz")), required("enabled", flag()),
                       required("origins", origins), required("key", line(1, 100).or_null()),
                       required("snippet", text(0, 1000).or_null())}));
  table.add(on_site(net::Method::get, "", "getWebVoice",
                    "Which web pages may let their visitors talk to the agent.", get_site));
  auto update = on_site(net::Method::put, "", "updateWebVoice",
                        "Change it; what is left out stays.", update_site);
  update.body = BodyKind::json;
  update.request = object({optional("enabled", flag()), optional("origins", origins)});
  table.add(std::move(update));
  table.add(on_site(net::Method::post, "/key", "renewWebVoiceKey",
                    "A new key for the business's pages; those with the old one stop working.",
                    renew_key));
}

}  // namespace parley::api
