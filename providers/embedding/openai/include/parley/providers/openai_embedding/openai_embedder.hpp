#pragma once
#include <memory>
#include <string>

#include "parley/knowledge/embedder.hpp"
#include "parley/net/client.hpp"
#include "parley/resilience/policy.hpp"

namespace parley::providers::openai_embedding {

struct Options {
  std::string api_url = "https://api.openai.com/v1";  ///< before "/embeddings"
  std::string api_key;                                ///< empty: a local server that wants none
  std::string model = "text-embedding-3-small";
  std::size_t dimensions = 1536;  ///< of every vector of this model
  std::size_t max_batch = 32;     ///< texts in a request; an answer is then parsed in about 1 ms
};

/// Embeddings of OpenAI, or of a server that speaks as it does. `http` and `policy` outlive it.
/// Errors of this function: invalid (no model, dimensions not 1 to 20,000, max_batch not 1 to
/// 2,048).
Result<std::unique_ptr<knowledge::Embedder>> make_embedder(net::HttpClient& http,
                                                           resilience::Policy& policy,
                                                           Options options);

}  // namespace parley::providers::openai_embedding
