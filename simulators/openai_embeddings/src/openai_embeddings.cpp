#include "parley/simulators/openai_embeddings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

/// Words of a line mean the same.
constexpr std::array same_meaning{
    std::string_view(" cost price charge fee much expensive dollar pay "),
    std::string_view(" car park parking vehicle drive automobile "),
    std::string_view(" pain hurt ache sore "),
    std::string_view(" child kid children pediatric son daughter "),
    std::string_view(" cancel reschedule postpone "),
    std::string_view(" hour open close when time ")};
constexpr std::string_view says_nothing =
    " a an and are at be can do does for from how i in is it me my of on or our the to us we what "
    "where will with you your ";

bool stands_in(std::string_view list, const std::string& word) {
  return list.find(" " + word + " ") != std::string_view::npos;
}

std::string concept_of(std::string word) {
  if (word.size() > 3 && word.ends_with('s')) word.pop_back();
  for (const auto& line : same_meaning)
    if (stands_in(line, word)) return std::string(line);
  return word;
}

std::vector<std::string> concepts_in(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  auto end = [&] {
    if (!word.empty() && !stands_in(says_nothing, word)) out.push_back(concept_of(word));
    word.clear();
  };
  for (char c : to_lower(text)) {
    if (std::isalnum(static_cast<unsigned char>(c)) || (c & 0x80))
      word += c;
    else
      end();
  }
  end();
  return out;
}

std::string base64_of(const std::vector<float>& vector) {
  std::string bytes(reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float));
  return base64_encode(as_bytes(bytes));
}

net::HttpResponse bad_request(const std::string& message) {
  return openai_embeddings_error(400, "invalid_request_error", message);
}

/// The texts, or nothing when `input` is none of what may stand there.
std::optional<std::vector<std::string>> texts_in(const json::value& body) {
  const auto* input = value_at(body, "/input");
  std::vector<std::string> texts;
  if (input == nullptr) return std::nullopt;
  if (input->is_string()) return std::vector{std::string(input->get_string())};
  if (!input->is_array()) return std::nullopt;
  for (const auto& text : input->get_array()) {
    if (!text.is_string()) return std::nullopt;
    texts.emplace_back(text.get_string());
  }
  return texts;
}

net::HttpResponse answer(const net::HttpRequest& request, const OpenAiEmbeddingsOptions& options,
                         EmbeddingsQuirk quirk) {
  if (request.headers.get("Authorization").value_or("") != "Bearer " + options.api_key)
    return openai_embeddings_error(401, "invalid_request_error", "Incorrect API key provided");
  auto body = parse_json(request.body);
  if (!body) return bad_request("We could not parse the JSON body of your request");
  if (text_at(*body, "/model") != options.model)
    return openai_embeddings_error(404, "invalid_request_error",
                                   "The model `" + text_at(*body, "/model") + "` does not exist");
  auto texts = texts_in(*body);
  if (!texts || texts->empty()) return bad_request("'$.input' is invalid");
  if (texts->size() > options.most_texts) return bad_request("'$.input' has too many elements");
  for (const auto& text : *texts)
    if (text.empty()) return bad_request("'$.input' cannot be an empty string");
  auto dimensions = options.dimensions;
  if (const auto* fewer = value_at(*body, "/dimensions")) {
    if (!fewer->is_int64() || fewer->get_int64() < 1 ||
        static_cast<std::size_t>(fewer->get_int64()) > options.dimensions)
      return bad_request("'dimensions' is invalid");
    dimensions = static_cast<std::size_t>(fewer->get_int64());
  }
  if (quirk == EmbeddingsQuirk::short_vectors)
    dimensions = std::max<std::size_t>(1, dimensions / 2);
  bool as_text =
      text_at(*body, "/encoding_format") == "base64" && quirk != EmbeddingsQuirk::only_floats;
  json::array data;
  std::size_t tokens = 0;
  for (std::size_t i = 0; i < texts->size(); ++i) {
    if (quirk == EmbeddingsQuirk::one_missing && i + 1 == texts->size()) break;
    auto vector = meaning_of((*texts)[i], dimensions);
    tokens += (*texts)[i].size() / 4 + 1;
    auto index = quirk == EmbeddingsQuirk::index_twice ? 0 : i;
    json::object one{{"object", "embedding"}, {"index", index}};
    if (as_text)
      one["embedding"] = base64_of(vector);
    else
      one["embedding"] = json::array(vector.begin(), vector.end());
    data.push_back(std::move(one));
  }
  if (quirk == EmbeddingsQuirk::reversed) std::reverse(data.begin(), data.end());
  json::object out{{"object", "list"},
                   {"data", std::move(data)},
                   {"model", options.model},
                   {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}};
  return net::text_response(200, json::serialize(out), "application/json");
}

}  // namespace

std::vector<float> meaning_of(std::string_view text, std::size_t dimensions) {
  std::vector<float> sum(dimensions);
  auto concepts = concepts_in(text);
  if (concepts.empty()) concepts.emplace_back(text);
  for (const auto& one : concepts) {
    std::uint64_t seed = 0xCBF29CE484222325u;
    for (char c : one) seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    std::mt19937_64 random(seed);
    // Sums of uniform numbers: the library's normal distribution differs between versions.
    for (auto& value : sum)
      value += static_cast<float>(static_cast<double>(random() >> 11) / (1ull << 53) - 0.5);
  }
  auto length = 0.0F;
  for (auto value : sum) length += value * value;
  for (auto& value : sum) value /= std::sqrt(length);
  return sum;
}

net::HttpResponse openai_embeddings_error(int status, const std::string& type,
                                          const std::string& message) {
  json::object body{
      {"error", {{"message", message}, {"type", type}, {"param", nullptr}, {"code", nullptr}}}};
  return net::text_response(status, json::serialize(body), "application/json");
}

net::HttpResponse openai_embeddings_refusal(const Fault& fault, const net::HttpRequest&) {
  return openai_embeddings_error(fault.status, fault.code.empty() ? "server_error" : fault.code,
                                 "As the plan of faults wants it");
}

std::shared_ptr<std::atomic<EmbeddingsQuirk>> add_openai_embeddings(
    StandInServer& server, OpenAiEmbeddingsOptions options) {
  auto quirk = std::make_shared<std::atomic<EmbeddingsQuirk>>(EmbeddingsQuirk::none);
  auto path = options.path;
  auto handler = [options = std::move(options),
                  quirk](net::HttpRequest request) -> asio::awaitable<net::HttpResponse> {
    co_return answer(request, options, *quirk);
  };
  server.add(net::Method::post, std::move(path), std::move(handler));
  return quirk;
}

}  // namespace parley::simulators
