#include "vector_stores.hpp"

#include <fmt/format.h>

#include "parley/base/strings.hpp"
#include "parley/providers/chroma/chroma_vectors.hpp"
#include "parley/providers/openai_embedding/openai_embedder.hpp"
#include "parley/providers/pgvector/late_database.hpp"
#include "parley/providers/pgvector/pgvector_vectors.hpp"
#include "parley/providers/pinecone/pinecone_vectors.hpp"

namespace parley::app {

namespace {

using health::Finding;
using health::Status;

constexpr std::int64_t many = 100;  ///< documents without vectors

Result<std::unique_ptr<knowledge::Embedder>> make_embedder(VectorStoreParts parts) {
  auto& settings = parts.settings;
  auto dimensions = settings.integer("openai.embedding_dimensions", 1, 20'000);
  if (!dimensions) return std::unexpected(dimensions.error());
  auto& model = settings.text("openai.embedding_model");
  if (model.empty()) return knowledge::make_builtin_embedder(parts.indexing);
  resilience::PolicyOptions patience;
  patience.breaker.min_calls = 5;
  auto policy = parts.policies.add("embeddings", patience);
  if (!policy) return std::unexpected(policy.error());
  providers::openai_embedding::Options options;
  options.api_url = settings.text("openai.embedding_url");
  if (options.api_url.empty()) options.api_url = settings.text("openai.api_url");
  options.api_key = settings.text("openai.api_key");
  options.model = model;
  options.dimensions = static_cast<std::size_t>(*dimensions);
  return providers::openai_embedding::make_embedder(parts.http, **policy, std::move(options));
}

Result<resilience::Policy*> vector_policy(ServicePolicies& policies) {
  resilience::PolicyOptions patience;
  patience.breaker.min_calls = 5;
  return policies.add("vectors", patience);
}

Result<void> make_pgvector(VectorStoreParts parts, VectorStores& stores,
                           knowledge::VectorSpace space) {
  auto* database = &parts.database;
  if (auto& url = parts.settings.text("pgvector.url"); !url.empty()) {
    auto opened =
        providers::pgvector::open_late(parts.clock, parts.indexing, {.url = url, .connections = 4});
    if (!opened) return fail(opened.error().code, "pgvector.url: " + opened.error().detail);
    stores.other_database = std::move(*opened);
    database = stores.other_database.get();
  }
  if (database->kind() != store::Database::Kind::postgresql)
    return fail(Errc::invalid,
                "knowledge.vectors is pgvector, but database.url is no PostgreSQL: set "
                "pgvector.url, or database.url");
  stores.vectors = providers::pgvector::make_vectors(*database, std::move(space));
  return {};
}

Result<void> make_chroma(VectorStoreParts parts, VectorStores& stores,
                         knowledge::VectorSpace space) {
  auto policy = vector_policy(parts.policies);
  if (!policy) return std::unexpected(policy.error());
  providers::chroma::Options options;
  options.url = parts.settings.text("chroma.url");
  options.token = parts.settings.text("chroma.token");
  options.tenant = parts.settings.text("chroma.tenant");
  options.database = parts.settings.text("chroma.database");
  stores.vectors = providers::chroma::make_vectors({parts.clock, parts.http, **policy},
                                                   std::move(space), std::move(options));
  return {};
}

Result<void> make_pinecone(VectorStoreParts parts, VectorStores& stores,
                           knowledge::VectorSpace space) {
  providers::pinecone::Options options;
  options.api_url = parts.settings.text("pinecone.api_url");
  options.api_key = parts.settings.text("pinecone.api_key");
  options.index = parts.settings.text("pinecone.index");
  if (options.api_key.empty() || options.index.empty())
    return fail(Errc::invalid,
                "knowledge.vectors is pinecone: pinecone.api_key and pinecone.index are needed");
  auto policy = vector_policy(parts.policies);
  if (!policy) return std::unexpected(policy.error());
  stores.vectors = providers::pinecone::make_vectors({parts.clock, parts.http, **policy},
                                                     std::move(space), std::move(options));
  return {};
}

Task<Finding> look_at_embedder(knowledge::Embedder& embedder, Context ctx) {
  std::vector<std::string> texts{"hello"};
  auto embedding = embedder.embed(std::move(ctx), std::move(texts));
  auto embedded = co_await std::move(embedding);
  if (!embedded) co_return std::unexpected(embedded.error());
  co_return Finding{.detail = embedder.name()};
}

Task<Finding> look_at_vectors(knowledge::VectorIndex& vectors, knowledge::KnowledgeBase& knowledge,
                              Context ctx) {
  auto counting = vectors.count(ctx, BusinessId("health"));
  auto counted = co_await std::move(counting);
  if (!counted) co_return std::unexpected(counted.error());
  auto asking = knowledge.without_vectors(std::move(ctx));
  auto behind = co_await std::move(asking);
  if (!behind) co_return std::unexpected(behind.error());
  Finding finding{.detail = vectors.name()};
  if (*behind >= many) finding.status = Status::degraded;
  if (*behind > 0) finding.detail += fmt::format(": {} documents wait for their vectors", *behind);
  co_return finding;
}

}  // namespace

Result<VectorStores> make_vector_stores(VectorStoreParts parts) {
  auto& name = parts.settings.text("knowledge.vectors");
  const std::vector<std::string> known{"embedded", "pgvector", "chroma", "pinecone"};
  if (std::ranges::find(known, name) == known.end())
    return fail(Errc::invalid, "knowledge.vectors: " + join(known, ", ") + "; not " + name);
  VectorStores stores;
  auto embedder = make_embedder(parts);
  if (!embedder) return fail(embedder.error().code, "embeddings: " + embedder.error().detail);
  // The built-in embedding in our own memory is what the knowledge base does by itself.
  if (name == "embedded" && parts.settings.text("openai.embedding_model").empty()) return stores;
  stores.embedder = std::move(*embedder);
  knowledge::VectorSpace space{stores.embedder->name(), stores.embedder->dimensions()};
  Result<void> made;
  if (name == "embedded")
    stores.vectors =
        knowledge::make_embedded_vectors(parts.database, parts.indexing, std::move(space));
  else if (name == "pgvector")
    made = make_pgvector(parts, stores, std::move(space));
  else if (name == "chroma")
    made = make_chroma(parts, stores, std::move(space));
  else if (name == "pinecone")
    made = make_pinecone(parts, stores, std::move(space));
  if (!made) return std::unexpected(made.error());
  return stores;
}

void add_probes(health::Monitor& monitor, const VectorStores& stores,
                knowledge::KnowledgeBase& knowledge) {
  if (!stores.embedder) return;
  health::Probe embeddings;
  embeddings.name = "embeddings";
  embeddings.kind = "embedder";
  embeddings.weight = health::Probe::Weight::replaceable;
  embeddings.advice =
      "documents are searched by their words: check openai.api_key and openai.embedding_model";
  embeddings.look = [&embedder = *stores.embedder](Context ctx) {
    return look_at_embedder(embedder, std::move(ctx));
  };
  monitor.add(std::move(embeddings));
  health::Probe vectors;
  vectors.name = "vectors";
  vectors.kind = "vector store";
  vectors.weight = health::Probe::Weight::replaceable;
  vectors.advice =
      "documents are searched by their words: check the server that knowledge.vectors names";
  vectors.look = [&index = *stores.vectors, &knowledge](Context ctx) {
    return look_at_vectors(index, knowledge, std::move(ctx));
  };
  monitor.add(std::move(vectors));
}

}  // namespace parley::app
