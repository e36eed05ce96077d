#include "parley/knowledge/tools.hpp"

#include "parley/base/strings.hpp"

namespace parley::knowledge {

namespace {

constexpr std::size_t passages_given = 3;

class SearchTool final : public dialog::Tool {
 public:
  explicit SearchTool(KnowledgeBase& knowledge) : knowledge_(knowledge) {
    spec_.name = "search_knowledge";
    spec_.description =
        "Looks a question up in the business's own documents: prices, services, policies, "
        "directions. Answers with passages and the document and page each is from.";
    spec_.parameters = json::object{
        {"type", "object"},
        {"properties", {{"query", {{"type", "string"}, {"minLength", 1}, {"maxLength", 1000}}}}},
        {"required", {"query"}},
        {"additionalProperties", false}};
  }

  const dialog::ToolSpec& spec() const override { return spec_; }

  Task<json::object> call(Context ctx, dialog::ToolScope scope, dialog::ToolCall call) override {
    const auto* query = call.arguments.if_contains("query");
    if (query == nullptr || !query->is_string() || trim(query->get_string()).empty())
      co_return fail(Errc::invalid, "query must be the words to look for");
    std::string text(query->get_string());
    auto searching =
        knowledge_.search(std::move(ctx), scope.business, std::move(text), passages_given);
    auto found = co_await std::move(searching);
    if (!found) co_return std::unexpected(found.error());
    json::array passages;
    for (const auto& passage : *found) {
      json::object one{{"text", passage.text},
                       {"score", passage.score},
                       {"lexicalScore", passage.lexical_score},
                       {"document", passage.document_name},
                       {"documentId", passage.document.str()},
                       {"page", passage.page},
                       {"heading", passage.heading}};
      // From memory: it may have changed since.
      if (passage.remembered) one["remembered"] = true;
      passages.push_back(std::move(one));
    }
    json::object answer;
    answer["passages"] = std::move(passages);
    co_return answer;
  }

 private:
  KnowledgeBase& knowledge_;
  dialog::ToolSpec spec_;
};

class DocumentVocabulary final : public dialog::Vocabulary {
 public:
  explicit DocumentVocabulary(KnowledgeBase& knowledge) : knowledge_(knowledge) {}

  asio::awaitable<std::vector<std::string>> sentences(Context ctx, BusinessId business,
                                                      std::size_t limit) override {
    if (limit == 0) co_return std::vector<std::string>{};
    auto asking = knowledge_.sentences(std::move(ctx), std::move(business), limit);
    auto found = co_await std::move(asking);
    if (!found) co_return std::vector<std::string>{};
    co_return std::move(*found);
  }

  asio::awaitable<std::optional<std::int64_t>> version(Context ctx, BusinessId business) override {
    auto asking = knowledge_.version(std::move(ctx), std::move(business));
    auto found = co_await std::move(asking);
    if (!found) co_return std::nullopt;
    co_return *found;
  }

 private:
  KnowledgeBase& knowledge_;
};

}  // namespace

std::unique_ptr<dialog::Tool> make_search_tool(KnowledgeBase& knowledge) {
  return std::make_unique<SearchTool>(knowledge);
}

std::unique_ptr<dialog::Vocabulary> make_vocabulary(KnowledgeBase& knowledge) {
  return std::make_unique<DocumentVocabulary>(knowledge);
}

}  // namespace parley::knowledge
