#include "parley/providers/pinecone/pinecone_vectors.hpp"

#include <algorithm>
#include <mutex>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"
#include "parley/knowledge/vector_place.hpp"

namespace parley::providers::pinecone {

namespace {

using knowledge::VectorEntry;
using knowledge::VectorMatch;
using knowledge::VectorQuery;
using Matches = std::vector<VectorMatch>;

constexpr std::string_view api_version = "2026-04";
constexpr std::size_t most_records = 1000;     ///< of one upsert
constexpr std::size_t most_bytes = 1'500'000;  ///< Pinecone takes 2 MB
constexpr std::size_t bytes_a_dimension = 14;  ///< "-0.0123456789,"
constexpr std::size_t bytes_a_record = 400;    ///< ids and names beside the numbers

net::Headers headers(const Options& options) {
  net::Headers out;
  out.set("Api-Key", options.api_key);
  out.set("X-Pinecone-Api-Version", std::string(api_version));
  return out;
}

Result<Matches> matches_in(const json::value& answer) {
  const auto* matches = value_at(answer, "/matches");
  if (matches == nullptr || !matches->is_array())
    return fail(Errc::corrupt, "Pinecone's answer has no matches");
  Matches out;
  for (const auto& match : matches->get_array()) {
    const auto* score = value_at(match, "/score");
    boost::system::error_code wrong;
    auto similarity = score ? score->to_number<float>(wrong) : 0.0F;
    auto id = text_at(match, "/id");
    if (wrong || score == nullptr || id.empty())
      return fail(Errc::corrupt, "Pinecone's match has no id or score");
    out.push_back({ChunkId(id), DocumentId(text_at(match, "/metadata/document")), similarity});
  }
  return out;
}

class PineconeVectors final : public knowledge::VectorIndex {
 public:
  PineconeVectors(vectors::Exchange::Parts parts, knowledge::VectorSpace space, Options options)
      : space_(std::move(space)),
        options_(std::move(options)),
        exchange_(parts, "Pinecone", headers(options_)) {
    while (options_.api_url.ends_with('/')) options_.api_url.pop_back();
  }

  const std::string& name() const noexcept override { return name_; }

  Task<void> upsert(Context ctx, BusinessId business, std::vector<VectorEntry> entries) override {
    if (auto good = check(space_, entries); !good) co_return good;
    std::erase_if(entries, [](const auto& entry) { return knowledge::is_void(entry.values); });
    auto size = space_.dimensions * bytes_a_dimension + bytes_a_record;
    auto at_once = std::clamp<std::size_t>(most_bytes / size, 1, most_records);
    for (std::size_t at = 0; at < entries.size(); at += at_once) {
      json::array vectors;
      for (auto i = at; i < std::min(entries.size(), at + at_once); ++i) {
        const auto& values = entries[i].values;
        vectors.push_back(json::object{{"id", entries[i].id.str()},
                                       {"values", json::array(values.begin(), values.end())},
                                       {"metadata",
                                        {{"document", entries[i].document.str()},
                                         {"organization", ctx.organization.str()},
                                         {"business", business.str()}}}});
      }
      json::object body{{"vectors", std::move(vectors)},
                        {"namespace", knowledge::vector_place(space_, ctx.organization, business)}};
      auto writing = data(ctx, "vectors.upsert", "/vectors/upsert", std::move(body));
      auto written = co_await std::move(writing);
      if (!written) co_return std::unexpected(written.error());
    }
    co_return Result<void>{};
  }

  Task<void> remove(Context ctx, BusinessId business, DocumentId document) override {
    json::object body{{"filter", {{"document", {{"$eq", document.str()}}}}},
                      {"namespace", knowledge::vector_place(space_, ctx.organization, business)}};
    auto removing = data(std::move(ctx), "vectors.delete", "/vectors/delete", std::move(body));
    auto removed = co_await std::move(removing);
    // A namespace is there from its first vector on.
    if (!removed && removed.error().code != Errc::not_found)
      co_return std::unexpected(removed.error());
    co_return Result<void>{};
  }

