#include "parley/telemetry/log.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <limits>
#include <thread>

#include "parley/base/json.hpp"
#include "redaction.hpp"

namespace parley::log {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Captures lines instead of writing them to stderr.
class Capture {
 public:
  explicit Capture(Options options = {}) : Capture(std::move(options), Format::json) {}
  Capture(Options options, Format format) {
    options.format = format;
    options.capture = [lines = lines_](std::string_view line) {
      std::lock_guard lock(lines->mutex);
      lines->all.emplace_back(line);
    };
    EXPECT_TRUE(configure(std::move(options)));
  }
  ~Capture() {
    Options quiet;
    quiet.level = Level::off;
    EXPECT_TRUE(configure(std::move(quiet)));
  }
  std::vector<std::string> lines() {
    flush();
    std::lock_guard lock(lines_->mutex);
    return lines_->all;
  }
  json::object only() {
    auto all = lines();
    EXPECT_EQ(all.size(), 1u);
    if (all.empty()) return {};
    auto parsed = parse_json(all[0]);
    EXPECT_TRUE(parsed) << all[0];
    return parsed ? parsed->as_object() : json::object();
  }

 private:
  struct Lines {
    std::mutex mutex;
    std::vector<std::string> all;
  };
  std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
};

TEST(Log, OneJsonObjectALine) {
  Capture capture;
  Context ctx;
  ctx.trace = {"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"};
  ctx.organization = OrganizationId("org_1");
  std::string owned = "a\"b\\c\nd\x01";
  info("http.request",
       {{"status", 200}, {"ok", true}, {"ms", 1.5}, {"size", std::size_t{7}}, {"note", owned}},
       ctx);
  auto line = capture.only();
  EXPECT_TRUE(parse_rfc3339(json::value_to<std::string>(line["time"])));
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["message"], "http.request");
  EXPECT_EQ(line["traceId"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(line["organization"], "org_1");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["ok"], true);
  EXPECT_EQ(line["ms"], 1.5);
  EXPECT_EQ(line["size"], 7);
  EXPECT_EQ(line["note"], json::value(owned));
}

TEST(Log, AnyBytesMakeValidJson) {
  Capture capture;
  warn(std::string_view("bad \xFF\0", 6),
       {{"nan", std::numeric_limits<double>::quiet_NaN()}, {"latin", "caf\xE9"}});
  auto line = capture.only();
  EXPECT_TRUE(line["nan"].is_null());
  EXPECT_EQ(line["latin"], "café");
}

TEST(Log, LevelsBelowTheThresholdCostNothing) {
  Options options;
  options.level = Level::warn;
  Capture capture(options);
  debug("no");
  info("no");
  warn("yes");
  error("yes");
  EXPECT_EQ(capture.lines().size(), 2u);
  EXPECT_EQ(parse_level("debug").value(), Level::debug);
  EXPECT_EQ(parse_level("loud").error().code, Errc::invalid);
}

TEST(Log, SecretsAndPersonalDataAreMasked) {
  Capture capture;
  info("call from +12125550147",
       {{"accessToken", "abc"},
        {"X-Twilio-Signature", "sig"},
        {"api_key", "k"},
        {"Password", 1234},
        {"text", "I would like to"},
        {"Transcript", "hello"},
        {"phone", "2125550100"},
        {"url", "https://x.example/?From=%2B12125550147&token=s3cret&page=2"},
        {"header", "Authorization: Bearer eyJhbGciOi.J9.abc_-x"},
        {"detail", "sip:+442079460000@example.com"}});
  auto text = capture.lines().at(0);
  for (auto* secret : {"abc", "\"sig\"", "\"k\"", "1234", "I would", "hello", "5550147", "5550100",
                       "s3cret", "eyJ", "4420794600"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  EXPECT_THAT(text, HasSubstr("+***47"));
  EXPECT_THAT(text, HasSubstr("page=2"));
  EXPECT_THAT(text, HasSubstr("sip:+***00@example.com"));
}

TEST(Log, RevealingIsAskedForAndNeverCoversSecrets) {
  Options options;
  options.reveal_phone_numbers = true;
  options.reveal_transcripts = true;
  Capture capture(options);
  info("from +12125550147", {{"transcript", "hello"}, {"password", "pw"}});
  auto text = capture.lines().at(0);
  EXPECT_THAT(text, HasSubstr("+12125550147"));
  EXPECT_THAT(text, HasSubstr("hello"));
  EXPECT_THAT(text, Not(HasSubstr("\"pw\"")));
}

TEST(Redaction, LeavesOrdinaryTextAlone) {
  Redaction all;
  for (auto* plain :
       {"", "+", "a+b", "+12345", "1+1=2", "2026-03-02T15:00:00Z", "key", "basic plan",
        "the bearer of news", "call_01HZX+3", "status=200 ms: 15", "monkey business"})
    EXPECT_EQ(redacted(plain, all), plain);
  EXPECT_EQ(redacted("+1 (212) 555-0147 called", all), "+***47 called");
  EXPECT_EQ(redacted("Basic dXNlcjpwYXNz", all), "Basic ***");
  EXPECT_EQ(redacted("{\"apiKey\": \"abc\", \"n\": 1}", all), "{\"apiKey\": \"***\", \"n\": 1}");
}

TEST(Log, TextFormatIsForPeople) {
  Capture capture({}, Format::text);
  info("call.ended", {{"seconds", 42}, {"token", "x"}});
  auto line = capture.lines().at(0);
  EXPECT_THAT(line, HasSubstr(" info  call.ended  seconds=42  token=\"***\""));
}

TEST(Log, WritesToAFileToo) {
  auto path = std::filesystem::temp_directory_path() /
              ("parley_log_test_" + std::to_string(::getpid()) + ".log");
  {
    Options options;
    options.file = path;
    Capture capture(options);
    info("kept");
    capture.lines();
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    EXPECT_THAT(line, HasSubstr("\"message\":\"kept\""));
  }
  std::filesystem::remove(path);
  Options wrong;
  wrong.file = "/proc/nonexistent/log";
  EXPECT_EQ(configure(wrong).error().code, Errc::unavailable);
}

TEST(Log, AFullQueueDropsAndCountsInsteadOfBlocking) {
  std::promise<void> first_seen;
  std::promise<void> go_on;
  auto may_go = go_on.get_future().share();
  std::atomic<int> written{0};
  Options options;
  options.format = Format::json;
  options.max_queued_lines = 4;
  options.capture = [&](std::string_view) {
    if (written++ == 0) {
      first_seen.set_value();
      may_go.wait();
    }
  };
  ASSERT_TRUE(configure(options));
  auto before = dropped_lines();
  info("blocks the writer");
  first_seen.get_future().wait();
  for (int i = 0; i < 100; ++i) info("more");
  EXPECT_EQ(dropped_lines() - before, 96u);
  go_on.set_value();
  flush();
  EXPECT_EQ(written, 5);
  Capture reset;
}

TEST(Log, ManyThreads) {
  Capture capture;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([t] {
        for (int i = 0; i < 100; ++i) info("line", {{"thread", t}, {"i", i}});
      });
  }
  EXPECT_EQ(capture.lines().size(), 400u);
}

}  // namespace
}  // namespace parley::log
