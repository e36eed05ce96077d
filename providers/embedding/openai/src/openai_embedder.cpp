#include "parley/providers/openai_embedding/openai_embedder.hpp"

#include <charconv>
#include <cstring>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"

namespace parley::providers::openai_embedding {

namespace {

using knowledge::Vector;
using Vectors = std::vector<Vector>;

std::unexpected<Error> not_understood(std::string what) {
  return fail(Errc::corrupt, "the embeddings server answered " + std::move(what));
}

/// What the server says is wrong, or the beginning of what it said.
std::string reason_in(const net::HttpResponse& response) {
  auto body = parse_json(response.body);
  auto message = body ? text_at(*body, "/error/message") : "";
  return (message.empty() ? response.body : message).substr(0, 200);
}

std::unexpected<Error> refusal(const net::HttpResponse& response) {
  auto said = "embeddings: " + std::to_string(response.status) + " " + reason_in(response);
  Error error{Errc::unavailable, std::move(said)};
  if (response.status == 401 || response.status == 403) error.code = Errc::forbidden;
  if (response.status == 400 || response.status == 404 || response.status == 413 ||
      response.status == 422)
    error.code = Errc::invalid;
  if (response.status == 429) error.code = Errc::rate_limited;
  auto after = response.headers.get("Retry-After").value_or("");
  int seconds = 0;
  if (std::from_chars(after.data(), after.data() + after.size(), seconds).ec == std::errc())
    error.retry_after = std::chrono::seconds(seconds);
  return std::unexpected(std::move(error));
}

/// 32-bit floats in base64, or numbers.
Result<Vector> vector_in(const json::value& embedding) {
  if (const auto* text = embedding.if_string()) {
    auto bytes = base64_decode(*text);
    if (!bytes || bytes->size() % sizeof(float) != 0) return not_understood("no base64 of floats");
    Vector out(bytes->size() / sizeof(float));
    std::memcpy(out.data(), bytes->data(), bytes->size());
    return out;
  }
  const auto* numbers = embedding.if_array();
  if (numbers == nullptr) return not_understood("without an embedding");
  Vector out;
  out.reserve(numbers->size());
  for (const auto& number : *numbers) {
    boost::system::error_code wrong;
    out.push_back(number.to_number<float>(wrong));
    if (wrong) return not_understood("an embedding that is no list of numbers");
  }
  return out;
}

Result<Vectors> vectors_in(const std::string& body, std::size_t count, std::size_t dimensions) {
  auto answer = parse_json(body);
  if (!answer) return not_understood("no JSON");
  const auto* data = value_at(*answer, "/data");
  const auto* list = data ? data->if_array() : nullptr;
  if (list == nullptr || list->size() != count)
    return not_understood("with another number of embeddings than texts");
  Vectors out(count);
  for (const auto& item : *list) {
    const auto* object = item.if_object();
    const auto* index = object ? object->if_contains("index") : nullptr;
    const auto* embedding = object ? object->if_contains("embedding") : nullptr;
    if (index == nullptr || embedding == nullptr || !index->is_int64())
      return not_understood("an embedding without its index");
    auto at = static_cast<std::size_t>(index->get_int64());
    if (at >= count || !out[at].empty()) return not_understood("an index twice, or beyond");
    auto vector = vector_in(*embedding);
    if (!vector) return std::unexpected(vector.error());
    if (vector->size() != dimensions)
      return not_understood("vectors of " + std::to_string(vector->size()) + " dimensions, not " +
                            std::to_string(dimensions) + ": check openai.embedding_dimensions");
    out[at] = std::move(*vector);
  }
  return out;
}

class OpenAiEmbedder final : public knowledge::Embedder {
 public:
  OpenAiEmbedder(net::HttpClient& http, resilience::Policy& policy, Options options)
      : http_(http),
        policy_(policy),
        options_(std::move(options)),
        name_("openai/" + options_.model + "/" + std::to_string(options_.dimensions)) {}

  const std::string& name() const noexcept override { return name_; }
  std::size_t dimensions() const noexcept override { return options_.dimensions; }
  std::size_t max_batch() const noexcept override { return options_.max_batch; }

  Task<Vectors> embed(Context ctx, std::vector<std::string> texts) override {
    if (texts.empty() || texts.size() > options_.max_batch)
      co_return fail(Errc::invalid,
                     "1 to " + std::to_string(options_.max_batch) + " texts at once");
    json::array input;
    for (auto& text : texts) {
      if (trim(text).empty()) co_return fail(Errc::invalid, "an empty text has no embedding");
      input.emplace_back(std::move(text));
    }
    auto count = input.size();
    json::object body{
        {"model", options_.model}, {"input", std::move(input)}, {"encoding_format", "base64"}};
    if (options_.model.starts_with("text-embedding-3")) body["dimensions"] = options_.dimensions;
    auto text = json::serialize(body);
    resilience::Operation operation{"embeddings.create", resilience::Repeat::safe};
    auto call = [&](Context limited) -> Task<Vectors> {
      auto asking = ask(std::move(limited), text, count);
      co_return co_await std::move(asking);
    };
    auto running = policy_.run(std::move(ctx), std::move(operation), call);
    auto vectors = co_await std::move(running);
    // Nothing was changed there, whatever became of the request.
    if (!vectors && vectors.error().code == Errc::outcome_unknown)
      vectors.error().code = Errc::timeout;
    co_return vectors;
  }

 private:
  Task<Vectors> ask(Context ctx, std::string body, std::size_t count) {
    net::OutgoingRequest request;
    request.method = net::Method::post;
    request.url = options_.api_url + "/embeddings";
    request.headers.set("Content-Type", "application/json");
    if (!options_.api_key.empty())
      request.headers.set("Authorization", "Bearer " + options_.api_key);
    request.body = std::move(body);
    auto sending = http_.send(std::move(ctx), std::move(request));
    auto response = co_await std::move(sending);
    if (!response) co_return std::unexpected(response.error());
    if (response->status != 200) co_return refusal(*response);
    co_return vectors_in(response->body, count, options_.dimensions);
  }

  net::HttpClient& http_;
  resilience::Policy& policy_;
  Options options_;
  std::string name_;
};

}  // namespace

Result<std::unique_ptr<knowledge::Embedder>> make_embedder(net::HttpClient& http,
                                                           resilience::Policy& policy,
                                                           Options options) {
  if (options.model.empty()) return fail(Errc::invalid, "embeddings need the name of a model");
  if (options.dimensions < 1 || options.dimensions > 20'000)
    return fail(Errc::invalid, "a vector has 1 to 20000 dimensions");
  if (options.max_batch < 1 || options.max_batch > 2048)
    return fail(Errc::invalid, "a request carries 1 to 2048 texts");
  while (options.api_url.ends_with('/')) options.api_url.pop_back();
  return std::make_unique<OpenAiEmbedder>(http, policy, std::move(options));
}

}  // namespace parley::providers::openai_embedding
