#include "parley/providers/openai/chat_model.hpp"

#include <fmt/format.h>

#include <atomic>

#include "chat_body.hpp"
#include "chat_errors.hpp"
#include "chat_stream.hpp"

namespace parley::providers::openai {

namespace {

net::Headers headers_of(const Options& options) {
  net::Headers headers;
  if (!options.api_key.empty()) headers.set("Authorization", "Bearer " + options.api_key);
  return headers;
}

class ChatModel final : public dialog::LanguageModel {
 public:
  explicit ChatModel(Options options)
      : options_(std::move(options)),
        wants_new_limit_(options_.api_url.starts_with("https://api.openai.com")) {}

  Result<void> open(Clock& clock, resilience::Policy& policy) {
    language::ExchangeOptions where;
    where.url = options_.api_url;
    where.headers = headers_of(options_);
    where.words.of_event = error_of_event;
    where.words.of_status = [this](const net::HttpResponse& response) {
      if (refuses_max_tokens(response)) wants_new_limit_ = true;
      return error_of_status(response);
    };
    auto exchange = language::Exchange::make(clock, policy, std::move(where));
    if (!exchange) return std::unexpected(exchange.error());
    exchange_ = std::move(*exchange);
    return {};
  }

  std::string name() const override { return "openai"; }

  Task<std::unique_ptr<dialog::LanguageStream>> generate(Context ctx,
                                                         dialog::ModelPrompt prompt) override {
    if (auto good = language::check(prompt); !good) co_return std::unexpected(good.error());
    language::WireNames names(prompt);
    bool used_new_limit = wants_new_limit_;
    auto posting = post(ctx, prompt, names);
    auto answer = co_await std::move(posting);
    if (!answer && answer.error().code == Errc::invalid && !used_new_limit && wants_new_limit_) {
      auto again = post(ctx, prompt, names);
      answer = co_await std::move(again);
    }
    if (!answer) co_return std::unexpected(answer.error());
    co_return std::make_unique<ChatStream>(std::move(*answer), std::move(names));
  }

 private:
  Task<std::unique_ptr<language::Answer>> post(Context ctx, const dialog::ModelPrompt& prompt,
                                               const language::WireNames& names) {
    auto limit_field = wants_new_limit_ ? new_limit_field : old_limit_field;
    auto body = json::serialize(chat_body(options_.model, limit_field, prompt, names));
    return exchange_->post(std::move(ctx), "/chat/completions", std::move(body));
  }

  const Options options_;
  std::atomic<bool> wants_new_limit_;
  std::unique_ptr<language::Exchange> exchange_;
};

}  // namespace

Result<std::unique_ptr<dialog::LanguageModel>> make_model(Clock& clock, resilience::Policy& policy,
                                                          Options options) {
  auto model = std::make_unique<ChatModel>(std::move(options));
  if (auto opened = model->open(clock, policy); !opened) return std::unexpected(opened.error());
  return model;
}

Task<std::string> look(net::HttpClient& http, Context ctx, Options options) {
  auto [origin, path] = language::split_base_url(options.api_url);
  net::OutgoingRequest request;
  request.url = origin + path + "/models";
  request.headers = headers_of(options);
  auto sending = http.send(std::move(ctx), std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status != 200) co_return std::unexpected(error_of_status(*response));
  co_return "model " + options.model;
}

}  // namespace parley::providers::openai
