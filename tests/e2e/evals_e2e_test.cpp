// Scenarios played against the shipped program in a process of its own, in real time.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "parley/base/run_to_end.hpp"
#include "program.hpp"
#include "server_process.hpp"

namespace parley::e2e {
namespace {

using ::testing::HasSubstr;

constexpr auto hours = R"(name: Tells the hours
steps:
  - say: what are your opening hours
    when: /how can i help/
expect:
  - heard: opening hours
  - says: "we're open"
    within_ms: 8000
  - tool_absent: book_appointment
  - outcome: answered
  - ended_by: caller
repeat: 2
pass_at_least: 1
)";
constexpr auto keys = R"(name: Answers keys
caller: {voice: "espeak:en-gb", noise_db: 30, phone: "+12125550143"}
steps:
  - keys: "2"
    when: {agent_says: how can i help, within_ms: 30000}
expect:
  - says: "we're open"
  - appointment: none
)";
constexpr auto impossible = R"(name: Sings
caller: {phone: "+12125550144"}
steps:
  - keys: "2"
    when: /how can i help/
expect:
  - says: tralala
)";

class EvalsE2e : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<ServerProcess>(); }
  static void TearDownTestSuite() {
    if (server) EXPECT_EQ(server->stop(), 0);
    server.reset();
  }
  template <class Start>
  auto run(Start start) {
    return run_to_end(io, std::move(start), [this](const bool& done) {
      io.restart();
      while (!done && io.run_one() > 0) {
      }
    });
  }
  json::value sent(net::Method method, const std::string& path, json::value body, int status) {
    auto answer = run([&] { return api.send(method, path, body); });
    EXPECT_TRUE(answer);
    if (!answer) return nullptr;
    EXPECT_EQ(answer->status, status) << path << json::serialize(answer->body);
    return answer->body;
  }
  json::value post(const std::string& path, json::value body, int status) {
    return sent(net::Method::post, path, std::move(body), status);
  }
  json::value put(const std::string& path, json::value body, int status) {
    return sent(net::Method::put, path, std::move(body), status);
  }
  json::value get(const std::string& path) {
    return run([&] { return api.get(path); })->body;
  }
  void sign_in() {
    auto in = post("/auth/login",
                   {{"email", "owner@demo.example"}, {"password", server->password()}}, 200);
    api.use(text_at(in, "/data/accessToken"));
  }

  static std::unique_ptr<ServerProcess> server;
  asio::io_context io{1};
  SystemClock clock;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
  ApiClient api{*http, server->url(), ""};
};
std::unique_ptr<ServerProcess> EvalsE2e::server;

TEST_F(EvalsE2e, TheProgramCallsJudgesAndTellsByItsExitCode) {
  sign_in();
  auto key = post("/api-keys", {{"name", "evals"}}, 201);
  std::map<std::string, std::string> environment{{"PARLEY_TWILIO_AUTH_TOKEN", server->auth_token()},
                                                 {"PARLEY_TOKEN", text_at(key, "/data/key")}};
  program::Folder folder;
  folder.write("good.yaml", std::string(hours) + "---\n" + keys);
  folder.write("bad.yaml", impossible);
  auto call = [&](const std::string& file) {
    return folder.run({"eval", file, "--server", server->url(), "--to", "+12125550100", "--json",
                       "--junit", "out.xml"},
                      environment, std::chrono::seconds(240));
  };
  auto good = call("good.yaml");
  EXPECT_EQ(good.code, 0) << good.err << good.out;
  auto card = json::parse(good.out);
  EXPECT_EQ(card.at("scenarios").as_array().size(), 2u);
  EXPECT_EQ(card.at("scenarios").at(0).at("attempts").as_array().size(), 2u);
  EXPECT_THAT(good.err, HasSubstr("says: what are your opening hours"));
  auto bad = call("bad.yaml");
  EXPECT_EQ(bad.code, 1) << bad.err << bad.out;
  auto failed = json::parse(bad.out);
  EXPECT_EQ(failed.at("passed"), json::value(false));
  EXPECT_THAT(text_at(failed, "/scenarios/0/attempts/0/verdicts/0/found"), HasSubstr("We're open"));
  std::ifstream in(folder.path() / "out.xml");
  std::string xml{std::istreambuf_iterator<char>(in), {}};
  EXPECT_THAT(xml, HasSubstr("failures=\"1\""));
  EXPECT_THAT(xml, HasSubstr("says /tralala/"));

  // Each of those calls named its agent's version, and can become a scenario.
  auto id = text_at(failed, "/scenarios/0/attempts/0/callId");
  auto told = get("/calls/" + id);
  EXPECT_EQ(told.at("data").at("agentVersion"), json::value(2));
  auto printed = folder.run({"eval", "--from-call", id, "--server", server->url()}, environment);
  EXPECT_EQ(printed.code, 0) << printed.err;
  EXPECT_THAT(printed.out, HasSubstr("keys: \"2\""));
  auto made = post("/calls/" + id + "/scenario", nullptr, 200);
  EXPECT_THAT(text_at(made, "/data/document"), HasSubstr("keys: \"2\""));
}

TEST_F(EvalsE2e, ADraftIsTriedByItsOwnServerAndPublishedOnceItPasses) {
  sign_in();
  auto business = text_at(get("/businesses"), "/data/0/id");
  auto agent = "/businesses/" + business + "/agent";
  put(agent + "/gate", {{"gate", "scenarios"}}, 200);
  post("/evals/scenarios",
       {{"businessId", business},
        {"document",
         "name: Greets\nsteps: [{keys: \"2\", when: /how can i help/}]\n"
         "expect: [{says: good day to you}]\n"}},
       201);
  auto tried = [&](const std::string& greeting) {
    auto draft = put(agent, {{"greeting", greeting}}, 200);
    EXPECT_THAT(text_at(draft, "/message"), HasSubstr("a draft"));
    auto started = post("/evals/runs", {{"businessId", business}}, 202);
    auto path = "/evals/runs/" + text_at(started, "/data/id");
    auto limit = clock.now() + std::chrono::seconds(120);
    // A look every now and then, as a dashboard has it: the API counts its clients' requests.
    return run([&]() -> Task<json::value> {
             while (true) {
               auto looking = api.get(path);
               auto found = co_await std::move(looking);
               bool over = !found || !text_at(found->body, "/data/finishedAt").empty();
               if (over || clock.now() > limit)
                 co_return found ? found->body : json::value(nullptr);
               co_await clock.sleep_for(std::chrono::milliseconds(500));
             }
           })
        .value();
  };
  auto failed = tried("Hello. How can I help you?");
  EXPECT_EQ(text_at(failed, "/data/status"), "failed") << json::serialize(failed);
  auto refused = post(agent + "/publish", json::object{}, 409);
  EXPECT_THAT(text_at(refused, "/error"), HasSubstr("'Greets' failed"));
  EXPECT_EQ(text_at(get(agent), "/data/greeting"), "") << "what is in force stays";
  auto passed = tried("Good day to you. How can I help you?");
  EXPECT_EQ(text_at(passed, "/data/status"), "passed") << json::serialize(passed);
  EXPECT_EQ(text_at(passed, "/data/changes/0/before"), "failed");
  auto published = post(agent + "/publish", json::object{}, 200);
  EXPECT_EQ(text_at(published, "/data/state"), "published");
  EXPECT_THAT(text_at(get(agent), "/data/greeting"), HasSubstr("Good day"));
  post(agent + "/rollback", {{"reason", "too stiff"}}, 200);
  EXPECT_EQ(text_at(get(agent), "/data/greeting"), "");
}

}  // namespace
}  // namespace parley::e2e