  Task<Matches> query(Context ctx, VectorQuery query) override {
    if (auto good = check(space_, query); !good) co_return std::unexpected(good.error());
    if (knowledge::is_void(query.values)) co_return Matches{};
    json::object body{
        {"topK", query.limit},
        {"vector", json::array(query.values.begin(), query.values.end())},
        {"includeMetadata", true},
        {"namespace", knowledge::vector_place(space_, ctx.organization, query.business)}};
    if (!query.of_documents.empty()) {
      json::array documents;
      for (const auto& id : query.of_documents) documents.emplace_back(id.str());
      body["filter"] = json::object{{"document", {{"$in", std::move(documents)}}}};
    }
    auto asking = data(std::move(ctx), "vectors.query", "/query", std::move(body));
    auto answer = co_await std::move(asking);
    if (!answer && answer.error().code == Errc::not_found) co_return Matches{};
    if (!answer) co_return std::unexpected(answer.error());
    co_return matches_in(*answer);
  }

  Task<std::size_t> count(Context ctx, BusinessId business) override {
    auto place = knowledge::vector_place(space_, ctx.organization, business);
    auto asking = data(std::move(ctx), "vectors.stats", "/describe_index_stats", {});
    auto answer = co_await std::move(asking);
    if (!answer) co_return std::unexpected(answer.error());
    const auto* count = value_at(*answer, "/namespaces/" + place + "/vectorCount");
    co_return count && count->is_int64() ? static_cast<std::size_t>(count->get_int64()) : 0;
  }

 private:
  Task<json::value> data(Context ctx, std::string what, std::string path, json::object body) {
    auto finding = host(ctx);
    auto where = co_await std::move(finding);
    if (!where) co_return std::unexpected(where.error());
    vectors::Question question{std::move(what), net::Method::post, *where + path,
                               json::serialize(body)};
    auto asking = exchange_.ask(std::move(ctx), std::move(question));
    co_return co_await std::move(asking);
  }

  /// The index's own address, asked for once.
  Task<std::string> host(Context ctx) {
    {
      std::lock_guard lock(mutex_);
      if (!host_.empty()) co_return host_;
    }
    vectors::Question question{"indexes.describe", net::Method::get,
                               options_.api_url + "/indexes/" + url_encode(options_.index), ""};
    auto asking = exchange_.ask(std::move(ctx), std::move(question));
    auto answer = co_await std::move(asking);
    if (!answer && answer.error().code == Errc::not_found)
      co_return fail(Errc::invalid, "Pinecone has no index " + options_.index +
                                        ": make it, or check pinecone.index");
    if (!answer) co_return std::unexpected(answer.error());
    const auto* dimension = value_at(*answer, "/dimension");
    auto metric = text_at(*answer, "/metric");
    if (dimension == nullptr || !dimension->is_int64() || metric != "cosine" ||
        static_cast<std::size_t>(dimension->get_int64()) != space_.dimensions)
      co_return fail(Errc::invalid, "Pinecone's index " + options_.index + " must have " +
                                        std::to_string(space_.dimensions) +
                                        " dimensions and the metric cosine");
    auto found = text_at(*answer, "/host");
    if (found.empty()) co_return fail(Errc::corrupt, "Pinecone's index has no host");
    // A stand-in without TLS gives its index no TLS either.
    if (!found.contains("://"))
      found.insert(0, options_.api_url.starts_with("http://") ? "http://" : "https://");
    std::lock_guard lock(mutex_);
    host_ = found;
    co_return host_;
  }

  knowledge::VectorSpace space_;
  Options options_;
  vectors::Exchange exchange_;
  std::string name_ = "pinecone";
  std::mutex mutex_;
  std::string host_;  ///< under mutex_
};

}  // namespace

std::unique_ptr<knowledge::VectorIndex> make_vectors(vectors::Exchange::Parts parts,
                                                     knowledge::VectorSpace space,
                                                     Options options) {
  return std::make_unique<PineconeVectors>(parts, std::move(space), std::move(options));
}

}  // namespace parley::providers::pinecone
