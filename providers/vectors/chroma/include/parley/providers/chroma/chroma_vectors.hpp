#pragma once
#include <memory>
#include <string>

#include "parley/knowledge/vector_index.hpp"
#include "parley/providers/vectors/exchange.hpp"

namespace parley::providers::chroma {

struct Options {
  std::string url = "http://127.0.0.1:8000";
  std::string token;  ///< sent as x-chroma-token; empty: none
  std::string tenant = "default_tenant";
  std::string database = "default_database";
};

/// Vectors in a server of Chroma (API v2), a collection for each business and embedder, made when
/// the first vector is written. What `parts` names outlives it.
std::unique_ptr<knowledge::VectorIndex> make_vectors(vectors::Exchange::Parts parts,
                                                     knowledge::VectorSpace space, Options options);

}  // namespace parley::providers::chroma
