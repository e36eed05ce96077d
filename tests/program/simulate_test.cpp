// `parley simulate` as a person runs it: what it prints, its faults while it runs, its end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "one_answer.hpp"
#include "parley/base/json.hpp"
#include "parley/net/client.hpp"
#include "program.hpp"
#include "running.hpp"

namespace parley::program {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

struct Simulate : ::testing::Test {
  /// Started, with what it says of itself.
  json::object start(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"simulate", "--json"});
    running = std::make_unique<Running>(folder, std::move(arguments));
    return json::parse(running->line()).as_object();
  }
  static std::string at(const json::object& said, std::string_view name) {
    for (auto& one : said.at("standIns").as_array())
      if (one.at("name").as_string() == name) return std::string(one.at("address").as_string());
    ADD_FAILURE() << name << " is not there";
    return "";
  }
  Result<net::HttpResponse> send(net::Method method, std::string url, std::string body = "") {
    asio::io_context io{1};
    auto http = net::make_http_client(io.get_executor());
    net::OutgoingRequest request;
    request.method = method;
    request.url = std::move(url);
    request.body = std::move(body);
    auto sending = http->send({}, std::move(request));
    auto answer = asio::co_spawn(io, std::move(sending), asio::use_future);
    io.run();
    return answer.get();
  }
  Folder folder;
  std::unique_ptr<Running> running;
};

TEST_F(Simulate, StartsAllSaysWhereAndEndsCleanly) {
  auto said = start({});
  ASSERT_GE(said.at("standIns").as_array().size(), 6u);
  for (auto& one : said.at("standIns").as_array())
    EXPECT_FALSE(one.at("settings").as_object().empty()) << one;
  auto twilio = at(said, "twilio");
  auto account = send(net::Method::get, twilio + "/2010-04-01/Accounts/AC1.json").value();
  EXPECT_EQ(account.status, 401);
  EXPECT_THAT(account.body, HasSubstr("20003"));
  EXPECT_THAT(send(net::Method::get, at(said, "s3") + "/parley").value().body,
              HasSubstr("AccessDenied"));
  EXPECT_EQ(send(net::Method::post, at(said, "webhook-receiver") + "/x", "{}").value().status, 401);
  EXPECT_EQ(running->stop(), 0);
}

TEST_F(Simulate, TheDoctorTakesTwilioForTwilio) {
  auto said = start({"twilio"});
  auto& settings = said.at("standIns").as_array()[0].at("settings").as_object();
  std::map<std::string, std::string> environment;
  for (auto& [name, value] : settings) environment[name] = value.as_string();
  auto ran = folder.run({"doctor", "--set", "server.listen=127.0.0.1:1"}, environment);
  EXPECT_THAT(ran.out, HasSubstr("account AC")) << ran.out << ran.err;
}

TEST_F(Simulate, TheDoctorTakesTheLanguageModelsForThemselves) {
  auto said = start({"anthropic", "openai"});
  std::map<std::string, std::string> environment;
  for (auto& one : said.at("standIns").as_array())
    for (auto& [name, value] : one.at("settings").as_object())
      environment[name] = value.as_string();
  auto ran = folder.run({"doctor", "--set", "server.listen=127.0.0.1:1"}, environment);
  EXPECT_THAT(ran.out, HasSubstr("model claude-haiku-5-5")) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("model gpt-5-mini"));
  environment["PARLEY_ANTHROPIC_API_KEY"] = "wrong";
  ran = folder.run({"doctor", "--set", "server.listen=127.0.0.1:1"}, environment);
  EXPECT_THAT(ran.out, HasSubstr("answered 401 authentication_error"));
  EXPECT_THAT(ran.out, HasSubstr("check anthropic.api_key"));
}

