// The program beside a server that runs: a test call, the doctor's look, a second server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "../e2e/server_process.hpp"
#include "one_answer.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/smtp_server.hpp"
#include "program.hpp"

namespace parley::program {
namespace {

using ::testing::HasSubstr;

struct Serving : ::testing::Test {
  static void SetUpTestSuite() { server = new e2e::ServerProcess(); }
  static void TearDownTestSuite() {
    delete server;
    server = nullptr;
  }
  /// On the server's own machine: with its data folder, hence its token and key.
  Ran beside(std::vector<std::string> arguments) {
    auto listen = server->url().substr(server->url().find("//") + 2);
    return folder.run(std::move(arguments), {{"PARLEY_DATA_DIR", server->data().string()},
                                             {"PARLEY_SERVER_LISTEN", listen}});
  }
  static e2e::ServerProcess* server;
  Folder folder;
};
e2e::ServerProcess* Serving::server = nullptr;

TEST_F(Serving, ATestCallShowsWhatWasSaid) {
  auto script = folder.write("call.txt", "@wait 1\n@press 1\n@listen\n");
  auto record = (folder.path() / "call.wav").string();
  auto ran = beside({"call", "--to", "+12125550100", "--script", script, "--record", record});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("Connected. Call CA"));
  EXPECT_THAT(ran.out, HasSubstr("(presses 1)"));
  EXPECT_THAT(ran.out, HasSubstr("agent   "));
  EXPECT_THAT(ran.out, HasSubstr("Ended after"));
  std::ifstream in(record, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  auto wav = audio::read_wav(as_bytes(bytes));
  ASSERT_TRUE(wav) << wav.error().detail;
  EXPECT_EQ(wav->channels, 2);
  EXPECT_GT(wav->samples.size(), 16000u);
}

TEST_F(Serving, ATestCallInJsonHasTheCallsRecord) {
  audio::Samples silence(4000, 0);
  auto bytes = audio::write_wav(silence, {8000, 1});
  auto wav = folder.write("say.wav", std::string(as_text(bytes)));
  auto ran = beside({"call", "--to", "+12125550100", "--wav", wav, "--json"});
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  auto result = json::parse(ran.out).as_object();
  EXPECT_TRUE(result.at("callSid").as_string().starts_with("CA"));
  EXPECT_GT(result.at("seconds").as_double(), 0.5);
  EXPECT_EQ(result.at("call").at("to").as_string(), "+12125550100");
}

TEST_F(Serving, ANumberNobodyOwnsFailsWithTheCarriersWords) {
  auto ran = beside({"call", "--to", "+19995550000", "--text", "Hello"});
  EXPECT_EQ(ran.code, 1) << ran.out;
  EXPECT_THAT(ran.err, HasSubstr("not in service"));
}

TEST_F(Serving, TheDoctorFindsAllWell) {
  auto ran = beside({"doctor"});
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("ok    server"));
  EXPECT_THAT(ran.out, HasSubstr("ok    database"));
}

TEST_F(Serving, SubscriptionsAreShownBesideARunningServer) {
  auto shown = beside({"events"});
  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("webhooks.deliveries.v1"));
  EXPECT_THAT(shown.out, HasSubstr("kept after 0.0"));
  auto going = beside({"events", "resume", "webhooks.deliveries.v1"});
  EXPECT_EQ(going.code, 1);
  EXPECT_THAT(going.err, HasSubstr("not stopped"));
  auto effects = beside({"events", "rebuild", "webhooks.deliveries.v1"});
  EXPECT_EQ(effects.code, 1);
  EXPECT_THAT(effects.err, HasSubstr("cannot be rebuilt"));
}

