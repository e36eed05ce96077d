#include "http_tool.hpp"

namespace parley::owntools {
namespace {

class HttpTool final : public dialog::Tool {
 public:
  HttpTool(const business::OwnTool& tool, std::shared_ptr<const Endpoint> endpoint)
      : spec_{.name = tool.name,
              .description = tool.description,
              .parameters = open_schema(tool.parameters),
              .time_limit = tool.time_limit,
              .has_effect = tool.effect == business::OwnTool::Effect::changes},
        endpoint_(std::move(endpoint)) {}

  const dialog::ToolSpec& spec() const override { return spec_; }

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    json::object about{{"business", scope.business.str()},
                       {"call", scope.call.str()},
                       {"conversation", scope.conversation.str()},
                       {"callerPhone", scope.caller_phone}};
    json::object body{
        {"tool", spec_.name}, {"arguments", std::move(call.arguments)}, {"call", std::move(about)}};
    Endpoint::Request request;
    request.body = json::serialize(body);
    request.id = std::move(call.idempotency_key);
    request.headers.set("Accept", "application/json");
    if (!request.id.empty()) request.headers.set("Idempotency-Key", request.id);
    request.time_limit = spec_.time_limit;
    auto posting = endpoint_->post(std::move(ctx), std::move(request));
    auto answer = co_await std::move(posting);
    if (!answer) co_return std::unexpected(answer.error());
    if (answer->status < 200 || answer->status >= 300)
      co_return std::unexpected(error_of(answer->status));
    if (answer->body.empty()) co_return json::object{{"done", true}};
    co_return as_result(answer->body);
  }

 private:
  dialog::ToolSpec spec_;
  std::shared_ptr<const Endpoint> endpoint_;
};

}  // namespace

std::shared_ptr<dialog::Tool> make_http_tool(const business::OwnTool& tool,
                                             std::shared_ptr<const Endpoint> endpoint) {
  return std::make_shared<HttpTool>(tool, std::move(endpoint));
}

json::object open_schema(json::object schema) {
  schema["type"] = "object";
  auto* properties = schema.if_contains("properties");
  if (!properties || !properties->is_object()) schema["properties"] = json::object{};
  if (!schema.contains("additionalProperties")) schema["additionalProperties"] = true;
  for (auto& [name, part] : schema["properties"].as_object())
    if (part.is_object() && part.as_object().contains("properties"))
      part = open_schema(std::move(part.as_object()));
  return schema;
}

}  // namespace parley::owntools
