#include "endpoints.hpp"

namespace parley::simulators {

namespace {

json::object described(const std::string& name) {
  return {{"id", name}, {"object", "model"}, {"created", 1'760'000'000}, {"owned_by", "simulator"}};
}

}  // namespace

void add_models(StandInServer& server, const OpenAiAccount& account) {
  auto list = [&account](const net::HttpRequest& request) {
    json::array all;
    for (const auto& name : account.options().models) all.push_back(described(name));
    return openai_answer(200, {{"object", "list"}, {"data", std::move(all)}}, request);
  };
  auto one = [&account](const net::HttpRequest& request) {
    std::string name(request.path_value("id").value_or(""));
    if (account.has_model(name)) return openai_answer(200, described(name), request);
    return openai_error({.status = 404,
                         .message = "The model '" + name + "' does not exist",
                         .code = "model_not_found"},
                        request);
  };
  server.add(net::Method::get, "/v1/models", account.admitting(list));
  server.add(net::Method::get, "/v1/models/{id}", account.admitting(one));
}

}  // namespace parley::simulators
