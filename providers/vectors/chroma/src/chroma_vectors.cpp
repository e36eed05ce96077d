#include "parley/providers/chroma/chroma_vectors.hpp"

#include <map>
#include <mutex>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/knowledge/vector_place.hpp"

namespace parley::providers::chroma {

namespace {

using knowledge::VectorEntry;
using knowledge::VectorMatch;
using knowledge::VectorQuery;
using Matches = std::vector<VectorMatch>;

constexpr std::size_t written_at_once = 200;  ///< a request stays within some megabytes

json::array numbers(const knowledge::Vector& vector) {
  return json::array(vector.begin(), vector.end());
}

net::Headers headers(const Options& options) {
  net::Headers out;
  if (!options.token.empty()) out.set("x-chroma-token", options.token);
  return out;
}

/// Chroma answers with lists of lists: one list for each query, and we ask one.
Result<Matches> matches_in(const json::value& answer) {
  const auto* ids = value_at(answer, "/ids/0");
  const auto* distances = value_at(answer, "/distances/0");
  const auto* metadatas = value_at(answer, "/metadatas/0");
  if (!ids || !distances || !metadatas || !ids->is_array() || !distances->is_array() ||
      !metadatas->is_array() || ids->get_array().size() != distances->get_array().size() ||
      ids->get_array().size() != metadatas->get_array().size())
    return fail(Errc::corrupt, "Chroma's answer to a query is not as it should be");
  Matches out;
  for (std::size_t i = 0; i < ids->get_array().size(); ++i) {
    boost::system::error_code wrong;
    auto distance = distances->get_array()[i].to_number<float>(wrong);
    const auto* id = ids->get_array()[i].if_string();
    if (wrong || id == nullptr) return fail(Errc::corrupt, "Chroma's match has no id or distance");
    out.push_back({ChunkId(std::string(*id)),
                   DocumentId(text_at(metadatas->get_array()[i], "/document")), 1.0F - distance});
  }
  return out;
}

class ChromaVectors final : public knowledge::VectorIndex {
 public:
  ChromaVectors(vectors::Exchange::Parts parts, knowledge::VectorSpace space, Options options)
      : space_(std::move(space)), exchange_(parts, "Chroma", headers(options)) {
    while (options.url.ends_with('/')) options.url.pop_back();
    base_ = options.url + "/api/v2/tenants/" + url_encode(options.tenant) + "/databases/" +
            url_encode(options.database) + "/collections";
  }

  const std::string& name() const noexcept override { return name_; }

  Task<void> upsert(Context ctx, BusinessId business, std::vector<VectorEntry> entries) override {
    if (auto good = check(space_, entries); !good) co_return good;
    std::erase_if(entries, [](const auto& entry) { return knowledge::is_void(entry.values); });
    for (std::size_t at = 0; at < entries.size(); at += written_at_once) {
      json::array ids, embeddings, metadatas;
      for (auto i = at; i < std::min(entries.size(), at + written_at_once); ++i) {
        ids.emplace_back(entries[i].id.str());
        embeddings.push_back(numbers(entries[i].values));
        metadatas.push_back(json::object{{"document", entries[i].document.str()}});
      }
      json::object body{{"ids", std::move(ids)},
                        {"embeddings", std::move(embeddings)},
                        {"metadatas", std::move(metadatas)}};
      auto writing = in_collection(ctx, business, Missing::make, "upsert", std::move(body));
      auto written = co_await std::move(writing);
      if (!written) co_return std::unexpected(written.error());
    }
    co_return Result<void>{};
  }

  Task<void> remove(Context ctx, BusinessId business, DocumentId document) override {
    json::object body{{"where", {{"document", document.str()}}}};
    auto removing = in_collection(std::move(ctx), std::move(business), Missing::leave, "delete",
                                  std::move(body));
    auto removed = co_await std::move(removing);
    if (!removed && removed.error().code != Errc::not_found)
      co_return std::unexpected(removed.error());
    co_return Result<void>{};
  }

