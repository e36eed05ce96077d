#include "gateway_settings.hpp"

#include <fstream>

namespace parley::app {

Result<gateway::Gateway::Options> read_gateway_options(const Settings& settings) {
  gateway::Gateway::Options options;
  auto allowed = settings.flag("gateway.allow_private");
  if (!allowed) return std::unexpected(allowed.error());
  if (*allowed) options.reach = gateway::Reach::any;
  const auto& name = settings.text("gateway.routes_file");
  if (name.empty()) return options;
  std::ifstream file(name, std::ios::binary);
  if (!file) return fail(Errc::invalid, "gateway.routes_file: cannot read " + name);
  std::string text(std::istreambuf_iterator<char>(file), {});
  auto routes = gateway::parse_route_file(text);
  if (!routes)
    return fail(Errc::invalid, "gateway.routes_file: " + name + ":\n" + routes.error().detail);
  options.file_routes = std::move(*routes);
  return options;
}

}  // namespace parley::app
