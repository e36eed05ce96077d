#include "parley/providers/anthropic/anthropic_model.hpp"

#include "anthropic_errors.hpp"
#include "messages_body.hpp"
#include "messages_stream.hpp"
#include "parley/base/strings.hpp"

namespace parley::providers::anthropic {

namespace {

/// The key goes in one of two headers, never in both: as the vendor's own clients of each version
/// send it.
net::Headers headers_of(const Options& options) {
  net::Headers headers;
  if (options.version == "2023-06-01")
    headers.set("x-api-key", options.api_key);
  else
    headers.set("Authorization", "Bearer " + options.api_key);
  headers.set("anthropic-version", options.version);
  return headers;
}

class AnthropicModel final : public dialog::LanguageModel {
 public:
  AnthropicModel(Options options, std::unique_ptr<language::Exchange> exchange)
      : options_(std::move(options)), exchange_(std::move(exchange)) {}

  std::string name() const override { return "anthropic"; }

  Task<std::unique_ptr<dialog::LanguageStream>> generate(Context ctx,
                                                         dialog::ModelPrompt prompt) override {
    if (auto good = language::check(prompt); !good) co_return std::unexpected(good.error());
    language::WireNames names(prompt);
    auto body = json::serialize(messages_body(options_.model, prompt, names));
    auto posting = exchange_->post(std::move(ctx), "/v1/messages", std::move(body));
    auto answer = co_await std::move(posting);
    if (!answer) co_return std::unexpected(answer.error());
    co_return std::make_unique<MessagesStream>(std::move(*answer), std::move(names));
  }

 private:
  const Options options_;
  std::unique_ptr<language::Exchange> exchange_;
};

}  // namespace

Result<std::unique_ptr<dialog::LanguageModel>> make_model(Clock& clock, resilience::Policy& policy,
                                                          Options options) {
  language::ExchangeOptions where;
  where.url = options.api_url;
  where.headers = headers_of(options);
  where.words = {error_of_status, error_of_event};
  auto exchange = language::Exchange::make(clock, policy, std::move(where));
  if (!exchange) return std::unexpected(exchange.error());
  return std::make_unique<AnthropicModel>(std::move(options), std::move(*exchange));
}

Task<std::string> look(net::HttpClient& http, Context ctx, Options options) {
  auto [origin, path] = language::split_base_url(options.api_url);
  net::OutgoingRequest request;
  request.url = origin + path + "/v1/models/" + url_encode(options.model);
  request.headers = headers_of(options);
  auto sending = http.send(std::move(ctx), std::move(request));
  auto response = co_await std::move(sending);
  if (!response) co_return std::unexpected(response.error());
  if (response->status != 200) co_return std::unexpected(error_of_status(*response));
  co_return "model " + options.model;
}

}  // namespace parley::providers::anthropic
