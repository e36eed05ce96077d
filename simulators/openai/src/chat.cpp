#include <fmt/format.h>

#include "chat_reply.hpp"
#include "chat_request.hpp"
#include "endpoints.hpp"

namespace parley::simulators {

namespace {

constexpr std::size_t bytes_a_token = 4;

class Chat {
 public:
  Chat(const OpenAiAccount& account, ModelScript& script, Clock& clock)
      : account_(account), script_(script), clock_(clock) {}

  net::HttpResponse answer(const net::HttpRequest& request) {
    auto asked = read_chat_request(request.body, account_);
    if (!asked) return openai_error(asked.error(), request);
    ChatEnvelope envelope;
    envelope.id = fmt::format("chatcmpl-{:06}", ++answers_);
    envelope.model = asked->model_name;
    envelope.created =
        std::chrono::floor<std::chrono::seconds>(clock_.wall()).time_since_epoch().count();
    envelope.prompt_tokens = static_cast<std::int64_t>(asked->input_bytes / bytes_a_token);
    envelope.wants_usage = asked->wants_usage;
    envelope.dialect = account_.options().dialect;
    auto reply = script_.next(asked->model, clock_.wall());
    if (!asked->is_streamed) {
      if (reply.breaks == ModelReply::Breaks::never)
        return openai_answer(200, whole_completion(reply, envelope), request);
      return openai_error({.status = 503, .message = "Overloaded", .type = "server_error"},
                          request);
    }
    auto response = event_response(script_, clock_, account_.options().where.seed + answers_,
                                   completion_chunks(reply, envelope));
    response.headers.set("x-request-id", request.request_id);
    return response;
  }

 private:
  const OpenAiAccount& account_;
  ModelScript& script_;
  Clock& clock_;
  std::uint64_t answers_ = 0;
};

}  // namespace

void add_chat(StandInServer& server, const OpenAiAccount& account, ModelScript& script,
              Clock& clock) {
  auto chat = std::make_shared<Chat>(account, script, clock);
  auto answer = [chat](const net::HttpRequest& request) { return chat->answer(request); };
  server.add(net::Method::post, "/v1/chat/completions", account.admitting(answer), {32u << 20});
}

}  // namespace parley::simulators