TEST_F(Serving, TheDoctorTriesEverything) {
  auto ran = beside({"doctor", "--suite"});
  EXPECT_EQ(ran.code, 0) << ran.out;
  for (auto* step : {"ok    database.write", "ok    speech.round-trip", "ok    appointment.book",
                     "ok    sandbox.clean-up"})
    EXPECT_THAT(ran.out, HasSubstr(step));
  // Another data folder has no key for this server.
  auto listen = server->url().substr(server->url().find("//") + 2);
  auto stranger = folder.run({"doctor", "--suite", "--set", "server.listen=" + listen});
  EXPECT_EQ(stranger.code, 1);
  EXPECT_THAT(stranger.out, HasSubstr("FAIL  integration suite"));
}

TEST_F(Serving, ASecondServerFindsFolderOrPortTaken) {
  auto second = beside({"serve", "--set", "server.listen=127.0.0.1:0"});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("another parley server uses the data folder"));
  auto listen = server->url().substr(server->url().find("//") + 2);
  auto third = folder.run({"serve", "--set", "server.listen=" + listen, "--set", "log.level=off"});
  EXPECT_EQ(third.code, 1) << third.out;
  EXPECT_THAT(third.err, HasSubstr(listen.substr(listen.find(':') + 1)));
}

TEST_F(Serving, ItsHeapHasLargePages) {
  std::ifstream maps("/proc/" + std::to_string(server->pid()) + "/smaps");
  bool heap = false, advised = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find('-') < line.find(' ')) heap = line.ends_with("[heap]");
    if (heap && line.starts_with("VmFlags:")) advised |= line.find(" hg") != std::string::npos;
  }
  EXPECT_TRUE(advised);
}

TEST_F(Serving, ATermSignalEndsItInOrder) {
  e2e::ServerProcess other({{"PARLEY_DEMO_PASSWORD", "a password of mine"}});
  EXPECT_NE(other.password(), "a password of mine") << "a given password is not printed";
  EXPECT_EQ(other.stop(), 0);
}

TEST_F(Serving, SpansReachACollectorBeforeTheEnd) {
  OneAnswer collector("/v1/traces", 200);
  e2e::ServerProcess other({{"PARLEY_TELEMETRY_OTLP_ENDPOINT", collector.url() + "/"},
                            {"PARLEY_TELEMETRY_OTLP_HEADERS", "x-api-key=k1"}});
  auto listen = other.url().substr(other.url().find("//") + 2);
  auto ran = folder.run({"doctor", "--suite"}, {{"PARLEY_DATA_DIR", other.data().string()},
                                                {"PARLEY_SERVER_LISTEN", listen}});
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_EQ(other.stop(), 0);
  EXPECT_THAT(collector.taken(), HasSubstr("\"name\":\"GET /health\""));
  EXPECT_THAT(collector.taken(), HasSubstr("\"name\":\"job integration.test-all.v1\""));
  EXPECT_EQ(collector.key(), "k1");
}

TEST_F(Serving, WhatIsAwayIsMailedAndItsEndToo) {
  testkit::SmtpServer mail;
  OneAnswer carrier("/2010-04-01/Accounts/AC1.json", 503);
  e2e::ServerProcess other({{"PARLEY_TWILIO_ACCOUNT_SID", "AC1"},
                            {"PARLEY_TWILIO_AUTH_TOKEN", "secret"},
                            {"PARLEY_TWILIO_API_URL", carrier.url()},
                            {"PARLEY_ALERTS_AFTER_SECONDS", "0"},
                            {"PARLEY_ALERTS_MAIL_URL", mail.url()},
                            {"PARLEY_ALERTS_MAIL_FROM", "parley@phone.example"},
                            {"PARLEY_ALERTS_MAIL_TO", "ops@phone.example"}});
  EXPECT_THAT(mail.mail_with("Subject: [error] twilio is unhealthy"), HasSubstr("503"));
  carrier.answer_with(200);
  EXPECT_THAT(mail.mail_with("Subject: [resolved] twilio"), HasSubstr("It is over"));
}

}  // namespace
}  // namespace parley::program
