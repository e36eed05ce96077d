#include "api_settings.hpp"

#include <boost/asio/ip/address.hpp>

#include "parley/base/strings.hpp"

namespace parley::app {

namespace {

std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> found;
  for (auto& word : split(text, ' '))
    if (!word.empty()) found.push_back(word);
  return found;
}

/// As the server writes a peer's address, so that one proxy has one spelling.
Result<std::vector<std::string>> proxies(const Settings& settings) {
  std::vector<std::string> found;
  for (auto& word : words(settings.text("server.trusted_proxies"))) {
    boost::system::error_code ec;
    auto address = asio::ip::make_address(word, ec);
    if (ec)
      return fail(Errc::invalid, "server.trusted_proxies: '" + word +
                                     "' is not an IP address such as 10.0.0.1 or fd00::1");
    found.push_back(address.to_string());
  }
  return found;
}

Result<api::RateLimit> rate(const Settings& settings, const std::string& whose) {
  auto per_second = settings.integer("api." + whose + "_per_second", 0, 1'000'000);
  if (!per_second) return std::unexpected(per_second.error());
  auto burst = settings.integer("api." + whose + "_burst", 1, 1'000'000);
  if (!burst) return std::unexpected(burst.error());
  return api::RateLimit{static_cast<double>(*per_second), static_cast<double>(*burst)};
}

}  // namespace

Result<api::ApiOptions> read_api_options(const Settings& settings) {
  api::ApiOptions options;
  options.public_url = settings.text("server.public_url");
  options.cors_origins = words(settings.text("server.cors_origins"));
  auto trusted = proxies(settings);
  if (!trusted) return std::unexpected(trusted.error());
  options.trusted_proxies = std::move(*trusted);
  auto client = rate(settings, "client");
  if (!client) return std::unexpected(client.error());
  options.per_client = *client;
  auto organization = rate(settings, "organization");
  if (!organization) return std::unexpected(organization.error());
  options.per_organization = *organization;
  return options;
}

}  // namespace parley::app
