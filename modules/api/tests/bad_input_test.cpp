#include <fmt/format.h>

#include "api_fixture.hpp"
#include "parley/base/strings.hpp"

namespace parley::api::testing {
namespace {

class BadInput : public ApiTest {
 public:
  /// A body as it is, to a route that takes JSON.
  Answer post_text(std::string text, std::string content_type = "application/json") {
    return ask({"POST",
                "/api/v1/businesses",
                owner(),
                std::move(text),
                {{"Content-Type", std::move(content_type)}}});
  }
  std::int64_t businesses() {
    return get("/businesses", owner()).json().at("pagination").at("total").as_int64();
  }
};
INSTANTIATE_TEST_SUITE_P(On, BadInput, ::testing::Values(store::Database::Kind::sqlite));

TEST_P(BadInput, JsonTenThousandLevelsDeep) {
  auto deep = R"({"name":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
  auto answer = post_text(deep);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code(), "malformed_json");
  deep = "{\"name\":";
  for (int i = 0; i < 10'000; ++i) deep += "{\"a\":";
  EXPECT_EQ(post_text(deep).status, 400);
}

TEST_P(BadInput, BrokenJson) {
  for (std::string text :
       {"{", "{\"name\":}", "{\"name\":\"x\"} trailing", "nonsense", "{'name':1}",
        "{\"name\":\"x\",}", "[1]", "\"x\"", "null", "7", "{\"name\":NaN}"}) {
    auto answer = post_text(text);
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_EQ(answer.code(), "malformed_json") << text;
  }
}

TEST_P(BadInput, ZeroBytesAndBrokenUtf8) {
  EXPECT_EQ(post_text(std::string("{\"name\":\"a\0b\"}", 14)).status, 400);
  EXPECT_EQ(post_text(R"({"name":"a\u0000b"})").status, 400);
  EXPECT_EQ(post_text(R"({"a\u0000b":1,"name":"x"})").status, 400);
  EXPECT_EQ(post_text("{\"name\":\"\xC3\x28\"}").status, 400);
  EXPECT_EQ(post_text("{\"name\":\"caf\xE9\"}").status, 400) << "Latin-1";
  EXPECT_EQ(post_text("{\"name\":\"\xED\xA0\x80\"}").status, 400) << "a lone surrogate";
  EXPECT_EQ(post_text(R"({"name":"a\\u0000b"})").status, 201) << "a backslash and letters";
}

TEST_P(BadInput, OtherContentTypes) {
  for (std::string type : {"text/plain", "application/x-www-form-urlencoded", "text/json",
                           "application/json; charset=latin1", "application/xml"}) {
    auto answer = post_text(R"({"name":"x"})", type);
    EXPECT_EQ(answer.status, 415) << type;
    EXPECT_EQ(answer.code(), "unsupported_media_type");
  }
  EXPECT_EQ(post_text(R"({"name":"x"})", "application/json;charset=UTF-8").status, 201);
  EXPECT_EQ(post_text(R"({"name":"y"})", "application/merge-patch+json").status, 201);
}

TEST_P(BadInput, EveryWrongFieldIsToldAtOnce) {
  auto answer = send("POST", "/businesses", owner(),
                     {{"name", ""}, {"timeZone", 7}, {"adress", "x"}, {"email", "a\r\nb"}});
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.wrong_fields(),
            (std::vector<std::string>{"adress", "email", "name", "timeZone"}));
  EXPECT_NE(answer.body.find("did you mean \\\"address\\\""), std::string::npos) << answer.body;
  answer = send("PUT", "/businesses/" + business + "/services", owner(),
                {{"services", json::array{json::object{{"name", "ok"}, {"durationMinutes", 0}},
                                          json::object{{"durationMinutes", "x"}}}}});
  EXPECT_EQ(answer.wrong_fields(),
            (std::vector<std::string>{"services[0].durationMinutes", "services[1].durationMinutes",
                                      "services[1].name"}));
}

TEST_P(BadInput, WhatTheModulesRefuseIs422Too) {
  auto answer =
      send("POST", "/businesses", owner(), {{"name", "x"}, {"timeZone", "America/New_Yrk"}});
  EXPECT_EQ(answer.status, 422) << answer.body;
  EXPECT_NE(answer.body.find("America/New_York"), std::string::npos) << "names the nearest zone";
  json::object hours{{"monday", json::array{json::object{{"from", "12:00"}, {"to", "09:00"}}}}};
  EXPECT_EQ(send("PUT", "/businesses/" + business + "/hours", owner(), hours).status, 422);
  hours = {{"monday", json::array{json::object{{"from", "9:00"}, {"to", "25:00"}}}}};
  EXPECT_EQ(send("PUT", "/businesses/" + business + "/hours", owner(), hours).wrong_fields().size(),
            2u);
}

TEST_P(BadInput, NoSuchRouteOrMethod) {
  auto answer = get("/nothing/here", owner());
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.code(), "route_not_found");
  answer = send("PATCH", "/businesses", owner(), {{"name", "x"}});
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.code(), "method_not_allowed");
  EXPECT_EQ(answer.header("Allow"), "GET, HEAD, POST, OPTIONS");
}