TEST_F(Simulate, FaultsAreChangedAndRequestsShownWhileItRuns) {
  auto said = start({"twilio", "--faults", "status 503 first 1"});
  auto control = std::string(said.at("control").as_string());
  auto twilio = at(said, "twilio") + "/2010-04-01/Accounts/AC1.json";
  EXPECT_EQ(send(net::Method::get, twilio).value().status, 503);
  EXPECT_EQ(send(net::Method::get, twilio).value().status, 401);
  EXPECT_EQ(send(net::Method::get, control + "/twilio/faults").value().body, "status 503 first 1");
  EXPECT_EQ(send(net::Method::put, control + "/twilio/faults", "reset first 1").value().status,
            200);
  EXPECT_FALSE(send(net::Method::get, twilio));
  auto wrong = send(net::Method::put, control + "/twilio/faults", "rest").value();
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("did you mean reset?"));
  auto seen = json::parse(send(net::Method::get, control + "/twilio/requests").value().body);
  ASSERT_EQ(seen.as_array().size(), 3u);
  EXPECT_EQ(seen.at(0).at("status").as_int64(), 503);
  EXPECT_EQ(seen.at(2).at("fault").as_string(), "reset");
  EXPECT_THAT(send(net::Method::get, control).value().body, HasSubstr("\"happened\":1"));
  EXPECT_EQ(send(net::Method::get, control + "/nobody/faults").value().status, 404);
}

TEST_F(Simulate, AGateStandsBeforeAService) {
  OneAnswer service("/hello", 200, "here");
  auto plan = folder.write("plan.txt", "# two troubles\nrefuse first 1\nhalf first 2\n");
  auto said = start({"--gate", service.url().substr(7), "--faults", "gate=" + plan});
  auto gate = "http://" + at(said, "gate") + "/hello";
  auto control = std::string(said.at("control").as_string());
  EXPECT_FALSE(send(net::Method::get, gate));
  EXPECT_FALSE(send(net::Method::get, gate));
  EXPECT_EQ(send(net::Method::get, gate).value().body, "here");
  EXPECT_EQ(send(net::Method::delete_, control + "/gate/connections").value().status, 204);
  EXPECT_EQ(send(net::Method::get, control + "/gate/requests").value().status, 404);
  EXPECT_EQ(running->stop(), 0);
}

TEST_F(Simulate, WebhooksAreSentAndTaken) {
  auto said = start({"webhook-receiver", "--faults", "status 503 first 1"});
  auto& settings = said.at("standIns").as_array()[0].at("settings").as_object();
  std::string secret(settings.at("PARLEY_ALERTS_WEBHOOK_SECRET").as_string());
  auto to = at(said, "webhook-receiver");
  auto send_with = [&](std::vector<std::string> more) {
    std::vector<std::string> words{"simulate", "send-webhook", "--to",
                                   to,         "--standard",   "--secret"};
    words.insert(words.end(), more.begin(), more.end());
    return folder.run(words);
  };
  EXPECT_EQ(send_with({secret}).code, 1);
  auto five = send_with({secret, "--repeat", "5"});
  EXPECT_EQ(five.code, 0) << five.out << five.err;
  EXPECT_EQ(five.out, "200 5\n");
  EXPECT_EQ(send_with({secret, "--age", "600"}).out, "401 1\n");
  EXPECT_EQ(send_with({"nonsense"}).code, 2);
  to = "http://127.0.0.1:1/";
  EXPECT_EQ(send_with({secret}).code, 3);
}

TEST_F(Simulate, WhatIsWrongIsSaidAndNothingStarts) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> all{
      {{"twillio"}, "did you mean twilio?"},
      {{"gate"}, "--gate HOST:PORT"},
      {{"twilio", "--faults", "rest"}, "for twilio: line 1, column 1"},
      {{"--gate", "5432"}, "HOST:PORT"},
      {{"--gate", "127.0.0.1:5432", "--faults", "status 503"}, "a gate passes bytes on"},
      {{"s3", "--port", "s4=9000"}, "nothing of that name"},
      {{"s3", "--port", "s3=x"}, "is no port"},
      {{"twilio", "--callee", "busy"}, "NUMBER=busy"},
      {{"s3", "--listen", "nowhere"}, ""},
  };
  for (auto& [arguments, what] : all) {
    auto given = arguments;
    given.insert(given.begin(), "simulate");
    auto ran = folder.run(given);
    EXPECT_NE(ran.code, 0) << ran.out;
    EXPECT_THAT(ran.err, AllOf(HasSubstr("parley: "), HasSubstr(what)));
  }
  OneAnswer taken("/", 200);
  auto port = taken.url().substr(taken.url().rfind(':') + 1);
  EXPECT_EQ(folder.run({"simulate", "smtp", "--port", "smtp=" + port}).code, 1);
}

}  // namespace
}  // namespace parley::program
