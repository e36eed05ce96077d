#pragma once
#include <memory>
#include <string>

#include "parley/knowledge/vector_index.hpp"
#include "parley/providers/vectors/exchange.hpp"

namespace parley::providers::pinecone {

struct Options {
  std::string api_url = "https://api.pinecone.io";  ///< where an index's own address is asked for
  std::string api_key;
  std::string index;  ///< its name; it exists, with our dimensions and the metric cosine
};

/// Vectors in an index of Pinecone, a namespace for each business and embedder. What was written
/// shows up in queries and counts some seconds later. Errors besides the port's: invalid when the
/// index is missing or has other dimensions or another metric. What `parts` names outlives it.
std::unique_ptr<knowledge::VectorIndex> make_vectors(vectors::Exchange::Parts parts,
                                                     knowledge::VectorSpace space, Options options);

}  // namespace parley::providers::pinecone