TEST_P(BadInput, UnknownParametersNameTheNearest) {
  auto answer = get("/appointments?pagee=2", owner());
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("did you mean \\\"page\\\""), std::string::npos) << answer.body;
  answer = get("/appointments?page=1&page=2", owner());
  EXPECT_EQ(answer.code(), "repeated_parameter");
  answer =
      get("/appointments?page=0&limit=999&from=yesterday&source=nobody&status=&phone=12", owner());
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.wrong_fields(),
            (std::vector<std::string>{"from", "limit", "page", "phone", "source", "status"}));
  answer = get("/availability", owner());
  EXPECT_EQ(answer.wrong_fields(), (std::vector<std::string>{"business", "service"}));
  EXPECT_EQ(get("/events?after=notaposition", owner()).status, 422);
}

TEST_P(BadInput, AnUploadOfTwelveMegabytes) {
  auto before = get("/documents", owner()).json().at("pagination").at("total");
  auto answer = upload(owner(), "big.txt", std::string(12u << 20, 'x'));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.code(), "too_large");
  EXPECT_EQ(get("/documents", owner()).json().at("pagination").at("total"), before);
}

TEST_P(BadInput, ATooLargeJsonBody) {
  auto answer = post_text("{\"name\":\"" + std::string(11u << 20, 'x') + "\"}");
  EXPECT_EQ(answer.status, 413);
}

TEST_P(BadInput, ABodyThatEndsEarlyDoesNothing) {
  auto before = businesses();
  {
    Connection connection(port());
    auto text = text_of({"POST", "/api/v1/businesses", owner(), R"({"name":"half"})"});
    connection.send(text.substr(0, text.size() - 1));
    connection.finish_sending();
    std::string rest;
    while (connection.read_more(rest)) {
    }
    EXPECT_EQ(rest.find("HTTP/1.1 2"), std::string::npos) << rest;
  }
  EXPECT_EQ(businesses(), before);
}

TEST_P(BadInput, Uploads) {
  EXPECT_EQ(upload(owner(), "empty.txt", "").status, 422);
  EXPECT_EQ(upload(owner(), "run.exe", std::string("MZ\x90\0\x03", 5)).status, 415);
  auto traversal = upload(owner(), "../../etc/passwd.txt", "Harmless text.");
  EXPECT_EQ(traversal.status, 201) << traversal.body;
  EXPECT_EQ(std::string(traversal.data().at("name").as_string()).find('/'), std::string::npos);

  auto send_form = [&](std::string body, std::string type = "multipart/form-data; boundary=b") {
    return ask({"POST", "/api/v1/documents/upload", owner(), body, {{"Content-Type", type}}});
  };
  EXPECT_EQ(send_form("--b\r\nnonsense").code(), "malformed_form");
  EXPECT_EQ(send_form("no boundary here").status, 400);
  EXPECT_EQ(send_form("--b--\r\n", "multipart/form-data").status, 400);
  EXPECT_EQ(send_form("{}", "application/json").status, 415);
  auto missing = send_form("--b--\r\n");
  EXPECT_EQ(missing.status, 422);
  EXPECT_EQ(missing.wrong_fields(), (std::vector<std::string>{"businessId", "file"}));
  auto not_a_file = send_form(
      "--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"businessId\"\r\n\r\n" +
      business + "\r\n--b--\r\n");
  EXPECT_EQ(not_a_file.wrong_fields(), (std::vector<std::string>{"file"}));
}

TEST_P(BadInput, HeadersCannotBeInjected) {
  auto answer = get("/businesses?page=1%0d%0aX-Evil:%201", owner());
  EXPECT_EQ(answer.status, 422);
  EXPECT_FALSE(answer.has("X-Evil"));
  answer = ask({.target = "/api/v1/health",
                .headers = {{"X-Request-Id", "bad id with spaces"}, {"traceparent", "nonsense"}}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.header("X-Request-Id").starts_with("req_"));
  EXPECT_EQ(answer.header("traceparent").size(), 55u);
}

}  // namespace
}  // namespace parley::api::testing
