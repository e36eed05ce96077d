// The program as a person meets it: its commands, what they print, and their exit codes (0 done, 1
// failed, 2 used wrongly, 3 something is away).
#include "program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "parley/base/json.hpp"

namespace parley::program {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// The entry of `parley config --json` for this key.
json::object setting(const Ran& ran, std::string_view key) {
  EXPECT_EQ(ran.code, 0) << ran.err;
  for (auto& entry : json::parse(ran.out).as_array())
    if (entry.at("key").as_string() == key) return entry.as_object();
  ADD_FAILURE() << key << " is not shown: " << ran.out;
  return {};
}

TEST(Program, SaysHowItIsUsed) {
  Folder folder;
  auto help = folder.run({"--help"});
  EXPECT_EQ(help.code, 0);
  for (auto* command : {"serve", "call", "simulate", "doctor", "config", "migrate", "events"})
    EXPECT_THAT(help.out, HasSubstr(command));
  auto version = folder.run({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.out, StartsWith("parley "));
  for (auto& wrong : std::vector<std::vector<std::string>>{
           {}, {"sevre"}, {"serve", "--dmeo"}, {"call"}, {"config", "extra"}}) {
    auto ran = folder.run(wrong);
    EXPECT_EQ(ran.code, 2) << ran.out << ran.err;
    EXPECT_FALSE(ran.err.empty());
  }
}

TEST(Program, TheLaterSettingWins) {
  Folder folder;
  auto file = folder.write("mine.toml", "[calls]\nmax = 11\n[log]\nlevel = \"warn\"\n");
  auto of_default = setting(folder.run({"config", "--json"}), "calls.max");
  EXPECT_EQ(of_default.at("value").as_string(), "1000");
  EXPECT_EQ(of_default.at("source").as_string(), "default");
  EXPECT_EQ(of_default.at("environment").as_string(), "PARLEY_CALLS_MAX");
  EXPECT_FALSE(of_default.at("help").as_string().empty());
  auto by_file = folder.run({"--config", file, "config", "--json"});
  EXPECT_EQ(setting(by_file, "calls.max").at("value").as_string(), "11");
  std::map<std::string, std::string> environment{{"PARLEY_CALLS_MAX", "12"},
                                                 {"PARLEY_CONFIG", file}};
  auto by_environment = folder.run({"config", "--json"}, environment);
  EXPECT_EQ(setting(by_environment, "calls.max").at("value").as_string(), "12");
  EXPECT_EQ(setting(by_environment, "log.level").at("value").as_string(), "warn");
  auto by_flag = folder.run({"config", "--json", "--set", "calls.max=13"}, environment);
  EXPECT_EQ(setting(by_flag, "calls.max").at("value").as_string(), "13");
  folder.write("parley.toml", "[calls]\nmax = 14\n");
  EXPECT_EQ(setting(folder.run({"config", "--json"}), "calls.max").at("value").as_string(), "14");
  auto shown = folder.run({"config"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, AllOf(HasSubstr("calls.max"), HasSubstr("14"), HasSubstr("parley.toml")));
}

TEST(Program, SecretsAreNotShown) {
  Folder folder;
  auto url = "postgresql://parley:s3cretword@127.0.0.1/parley";
  for (auto& form : std::vector<std::vector<std::string>>{{"config"}, {"config", "--json"}}) {
    auto ran = folder.run(form, {{"PARLEY_AUTH_OWNER_PASSWORD", "s3cretword"},
                                 {"PARLEY_TWILIO_AUTH_TOKEN", "s3cretword"},
                                 {"PARLEY_DATABASE_URL", url}});
    EXPECT_EQ(ran.code, 0);
    EXPECT_THAT(ran.out, Not(HasSubstr("s3cretword")));
  }
}

TEST(Program, SettingsThatAreWrongAreNamed) {
  Folder folder;
  auto expect = [&](const Ran& ran, std::string_view words) {
    EXPECT_EQ(ran.code, 2) << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(words));
    EXPECT_THAT(ran.err, StartsWith("parley: "));
  };
  for (auto* command : {"config", "doctor", "migrate", "events", "serve"}) {
    expect(folder.run({command, "--set", "server.lisen=1"}), "server.listen");
    expect(folder.run({command, "--set", "nonsense"}), "nonsense");
    expect(folder.run({command}, {{"PARLEY_SERVER_LISTN", "x"}}), "PARLEY_SERVER_LISTEN");
    expect(folder.run({command, "--config", "nowhere.toml"}), "nowhere.toml");
    expect(folder.run({command, "--config", folder.write("broken.toml", "[server\n")}),
           "broken.toml");
    expect(folder.run({command, "--config", folder.write("typo.toml", "[calls]\nmxa = 1\n")}),
           "calls.max");
  }
  auto serve = [&](std::string assignment) {
    return folder.run({"serve", "--set", "server.listen=127.0.0.1:0", "--set", assignment});
  };
  expect(serve("server.listen=8080"), "address:port");
  expect(serve("server.listen=127.0.0.1:99999"), "address:port");
  expect(serve("server.threads=-1"), "server.threads");
  expect(serve("calls.max=many"), "calls.max");
  expect(serve("calls.max=0"), "calls.max");
  expect(serve("calls.end_of_turn_ms=10"), "calls.end_of_turn_ms");
  for (auto* wrong : {"400", "0d", "d", "4 weeks", "-3d", "40000d", "1.5d"})
    expect(serve("events.retention=" + std::string(wrong)), "400d");
  expect(serve("log.level=loud"), "log.level");
  expect(serve("log.format=xml"), "log.format");
  expect(serve("auth.master_key=short"), "master");
  expect(folder.run({"doctor", "--set", "server.listen=nonsense"}), "address:port");
}

TEST(Program, WhatKeepsAServerFromStartingIsSaid) {
  Folder folder;
  auto serve = [&](std::vector<std::string> assignments) {
    std::vector<std::string> arguments{"serve", "--set", "server.listen=127.0.0.1:0", "--set",
                                       "log.level=off"};
    for (auto& assignment : assignments) {
      arguments.push_back("--set");
      arguments.push_back(assignment);
    }
    return folder.run(arguments);
  };
  auto no_folder = serve({"data.dir=" + folder.write("file", "x") + "/data"});
  EXPECT_EQ(no_folder.code, 1);
  EXPECT_THAT(no_folder.err, HasSubstr("cannot make the data folder"));
  auto no_model = serve({"speech.model_dir=/nowhere"});
  EXPECT_NE(no_model.code, 0);
  EXPECT_THAT(no_model.err, HasSubstr("pocketsphinx"));
  auto no_database = serve({"database.url=postgresql://nobody@127.0.0.1:1/none"});
  EXPECT_EQ(no_database.code, 1);
  EXPECT_THAT(no_database.err, AllOf(HasSubstr("parley: "), Not(HasSubstr("terminate"))));
  auto no_scheme = serve({"database.url=mysql://x"});
  EXPECT_EQ(no_scheme.code, 2) << no_scheme.err;
  auto no_certificate =
      serve({"server.certificate=/nowhere/cert.pem", "server.private_key=/nowhere/key.pem"});
  EXPECT_NE(no_certificate.code, 0);
  EXPECT_THAT(no_certificate.err, HasSubstr("/nowhere/cert.pem"));
  auto poor_password = serve({"auth.owner_email=o@example.com", "auth.owner_password=short"});
  EXPECT_EQ(poor_password.code, 2);
  EXPECT_THAT(poor_password.err, HasSubstr("first owner"));
}

TEST(Program, MigratesOnceAndSaysFromWhere) {
  Folder folder;
  auto first = folder.run({"migrate"});
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("(was 0)"));
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "data" / "parley.db"));
  auto second = folder.run({"migrate"});
  EXPECT_EQ(second.code, 0);
  EXPECT_THAT(second.out, Not(HasSubstr("(was 0)")));
  auto away = folder.run({"migrate", "--set", "database.url=postgresql://nobody@127.0.0.1:1/none"});
  EXPECT_EQ(away.code, 3);
  EXPECT_THAT(away.err, StartsWith("parley: "));
  auto broken = "sqlite:" + folder.write("broken.db", std::string(5000, 'z'));
  EXPECT_EQ(folder.run({"migrate", "--set", "database.url=" + broken}).code, 3);
}

