#include "older_names.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "parley/base/json.hpp"

namespace parley::gateway {
namespace {

net::HttpResponse ask(const net::Router& router, net::Method method, std::string path,
                      std::string body = "") {
  net::HttpRequest request;
  request.method = method;
  request.path = request.target = std::move(path);
  request.body = std::move(body);
  request.request_id = "r1";
  auto match = router.match(method, request.path);
  auto* found = std::get_if<net::Router::HttpMatch>(&match);
  if (!found) return net::text_response(0, "no route");
  request.path_values = found->path_values;
  asio::io_context io;
  auto handling = (*found->handler)(std::move(request));
  auto result = asio::co_spawn(io, std::move(handling), asio::use_future);
  io.run();
  return result.get();
}

asio::awaitable<net::HttpResponse> show(net::HttpRequest request) {
  std::string text = request.target + " " + request.body;
  for (auto& [name, value] : request.path_values) text += " " + name + "=" + value;
  co_return net::text_response(200, text);
}

TEST(OlderNames, NameTheNewOneWhileItIsNotThere) {
  net::Router router;
  router.add(net::Method::get, "/api/calls/{id}", show);
  router.otherwise(show);
  mount_older_names(router);
  const std::vector<std::tuple<net::Method, std::string, std::string>> cases{
      {net::Method::get, "/api/kevin/availability", "/api/v1/closers/default/availability"},
      {net::Method::put, "/api/kevin/schedule", "/api/v1/closers/default/schedule"},
      {net::Method::get, "/api/kevin/transfers", "/api/v1/closers/default/transfers"},
      {net::Method::post, "/api/kevin/transfer-outcome",
       "/api/v1/closers/default/transfer-outcome"},
      {net::Method::post, "/api/calls/start", "/api/v1/agent/start-call"},
      {net::Method::post, "/api/calls/engagement", "/api/v1/agent/engagement-score"},
      {net::Method::post, "/api/calls/transfer", "/api/v1/calls/{callId}/transfer"},
      {net::Method::post, "/api/learning/update", "/api/v1/agent/learning-update"}};
  for (auto& [method, old_name, new_name] : cases) {
    auto answer = ask(router, method, old_name, "{}");
    EXPECT_EQ(answer.status, 404) << old_name;
    EXPECT_NE(answer.body.find(new_name), std::string::npos) << answer.body;
    EXPECT_NE(answer.body.find(R"("code":"route_moved")"), std::string::npos) << answer.body;
  }
}

TEST(OlderNames, AreAnsweredByTheRouteOfTheNewName) {
  net::Router router;
  router.add(net::Method::post, "/api/v1/agent/start-call", show);
  router.add(net::Method::post, "/api/v1/calls/{id}/transfer", show);
  mount_older_names(router);
  auto started = ask(router, net::Method::post, "/api/calls/start", R"({"leadId":"l"})");
  EXPECT_EQ(started.body, R"(/api/v1/agent/start-call {"leadId":"l"})");
  auto moved = ask(router, net::Method::post, "/api/calls/transfer",
                   R"({"callId":"call_1","closerId":"c"})");
  EXPECT_EQ(moved.body, R"(/api/v1/calls/call_1/transfer {"closerId":"c"} id=call_1)");
  for (std::string bad : {"", "{}", "[]", R"({"callId":7})", R"({"callId":""})"}) {
    auto refused = ask(router, net::Method::post, "/api/calls/transfer", bad);
    EXPECT_EQ(refused.status, 422) << bad;
  }
  auto escaping = ask(router, net::Method::post, "/api/calls/transfer", R"({"callId":"../x"})");
  EXPECT_EQ(escaping.body, R"(/api/v1/calls/..%2Fx/transfer {} id=..%2Fx)");
}

}  // namespace
}  // namespace parley::gateway
