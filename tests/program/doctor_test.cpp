// `parley doctor`: each thing that can be wrong is found, and what to do about it is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "one_answer.hpp"
#include "parley/base/json.hpp"
#include "program.hpp"

namespace parley::program {
namespace {

using ::testing::HasSubstr;

struct Finding {
  std::string verdict;
  std::string detail;
  std::string advice;
};

struct Doctor : ::testing::Test {
  /// What it finds with these settings, by check; its exit code in `code`.
  std::map<std::string, Finding> find(std::vector<std::string> assignments,
                                      std::map<std::string, std::string> environment = {}) {
    std::vector<std::string> arguments{"doctor", "--json", "--set", "server.listen=127.0.0.1:1"};
    for (auto& assignment : assignments) {
      arguments.push_back("--set");
      arguments.push_back(assignment);
    }
    auto ran = folder.run(arguments, std::move(environment));
    code = ran.code;
    std::map<std::string, Finding> found;
    for (auto& one : json::parse(ran.out).as_array()) {
      auto text = [&](const char* name) { return std::string(one.at(name).as_string()); };
      found[text("check")] = {text("verdict"), text("detail"), text("advice")};
    }
    return found;
  }
  Folder folder;
  int code = -1;
};

TEST_F(Doctor, AFreshMachineHasOnlyWarnings) {
  auto found = find({});
  EXPECT_EQ(code, 0);
  EXPECT_EQ(found["configuration"].verdict, "ok");
  EXPECT_EQ(found["data folder"].verdict, "warning");
  EXPECT_EQ(found["database"].verdict, "warning");
  EXPECT_EQ(found["speech recognition"].verdict, "ok");
  EXPECT_EQ(found["pdftotext"].verdict, "ok");
  EXPECT_EQ(found["espeak-ng"].verdict, "ok");
  EXPECT_EQ(found["server"].verdict, "warning");
  EXPECT_EQ(found["Twilio"].verdict, "ok");
  EXPECT_EQ(found["public address"].verdict, "ok");
  for (auto& [check, finding] : found)
    EXPECT_EQ(finding.advice.empty(), finding.verdict == "ok") << check;
  auto shown = folder.run({"doctor"});
  EXPECT_EQ(shown.code, 0);
  EXPECT_THAT(shown.out, HasSubstr("warn  database"));
  EXPECT_THAT(shown.out, HasSubstr("-> it is made by `parley serve`"));
}

TEST_F(Doctor, WhatIsMissingIsNamedWithItsPackage) {
  auto found = find({"speech.model_dir=/nowhere"}, {{"PATH", "/nowhere"}});
  EXPECT_EQ(code, 1) << "without a model nobody is understood";
  EXPECT_EQ(found["speech recognition"].verdict, "failed");
  EXPECT_THAT(found["speech recognition"].advice, HasSubstr("pocketsphinx-en-us"));
  EXPECT_EQ(found["pdftotext"].verdict, "warning");
  EXPECT_THAT(found["pdftotext"].advice, HasSubstr("poppler-utils"));
  EXPECT_THAT(found["espeak-ng"].advice, HasSubstr("apt-get install espeak-ng"));
}

TEST_F(Doctor, TheDatabaseIsLookedInto) {
  ASSERT_EQ(folder.run({"migrate"}).code, 0);
  auto found = find({});
  EXPECT_EQ(found["database"].verdict, "ok") << found["database"].detail;
  EXPECT_THAT(found["database"].detail, HasSubstr("SQLite"));
  EXPECT_EQ(found["data folder"].verdict, "ok");

  auto empty = find({"database.url=sqlite:" + (folder.path() / "empty.db").string()});
  EXPECT_EQ(empty["database"].verdict, "warning");
  EXPECT_THAT(empty["database"].advice, HasSubstr("parley migrate"));

  auto away = find({"database.url=postgresql://nobody@127.0.0.1:1/none"});
  EXPECT_EQ(code, 1);
  EXPECT_EQ(away["database"].verdict, "failed");
  EXPECT_THAT(away["database"].advice, HasSubstr("database.url"));

  folder.write("data/parley.db", std::string(5000, 'z'));
  auto broken = find({});
  EXPECT_EQ(code, 1);
  EXPECT_EQ(broken["database"].verdict, "failed");
  EXPECT_THAT(broken["database"].advice, HasSubstr("backup"));
}

TEST_F(Doctor, AFolderThatIsNoneCannotBeWritten) {
  auto found = find({"data.dir=" + folder.write("file", "x")});
  EXPECT_EQ(code, 1);
  EXPECT_EQ(found["data folder"].verdict, "failed");
  EXPECT_THAT(found["data folder"].advice, HasSubstr("chown"));
}

TEST_F(Doctor, TheServerIsAskedForItsHealth) {
  auto report = [](std::string whole, std::string redis, std::string advice) {
    return R"({"data": {"status": ")" + whole + R"(", "checks": [{"name": "redis", "status": ")" +
           redis +
           R"(", "latencyMs": 3, "reason": "unavailable", "since": "2026-03-02", "advice": ")" +
           advice + R"("}]}})";
  };
  OneAnswer well("/health", 200, report("healthy", "healthy", ""));
  auto found = find({"server.public_url=" + well.url() + "/"});
  EXPECT_EQ(found["server"].verdict, "ok") << found["server"].detail;
  EXPECT_EQ(found["redis"].verdict, "ok");
  OneAnswer ill("/health", 503, report("unhealthy", "unhealthy", "start redis"));
  found = find({"server.public_url=" + ill.url()});
  EXPECT_EQ(code, 1);
  EXPECT_EQ(found["server"].verdict, "failed");
  EXPECT_EQ(found["redis"].verdict, "failed");
  EXPECT_EQ(found["redis"].advice, "start redis");
  OneAnswer other("/health", 200, "<html>welcome</html>");
  found = find({"server.public_url=" + other.url()});
  EXPECT_EQ(found["server"].verdict, "failed");
  EXPECT_THAT(found["server"].advice, HasSubstr("something else"));
}

TEST_F(Doctor, TheCarriersAccountIsTried) {
  auto with = [&](const std::string& url) {
    return find(
        {"twilio.account_sid=AC1", "twilio.auth_token=secretword", "twilio.api_url=" + url});
  };
  auto away = with("http://127.0.0.1:1");
  EXPECT_EQ(away["Twilio"].verdict, "failed");
  EXPECT_EQ(away["public address"].verdict, "failed") << "a carrier needs HTTPS";
  EXPECT_THAT(away["public address"].advice, HasSubstr("server.public_url"));
  auto path = "/2010-04-01/Accounts/AC1.json";
  OneAnswer good(path, 200), refused(path, 401), busy(path, 500);
  EXPECT_EQ(with(good.url())["Twilio"].verdict, "ok");
  auto wrong = with(refused.url())["Twilio"];
  EXPECT_EQ(wrong.verdict, "failed");
  EXPECT_THAT(wrong.advice, HasSubstr("twilio.auth_token"));
  EXPECT_EQ(with(busy.url())["Twilio"].verdict, "warning");
  auto secure = find({"server.public_url=https://127.0.0.1:1", "twilio.account_sid=AC1",
                      "twilio.auth_token=t", "twilio.api_url=" + good.url()});
  EXPECT_EQ(secure["public address"].verdict, "ok");
}

}  // namespace
}  // namespace parley::program