  Task<Matches> query(Context ctx, VectorQuery query) override {
    if (auto good = check(space_, query); !good) co_return std::unexpected(good.error());
    if (knowledge::is_void(query.values)) co_return Matches{};
    json::array asked;
    asked.push_back(numbers(query.values));
    json::object body{{"query_embeddings", std::move(asked)},
                      {"n_results", query.limit},
                      {"include", {"distances", "metadatas"}}};
    if (!query.of_documents.empty()) {
      json::array documents;
      for (const auto& id : query.of_documents) documents.emplace_back(id.str());
      body["where"] = json::object{{"document", {{"$in", std::move(documents)}}}};
    }
    auto asking =
        in_collection(std::move(ctx), query.business, Missing::leave, "query", std::move(body));
    auto answer = co_await std::move(asking);
    if (!answer && answer.error().code == Errc::not_found) co_return Matches{};
    if (!answer) co_return std::unexpected(answer.error());
    co_return matches_in(*answer);
  }

  Task<std::size_t> count(Context ctx, BusinessId business) override {
    auto asking = in_collection(std::move(ctx), std::move(business), Missing::leave, "count", {});
    auto answer = co_await std::move(asking);
    if (!answer && answer.error().code == Errc::not_found) co_return 0;
    if (!answer) co_return std::unexpected(answer.error());
    if (!answer->is_int64()) co_return fail(Errc::corrupt, "Chroma's count is no number");
    co_return static_cast<std::size_t>(answer->get_int64());
  }

 private:
  enum class Missing { leave, make };

  /// Something done with the records of the business's collection. Errors also: not_found (there is
  /// no collection, and none was to be made).
  Task<json::value> in_collection(Context ctx, BusinessId business, Missing missing,
                                  std::string what, json::object body) {
    auto place = knowledge::vector_place(space_, ctx.organization, business);
    auto text = what == "count" ? std::string() : json::serialize(body);
    for (int attempt = 0;; ++attempt) {
      auto finding = collection(ctx, business, place, missing);
      auto id = co_await std::move(finding);
      if (!id) co_return std::unexpected(id.error());
      auto method = what == "count" ? net::Method::get : net::Method::post;
      vectors::Question question{"records." + what, method, base_ + "/" + *id + "/" + what, text};
      auto asking = exchange_.ask(ctx, std::move(question));
      auto answer = co_await std::move(asking);
      if (answer || answer.error().code != Errc::not_found || attempt > 0) co_return answer;
      // The collection was deleted, or the server began anew: its id is another one now.
      std::lock_guard lock(mutex_);
      ids_.erase(place);
    }
  }

  Task<std::string> collection(Context ctx, BusinessId business, std::string place,
                               Missing missing) {
    {
      std::lock_guard lock(mutex_);
      if (auto known = ids_.find(place); known != ids_.end()) co_return known->second;
    }
    auto name = "parley-" + place;
    json::object metadata{{"organization", ctx.organization.str()},
                          {"business", business.str()},
                          {"embedder", space_.embedder}};
    json::object body{{"name", name},
                      {"metadata", std::move(metadata)},
                      {"configuration", {{"hnsw", {{"space", "cosine"}, {"ef_search", 200}}}}},
                      {"get_or_create", true}};
    vectors::Question question{"collections.get", net::Method::get, base_ + "/" + name, ""};
    if (missing == Missing::make)
      question = {"collections.create", net::Method::post, base_, json::serialize(body)};
    auto asking = exchange_.ask(std::move(ctx), std::move(question));
    auto answer = co_await std::move(asking);
    if (!answer) co_return std::unexpected(answer.error());
    auto id = text_at(*answer, "/id");
    if (id.empty()) co_return fail(Errc::corrupt, "Chroma's collection has no id");
    std::lock_guard lock(mutex_);
    ids_[place] = id;
    co_return id;
  }

  knowledge::VectorSpace space_;
  vectors::Exchange exchange_;
  std::string base_;
  std::string name_ = "chroma";
  std::mutex mutex_;
  std::map<std::string, std::string> ids_;  ///< of collections, by place; under mutex_
};

}  // namespace

std::unique_ptr<knowledge::VectorIndex> make_vectors(vectors::Exchange::Parts parts,
                                                     knowledge::VectorSpace space,
                                                     Options options) {
  return std::make_unique<ChromaVectors>(parts, std::move(space), std::move(options));
}

}  // namespace parley::providers::chroma
