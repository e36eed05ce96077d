#include <gmock/gmock.h>

#include "api_fixture.hpp"
#include "parley/net/client.hpp"

namespace parley::api::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Listening : public ApiTest {
 protected:
  struct Heard {
    std::vector<std::string> sound;
    std::vector<json::object> events;
    std::string text(std::size_t event, std::string_view field) const {
      return event < events.size() ? text_in(events[event], field) : "";
    }
  };
  /// Everything from a listening socket to its end.
  Heard listen(std::string path, std::string header, std::string first = "") {
    asio::io_context loop{1};
    Heard heard;
    auto listening = [&]() -> asio::awaitable<void> {
      net::WebSocketTarget target;
      target.url = "ws://127.0.0.1:" + std::to_string(port()) + path;
      if (!header.empty()) target.headers.set("Authorization", "Bearer " + header);
      auto opening = net::connect_websocket({}, clock, std::move(target));
      auto socket = co_await std::move(opening);
      EXPECT_TRUE(socket) << socket.error().detail;
      if (!socket) co_return;
      if (!first.empty()) EXPECT_TRUE((*socket)->send({false, first}));
      while (true) {
        auto receiving = (*socket)->receive();
        auto message = co_await std::move(receiving);
        if (!message) break;
        if (message->binary)
          heard.sound.push_back(message->payload);
        else
          heard.events.push_back(declared(json::parse(message->payload).as_object()));
      }
      auto closing = (*socket)->close(1000, "");
      co_await std::move(closing);
    };
    asio::co_spawn(loop, listening, [](std::exception_ptr thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    loop.run();
    return heard;
  }
  /// As the document says, or the test fails.
  json::object declared(json::object event) {
    auto fits = [&](const SocketRoute::Message& message) {
      return problems_of(event, message.schema, table.schemas).empty();
    };
    EXPECT_TRUE(std::ranges::any_of(table.sockets.at(0).from_server, fits))
        << json::serialize(event);
    return event;
  }
  std::string where(std::string query = "") { return "/api/v1/calls/" + call + "/listen" + query; }
};
INSTANTIATE_TEST_SUITE_P(On, Listening, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(Listening, BothSidesComeAsPcm16ToTheCallsEnd) {
  auto heard = listen(where(), token_of(Role::closer));
  ASSERT_EQ(heard.events.size(), 2u);
  EXPECT_EQ(heard.text(0, "event"), "listening");
  EXPECT_EQ(heard.text(0, "left"), "caller");
  EXPECT_EQ(heard.text(1, "event"), "ended");
  using namespace std::string_literals;
  EXPECT_THAT(heard.sound, ElementsAre("\x01\x00\xff\xff\x2c\x01\xd4\xfe"s, "\x05\x00\x06\x00"s));
  EXPECT_THAT(calls.live_calls.told(), ElementsAre(::testing::StartsWith("listen by ")));
}

TEST_P(Listening, OrAsMulaw) {
  auto heard = listen(where("?encoding=mulaw"), owner());
  EXPECT_EQ(heard.text(0, "encoding"), "mulaw");
  ASSERT_EQ(heard.sound.size(), 2u);
  EXPECT_EQ(heard.sound[0].size(), 4u);
}

TEST_P(Listening, ABrowserSendsItsTokenFirst) {
  auto heard = listen(where(), "", json::serialize(json::object{{"token", owner()}}));
  EXPECT_EQ(heard.text(0, "event"), "listening");
}

TEST_P(Listening, WhoMayNotHearIsToldAndHearsNothing) {
  struct Case {
    std::string path, token, first, code;
  };
  for (auto& [path, token, first, code] :
       std::vector<Case>{{where(), "", R"({"token":"made up"})", "unauthenticated"},
                         {where(), "made up", "", "unauthenticated"},
                         {where(), token_of(Role::viewer), "", "forbidden"},
                         {where(), other_owner, "", "call_not_found"},
                         {"/api/v1/calls/call_none/listen", owner(), "", "call_not_found"},
                         {where("?encoding=opus"), owner(), "", "validation_failed"}}) {
    auto heard = listen(path, token, first);
    EXPECT_EQ(heard.text(0, "event"), "error") << path;
    EXPECT_THAT(heard.text(0, "code"), HasSubstr(code));
    EXPECT_THAT(heard.sound, IsEmpty());
  }
  EXPECT_THAT(calls.live_calls.told(), IsEmpty());
}

TEST_P(Listening, ACallThatDoesNotRunSaysSo) {
  calls.live_calls.running = false;
  EXPECT_THAT(listen(where(), owner()).text(0, "code"), HasSubstr("conflict"));
}

TEST_P(Listening, OrdersGoToTheCallWithWhoGaveThem) {
  auto path = "/calls/" + call;
  for (auto* what : {"/hold", "/take-over", "/resume"})
    EXPECT_EQ(send("POST", path + what, owner(), nullptr).status, 200) << what;
  EXPECT_EQ(send("POST", path + "/whisper", owner(), {{"text", "Be brief."}}).status, 200);
  EXPECT_EQ(
      send("POST", path + "/whisper", owner(), {{"text", "Hello."}, {"as", "sentence"}}).status,
      200);
  EXPECT_EQ(send("POST", path + "/keys", owner(), {{"keys", "12#"}}).status, 200);
  EXPECT_EQ(send("POST", path + "/keys", owner(), {{"keys", "1x"}}).wrong_fields(),
            (std::vector<std::string>{"keys"}));
  EXPECT_EQ(send("POST", path + "/hold", token_of(Role::viewer), nullptr).status, 403);
  auto by = " by " + first.user.id.str();
  EXPECT_THAT(calls.live_calls.told(),
              ElementsAre("hold" + by, "take over" + by, "resume" + by, "heed Be brief." + by,
                          "say Hello." + by, "keys 12#" + by));
  calls.live_calls.running = false;
  EXPECT_EQ(send("POST", path + "/hold", owner(), nullptr).status, 409);
}

}  // namespace
}  // namespace parley::api::testing
