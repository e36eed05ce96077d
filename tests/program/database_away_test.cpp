// PostgreSQL goes away under a server with a call in progress: that call goes on and another one is
// taken; the server is killed while it owes what they were; the next one writes both, once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <thread>

#include "../e2e/server_process.hpp"
#include "parley/base/run_to_end.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/postgres_server.hpp"
#include "program.hpp"

namespace parley::program {
namespace {

using ::testing::HasSubstr;

class DatabaseAway : public ::testing::Test {
 protected:
  template <class Start>
  auto run(Start start) {
    return run_to_end(io, std::move(start), [this](const bool& done) {
      io.restart();
      while (!done && io.run_one() > 0) {
      }
    });
  }
  e2e::ApiClient::Answer get(std::string path) {
    auto answer = run([&] { return api.get(path); });
    return answer ? *answer : e2e::ApiClient::Answer{};
  }
  /// What is there, once the server does not think this program asks too often.
  json::array items(std::string path) {
    e2e::ApiClient::Answer answer;
    EXPECT_TRUE(await([&] { return (answer = get(path)).status == 200; })) << path;
    auto* data = value_at(answer.body, "/data");
    return data && data->is_array() ? data->get_array() : json::array{};
  }
  Ran call(const std::string& script) {
    auto listen = server.url().substr(server.url().find("//") + 2);
    return folder.run(
        {"call", "--to", "+12125550100", "--script", script},
        {{"PARLEY_DATA_DIR", server.data().string()}, {"PARLEY_SERVER_LISTEN", listen}});
  }
  /// Asks until `good` holds.
  bool await(std::function<bool()> good) {
    auto limit = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < limit)
      if (good()) return true;
    return false;
  }
  std::size_t ledgers() const {
    std::size_t many = 0;
    for (auto& entry : std::filesystem::directory_iterator(server.data() / "spool"))
      many += entry.path().extension() == ".owed" ? 1 : 0;
    return many;
  }

  testkit::PostgresServer& postgres = testkit::PostgresServer::instance();
  e2e::ServerProcess server{
      {{"PARLEY_DATABASE_URL", postgres.url(postgres.make_empty_database())}}};
  asio::io_context io{1};
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
  e2e::ApiClient api{*http, server.url(), server.command_line_key()};
  Folder folder;
};

TEST_F(DatabaseAway, CallsGoOnAndWhatTheyOweOutlivesAKilledServer) {
  auto long_call =
      folder.write("long.txt", "@listen\n@press 2\n@listen\n@wait 6\n@press 2\n@listen\n");
  auto short_call = folder.write("short.txt", "@listen\n@press 2\n@listen\n");
  Ran first;
  std::jthread calling([&] { first = call(long_call); });
  ASSERT_TRUE(await([&] {
    return text_at(get("/calls?status=in_progress").body, "/data/0/status") == "in_progress";
  }));
  ASSERT_EQ(get("/businesses").status, 200);
  postgres.crash();
  auto second = call(short_call);
  calling.join();
  EXPECT_EQ(first.code, 0) << first.out << first.err;
  EXPECT_EQ(second.code, 0) << second.out << second.err;
  EXPECT_THAT(second.out, HasSubstr("Connected. Call CA"));
  auto ready = get("/health/ready");
  EXPECT_EQ(ready.status, 200) << "a load balancer leaves callers here";
  EXPECT_EQ(text_at(ready.body, "/data/status"), "degraded");
  EXPECT_EQ(text_at(ready.body, "/data/checks/0/status"), "unhealthy");
  EXPECT_EQ(get("/businesses").status, 200) << "as it was last read";
  auto refused = run([&] { return api.get("/documents"); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503) << "never read before";
  EXPECT_TRUE(await([&] { return ledgers() == 2; })) << ledgers();
  server.kill_hard();
  postgres.start();
  server.restart();
  json::array calls;
  EXPECT_TRUE(await([&] {
    calls = items("/calls");
    return calls.size() == 2 && std::ranges::all_of(calls, [](auto& item) {
             auto* recorded = value_at(item, "/hasRecording");
             return text_at(item, "/status") == "completed" && recorded && recorded->is_bool() &&
                    recorded->get_bool();
           });
  })) << json::serialize(calls);
  for (auto& item : calls) {
    auto id = text_at(item, "/id");
    EXPECT_EQ(text_at(item, "/endReason"), "caller_hung_up");
    std::map<std::string, int> kinds;
    for (auto& entry : items("/calls/" + id + "/timeline")) ++kinds[text_at(entry, "/kind")];
    EXPECT_EQ(kinds["session.started"], 1);
    EXPECT_EQ(kinds["session.ended"], 1);
    EXPECT_GE(kinds["agent.said"], 2);
  }
  EXPECT_EQ(ledgers(), 0U);
  EXPECT_EQ(server.stop(), 0);
}

}  // namespace
}  // namespace parley::program
