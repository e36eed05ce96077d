#include "parley/base/settings.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace parley {
namespace {

constexpr SettingSpec specs[]{
    {"server.listen", "127.0.0.1:8080", "address"},
    {"server.public_url", "", "url"},
    {"twilio.auth_token", "", "token", true},
    {"calls.max", "1000", "count"},
    {"log.json", "false", "format"},
    {"resilience.twilio.attempts", "3", "count"},
};

struct SettingsTest : ::testing::Test {
  Settings settings{specs};
  std::filesystem::path file = std::filesystem::temp_directory_path() /
                               ("parley-settings-" + std::to_string(getpid()) + ".toml");
  ~SettingsTest() override { std::filesystem::remove(file); }
  Result<void> load(std::string_view text) {
    std::ofstream(file) << text;
    return settings.load_file(file);
  }
  Result<void> environment(std::vector<std::string> variables) {
    std::vector<char*> pointers;
    for (auto& variable : variables) pointers.push_back(variable.data());
    pointers.push_back(nullptr);
    constexpr std::string_view others[]{"PARLEY_DEMO_PASSWORD"};
    return settings.load_environment(pointers.data(), others);
  }
};

TEST_F(SettingsTest, LaterSourcesWin) {
  ASSERT_TRUE(
      load("[server]\nlisten = \"0.0.0.0:1\"\npublic_url = \"https://a\"\n[calls]\nmax = 5\n"));
  ASSERT_TRUE(
      environment({"PARLEY_SERVER_LISTEN=0.0.0.0:2", "PATH=/bin", "PARLEY_DEMO_PASSWORD=x"}));
  ASSERT_TRUE(settings.set("server.listen=0.0.0.0:3"));
  EXPECT_EQ(settings.text("server.listen"), "0.0.0.0:3");
  EXPECT_EQ(settings.text("server.public_url"), "https://a");
  EXPECT_EQ(settings.integer("calls.max", 1, 10).value(), 5);
  EXPECT_FALSE(settings.flag("log.json").value());
}

TEST_F(SettingsTest, ATypoIsRefusedWithTheNearestKey) {
  auto in_file = load("[server]\nlisen = \"x\"\n");
  ASSERT_FALSE(in_file);
  EXPECT_NE(in_file.error().detail.find(
                ":2: unknown setting 'server.lisen'; did you mean 'server.listen'?"),
            std::string::npos)
      << in_file.error().detail;
  auto in_environment = environment({"PARLEY_SERVER_LISTN=x"});
  ASSERT_FALSE(in_environment);
  EXPECT_NE(in_environment.error().detail.find("did you mean PARLEY_SERVER_LISTEN?"),
            std::string::npos);
  EXPECT_EQ(settings.set("server.listen").error().code, Errc::invalid);
  EXPECT_EQ(settings.set("nothing.such=1").error().code, Errc::invalid);
}

TEST_F(SettingsTest, BadFilesAndValuesSayWhere) {
  EXPECT_EQ(settings.load_file("/nonexistent.toml").error().code, Errc::not_found);
  EXPECT_EQ(load("[server\n").error().code, Errc::invalid);
  EXPECT_EQ(load("listen = 1\n").error().code, Errc::invalid);
  EXPECT_EQ(load("[server]\nlisten = [1]\n").error().code, Errc::invalid);
  ASSERT_TRUE(settings.set("calls.max=many"));
  auto number = settings.integer("calls.max", 1, 10);
  ASSERT_FALSE(number);
  EXPECT_EQ(number.error().detail, "calls.max = 'many' (flag) must be a whole number from 1 to 10");
  ASSERT_TRUE(settings.set("log.json=perhaps"));
  EXPECT_EQ(settings.flag("log.json").error().code, Errc::invalid);
}

TEST_F(SettingsTest, TablesMayStandInTables) {
  ASSERT_TRUE(load("[resilience.twilio]\nattempts = 5\n"));
  EXPECT_EQ(settings.integer("resilience.twilio.attempts", 1, 10).value(), 5);
  ASSERT_TRUE(environment({"PARLEY_RESILIENCE_TWILIO_ATTEMPTS=7"}));
  EXPECT_EQ(settings.integer("resilience.twilio.attempts", 1, 10).value(), 7);
  auto typo = load("[resilience.twilio]\n\natempts = 5\n");
  ASSERT_FALSE(typo);
  EXPECT_NE(typo.error().detail.find(":3: unknown setting 'resilience.twilio.atempts'; did you "
                                     "mean 'resilience.twilio.attempts'?"),
            std::string::npos)
      << typo.error().detail;
  EXPECT_EQ(load("[server.listen]\nport = 1\n").error().code, Errc::invalid);
}

TEST_F(SettingsTest, SecretsAreMasked) {
  ASSERT_TRUE(settings.set("twilio.auth_token=0123456789abcdef"));
  for (auto& entry : settings.in_force()) {
    if (entry.key != "twilio.auth_token") continue;
    EXPECT_EQ(entry.value, "****ef");
    EXPECT_EQ(entry.source, "flag");
  }
}

}  // namespace
}  // namespace parley