TEST(Program, EventsOfADatabaseThatIsNotThereOrNamesThatAreNotKnown) {
  Folder folder;
  EXPECT_EQ(folder.run({"events", "resume"}).code, 2) << "which?";
  auto away = folder.run({"events", "--set", "database.url=postgresql://nobody@127.0.0.1:1/none"});
  EXPECT_EQ(away.code, 3) << away.out;
  EXPECT_EQ(folder.run({"events"}).code, 3) << "no folder";
  std::filesystem::create_directories(folder.path() / "data");
  auto empty = folder.run({"events"});
  EXPECT_EQ(empty.code, 1);
  EXPECT_THAT(empty.err, HasSubstr("parley migrate"));
  ASSERT_EQ(folder.run({"migrate"}).code, 0);
  auto none = folder.run({"events", "--json"});
  EXPECT_EQ(none.code, 0) << none.err;
  auto shown = json::parse(none.out).as_object();
  EXPECT_TRUE(shown.at("subscriptions").as_array().empty());
  EXPECT_EQ(shown.at("keptAfter").as_string(), "0.0");
  for (auto* what : {"resume", "rebuild", "forget"}) {
    auto unknown = folder.run({"events", what, "nobody"});
    EXPECT_EQ(unknown.code, 1) << unknown.out;
    EXPECT_THAT(unknown.err, HasSubstr("nobody: no such subscription"));
  }
}

TEST(Program, ACallThatCannotBePlacedSaysWhy) {
  Folder folder;
  auto call = [&](std::vector<std::string> more,
                  std::map<std::string, std::string> environment = {}) {
    more.insert(more.begin(), {"call", "--to", "+12125550100"});
    return folder.run(more, std::move(environment));
  };
  auto expect = [](const Ran& ran, int code, std::string_view words) {
    EXPECT_EQ(ran.code, code) << ran.out << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(words));
  };
  expect(folder.run({"call", "--to", "12"}), 2, "--to");
  expect(call({}), 2, "PARLEY_TWILIO_AUTH_TOKEN");
  std::map<std::string, std::string> token{{"PARLEY_TWILIO_AUTH_TOKEN", "t"}};
  expect(call({"--server", "http://127.0.0.1:1"}, token), 3, "parley: ");
  expect(call({"--script", "nowhere.txt"}, token), 2, "nowhere.txt");
  expect(call({"--script", folder.write("s.txt", "hello\n@dance\n")}, token), 2, "dance");
  expect(call({"--wav", "nowhere.wav"}, token), 2, "nowhere.wav");
  expect(call({"--wav", folder.write("s.wav", "RIFFnonsense")}, token), 2, "s.wav");
  expect(call({"--wav", "a.wav", "--text", "b"}, token), 2, "--text");
  expect(call({"--set", "server.listen=x"}, token), 2, "address:port");
}

}  // namespace
}  // namespace parley::program
