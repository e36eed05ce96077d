#include "services.hpp"
#include "values.hpp"

namespace parley::api {

namespace {

using namespace schema;
using knowledge::Document;

json::object document_json(const Document& document) {
  return {{"id", document.id.str()},
          {"businessId", document.business.str()},
          {"name", document.name},
          {"mediaType", document.media_type},
          {"sizeBytes", document.size_bytes},
          {"status", to_string(document.status)},
          {"reason", or_null(document.reason)},
          {"passages", document.passages},
          {"pages", document.pages > 0 ? json::value(document.pages) : json::value(nullptr)},
          {"createdAt", time_json(document.created)},
          {"updatedAt", time_json(document.updated)}};
}

Outcome one_document(const Document& document) {
  return Reply{.data = document_json(document), .version = document.version};
}

/// Whether the organization has this business.
asio::awaitable<std::expected<void, Failure>> check_business(Request& in, BusinessId id) {
  auto looking = in.services.parts.businesses.get(in.ctx, std::move(id));
  auto found = co_await std::move(looking);
  if (!found) co_return refuse(found.error(), "business");
  co_return std::expected<void, Failure>{};
}

Answer upload_document(Request& in) {
  auto is_file = [](const FormPart& part) { return part.name == "file"; };
  auto file = std::ranges::find_if(in.form, is_file);
  knowledge::Upload upload;
  upload.business = BusinessId(text_in(in.body, "businessId").value_or(""));
  upload.replaces = DocumentId(text_in(in.body, "replaces").value_or(""));
  upload.file_name = file->file_name.value_or("");
  upload.bytes = std::string(file->content);
  upload.idempotency_key = in.idempotency_key;
  auto checking = check_business(in, upload.business);
  auto there = co_await std::move(checking);
  if (!there) co_return std::unexpected(there.error());
  auto uploading =
      reply(in.services.parts.knowledge.upload(in.ctx, std::move(upload)), one_document);
  co_return co_await std::move(uploading);
}

Answer list_documents(Request& in) {
  knowledge::DocumentQuery query;
  query.business = BusinessId(in.query.text("business"));
  if (auto status = in.query.text("status"); !status.empty())
    for (auto one : {knowledge::DocumentStatus::pending, knowledge::DocumentStatus::processing,
                     knowledge::DocumentStatus::completed, knowledge::DocumentStatus::failed})
      if (to_string(one) == status) query.status = one;
  query.page = in.query.integer("page", 1);
  query.limit = in.query.integer("limit", 50);
  query.sort = in.query.text("sort");
  auto page = query.page;
  auto limit = query.limit;
  return reply(in.services.parts.knowledge.list(in.ctx, std::move(query)),
               [page, limit](const knowledge::DocumentList& list) -> Outcome {
                 json::array items;
                 for (auto& item : list.items) items.push_back(document_json(item));
                 return Reply{.data = std::move(items),
                              .pagination = page_of(page, limit, list.total)};
               });
}

Answer get_document(Request& in) {
  return reply(in.services.parts.knowledge.get(in.ctx, in.id<DocumentId>()), one_document);
}

Answer remove_document(Request& in) {
  if (in.has_if_match()) {
    auto looking = in.services.parts.knowledge.get(in.ctx, in.id<DocumentId>());
    auto found = co_await std::move(looking);
    if (!found) co_return refuse(found.error());
    if (auto good = in.check_if_match(found->version); !good)
      co_return std::unexpected(good.error());
  }
  auto id = in.path("id");
  auto removing = in.services.parts.knowledge.remove(in.ctx, DocumentId(id));
  auto removed = co_await std::move(removing);
  if (!removed) co_return refuse(removed.error());
  co_return Reply{.data = json::object{{"id", id}}};
}

Answer reprocess_document(Request& in) {
  return reply(in.services.parts.knowledge.reprocess(in.ctx, in.id<DocumentId>()), one_document);
}

Answer search(Request& in) {
  BusinessId business(in.query.text("business"));
  auto checking = check_business(in, business);
  auto there = co_await std::move(checking);
  if (!there) co_return std::unexpected(there.error());
  auto limit = static_cast<std::size_t>(in.query.integer("limit", 5));
  auto searching = in.services.parts.knowledge.search(in.ctx, business, in.query.text("q"), limit);
  auto passages = co_await std::move(searching);
  if (!passages) co_return refuse(passages.error());
  json::array items;
  for (auto& passage : *passages)
    items.push_back(
        json::object{{"id", passage.id.str()},
                     {"documentId", passage.document.str()},
                     {"documentName", passage.document_name},
                     {"text", passage.text},
                     {"heading", or_null(passage.heading)},
                     {"page", passage.page > 0 ? json::value(passage.page) : json::value(nullptr)},
                     {"score", passage.score},
                     {"lexicalScore", passage.lexical_score}});
  co_return Reply{.data = std::move(items)};
}

Route document_route(net::Method method, std::string path, std::string name, std::string summary,
                     Answer (*handler)(Request&)) {
  Route route;
  route.method = method;
  route.path = std::move(path);
  route.group = "knowledge";
  route.name = std::move(name);
  route.summary = std::move(summary);
  route.thing = "document";
  route.permission = method == net::Method::get ? "documents:read" : "documents:write";
  route.response = ref("Document");
  route.handler = handler;
  return route;
}

Schema status() { return choice({"pending", "processing", "completed", "failed"}); }

}  // namespace

void add_knowledge_routes(RouteTable& table) {
  table.define("Document",
               object({required("id", id("doc")), required("businessId", id("biz")),
                       required("name", text()), required("mediaType", text()),
                       required("sizeBytes", integer(0, INT64_MAX)), required("status", status()),
                       required("reason", text().about("Why it failed.").or_null()),
                       required("passages", integer(0, INT64_MAX)),
                       required("pages", integer(1, INT64_MAX).or_null()),
                       required("createdAt", date_time()), required("updatedAt", date_time())}));
  table.define("Passage",
               object({required("id", id("chunk")), required("documentId", id("doc")),
                       required("documentName", text()), required("text", text(0, 100'000)),
                       required("heading", text().or_null()),
                       required("page", integer(1, INT64_MAX).or_null()),
                       required("score", number(0, 1)), required("lexicalScore", number(0, 1e9))}));
  auto upload = document_route(net::Method::post, "/documents/upload", "uploadDocument",
                               "Upload PDF, DOCX, TXT, Markdown, HTML or CSV; it is read in the "
                               "background: see its status.",
                               upload_document);
  upload.body = BodyKind::multipart;
  upload.request = object({required("file", file()), required("businessId", id("biz")),
                           optional("replaces", text(0, 64).about("The document whose place it "
                                                                  "takes once it is read."))});
  upload.status = 201;
  table.add(std::move(upload));
  auto listing = document_route(net::Method::get, "/documents", "listDocuments",
                                "Uploaded documents.", list_documents);
  listing.query = page_parameters({"createdAt", "name", "sizeBytes"});
  listing.query.push_back({"business", text(1, 64), "Of this business."});
  listing.query.push_back({"status", status(), "By status."});
  listing.response = list(ref("Document"), 200);
  listing.paging = Route::Paging::pages;
  table.add(std::move(listing));
  table.add(document_route(net::Method::get, "/documents/{id}", "getDocument", "One document.",
                           get_document));
  auto removing = document_route(net::Method::delete_, "/documents/{id}", "deleteDocument",
                                 "Delete it with its passages.", remove_document);
  removing.response = object({required("id", id("doc"))});
  table.add(std::move(removing));
  table.add(document_route(net::Method::post, "/documents/{id}/reprocess", "reprocessDocument",
                           "Read the file once more.", reprocess_document));
  auto searching =
      document_route(net::Method::get, "/knowledge/search", "searchKnowledge",
                     "The passages of a business's documents that answer best.", search);
  searching.permission = "knowledge:read";
  searching.thing = "business";
  searching.query = {
      {"q", text(1, 500), "The question.", QueryParameter::Presence::required},
      {"business", text(1, 64), "Whose documents.", QueryParameter::Presence::required},
      {"limit", integer(1, 50), "How many; 5 unless told."}};
  searching.response = list(ref("Passage"), 50);
  table.add(std::move(searching));
}

}  // namespace parley::api
