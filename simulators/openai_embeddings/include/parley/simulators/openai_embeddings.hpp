#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct OpenAiEmbeddingsOptions {
  std::string path = "/v1/embeddings";
  std::string api_key = "sk-parley-embeddings";
  std::string model = "text-embedding-3-small";  ///< others are answered with 404
  std::size_t dimensions = 1536;                 ///< unless the request says fewer
  std::size_t most_texts = 2048;
};

/// An answer with 200 that is wrong all the same.
enum class EmbeddingsQuirk { none, reversed, short_vectors, one_missing, index_twice, only_floats };

/// Adds the route to a stand-in's server, before it starts. The switch that is returned may be set
/// at any time, from any thread. `reversed` and `only_floats` are what a client has to understand.
std::shared_ptr<std::atomic<EmbeddingsQuirk>> add_openai_embeddings(
    StandInServer& server, OpenAiEmbeddingsOptions options = {});

/// OpenAI's words for an error.
net::HttpResponse openai_embeddings_error(int status, const std::string& type,
                                          const std::string& message);
/// For StandInServer, when nothing else of OpenAI is served there.
net::HttpResponse openai_embeddings_refusal(const Fault& fault, const net::HttpRequest& request);

/// The unit vector of a text, as the route gives it.
std::vector<float> meaning_of(std::string_view text, std::size_t dimensions);

}  // namespace parley::simulators
