#include "api_settings.hpp"

#include <gtest/gtest.h>

#include "settings.hpp"

namespace parley::app {
namespace {

struct ApiSettings : ::testing::Test {
  Settings settings{setting_specs()};

  void set(std::string_view assignment) { ASSERT_TRUE(settings.set(assignment)); }
};

TEST_F(ApiSettings, TheDefaultsAreTheApisOwnAndBelieveNoProxy) {
  auto options = read_api_options(settings);
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->trusted_proxies.empty());
  EXPECT_TRUE(options->cors_origins.empty());
  const api::ApiOptions own;
  EXPECT_EQ(options->per_client.per_second, own.per_client.per_second);
  EXPECT_EQ(options->per_client.burst, own.per_client.burst);
  EXPECT_EQ(options->per_organization.per_second, own.per_organization.per_second);
  EXPECT_EQ(options->per_organization.burst, own.per_organization.burst);
}

TEST_F(ApiSettings, WhatIsSetIsTaken) {
  set("api.client_per_second=7");
  set("api.client_burst=9");
  set("api.organization_per_second=0");
  set("api.organization_burst=11");
  set("server.trusted_proxies=10.0.0.1  FD00::0001");
  set("server.cors_origins=https://a.example https://b.example");
  auto options = read_api_options(settings);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->per_client.per_second, 7);
  EXPECT_EQ(options->per_client.burst, 9);
  EXPECT_EQ(options->per_organization.per_second, 0);
  EXPECT_EQ(options->per_organization.burst, 11);
  // Written as the server writes a peer's address, or it would never match.
  EXPECT_EQ(options->trusted_proxies, (std::vector<std::string>{"10.0.0.1", "fd00::1"}));
  EXPECT_EQ(options->cors_origins,
            (std::vector<std::string>{"https://a.example", "https://b.example"}));
}

TEST_F(ApiSettings, WhatIsNoAddressOrNoRateIsRefusedByItsKey) {
  for (auto* wrong : {"server.trusted_proxies=10.0.0.0/8", "server.trusted_proxies=proxy.example",
                      "api.client_per_second=-1", "api.client_burst=0",
                      "api.organization_per_second=many", "api.organization_burst=0"}) {
    Settings changed(setting_specs());
    std::string_view assignment = wrong;
    ASSERT_TRUE(changed.set(assignment));
    auto options = read_api_options(changed);
    ASSERT_FALSE(options) << wrong;
    EXPECT_EQ(options.error().code, Errc::invalid) << wrong;
    auto key = assignment.substr(0, assignment.find('='));
    EXPECT_NE(options.error().detail.find(key), std::string::npos) << options.error().detail;
  }
}

}  // namespace
}  // namespace parley::app
