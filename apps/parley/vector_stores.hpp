#pragma once
#include "health_probes.hpp"
#include "parley/base/settings.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/net/client.hpp"
#include "service_policies.hpp"

namespace parley::app {

struct VectorStoreParts {
  const Settings& settings;
  net::HttpClient& http;
  ServicePolicies& policies;
  store::Database& database;
  WorkerPool& indexing;
  Clock& clock;
};

/// The embedder and the store of vectors that the settings name. Nothing of either by default: the
/// knowledge base's own embedding and index in memory serve.
struct VectorStores {
  std::unique_ptr<store::Database> other_database;  ///< of pgvector.url
  std::unique_ptr<knowledge::Embedder> embedder;
  std::unique_ptr<knowledge::VectorIndex> vectors;

  knowledge::SemanticSearch search() const { return {embedder.get(), vectors.get()}; }
};

/// Errors: invalid, naming the setting. What is away is no error.
Result<VectorStores> make_vector_stores(VectorStoreParts parts);

/// How both are, when there are any. `stores` and `knowledge` outlive the monitor.
void add_probes(health::Monitor& monitor, const VectorStores& stores,
                knowledge::KnowledgeBase& knowledge);

}  // namespace parley::app
