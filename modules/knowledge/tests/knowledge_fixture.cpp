#include "knowledge_fixture.hpp"

#include <boost/asio/redirect_error.hpp>

#include "parley/store/event_log.hpp"

namespace parley::knowledge {

void KnowledgeDbTest::SetUp() {
  testkit::DatabaseTest::SetUp();
  if (HasFatalFailure() || IsSkipped()) return;
  objects = std::move(*store::open_folder_objects(pool, folder() / "objects"));
  std::weak_ptr<Bell> bell = bell_;
  auto executor = io.get_executor();
  db().on_commit([bell, executor] {
    asio::post(executor, [bell] {
      if (auto there = bell.lock()) {
        ++there->rung;
        there->timer.cancel();
      }
    });
  });
  make();
}

void KnowledgeDbTest::TearDown() {
  stop();
  knowledge.reset();
  testkit::DatabaseTest::TearDown();
}

KnowledgeOptions KnowledgeDbTest::default_options(const std::string& mode) {
  KnowledgeOptions options;
  options.extractor_command = {PARLEY_BINARY_DIR "/bin/knowledge_helper", mode};
  return options;
}

void KnowledgeDbTest::make(KnowledgeOptions options) {
  stop();
  knowledge = make_knowledge_base(io.get_executor(), clock, random, db(), *objects, pool,
                                  std::move(options));
}

void KnowledgeDbTest::start() {
  run([&]() -> Task<void> {
    auto starting = knowledge->start();
    co_await std::move(starting);
    co_return Result<void>{};
  });
}

void KnowledgeDbTest::stop() {
  if (!knowledge) return;
  run([&]() -> Task<void> {
    auto stopping = knowledge->stop();
    co_await std::move(stopping);
    co_return Result<void>{};
  });
}

Result<Document> KnowledgeDbTest::upload(std::string name, std::string bytes, std::string key,
                                         DocumentId replaces, std::string business) {
  return run([&]() -> Task<Document> {
    Upload upload{BusinessId(business), name, std::move(bytes), key, replaces};
    auto uploading = knowledge->upload(ctx, std::move(upload));
    co_return co_await std::move(uploading);
  });
}

Document KnowledgeDbTest::taken_up(std::string name, std::string bytes, std::string business) {
  auto uploaded = upload(std::move(name), std::move(bytes), "", {}, std::move(business));
  if (!uploaded) throw std::runtime_error("upload: " + uploaded.error().detail);
  return settled(uploaded->id);
}

Result<Document> KnowledgeDbTest::get(const DocumentId& id) {
  return run([&] { return knowledge->get(ctx, id); });
}

Document KnowledgeDbTest::wait_for(const DocumentId& id,
                                   std::function<bool(const Document&)> looks) {
  auto found = run([&]() -> Task<Document> {
    while (true) {
      auto rung = bell_->rung;
      auto getting = knowledge->get(ctx, id);
      auto document = co_await std::move(getting);
      if (!document || looks(*document)) co_return document;
      boost::system::error_code ignored;
      if (bell_->rung == rung)
        co_await bell_->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
  });
  if (!found) throw std::runtime_error("wait_for: " + found.error().detail);
  return *found;
}

Document KnowledgeDbTest::settled(const DocumentId& id) {
  return wait_for(id, [](const Document& document) {
    return document.status == DocumentStatus::completed ||
           document.status == DocumentStatus::failed;
  });
}

std::vector<Passage> KnowledgeDbTest::search(std::string query, std::string business) {
  auto found = run([&] { return knowledge->search(ctx, BusinessId(business), query, 5); });
  if (!found) throw std::runtime_error("search: " + found.error().detail);
  return *found;
}

std::int64_t KnowledgeDbTest::count(std::string sql) {
  auto look = [&](store::Tx& tx) -> Result<std::int64_t> {
    auto row = tx.one("SELECT COUNT(*) AS n FROM " + sql);
    if (!row) return std::unexpected(row.error());
    return row->integer("n");
  };
  return read(look).value();
}

std::vector<std::string> KnowledgeDbTest::event_types(const DocumentId& id) {
  auto look = [&](store::Tx& tx) {
    return store::read_events(tx, {ctx.organization, id.str(), {}}, {}, 100);
  };
  std::vector<std::string> types;
  for (const auto& event : read(look).value()) types.push_back(event.type);
  return types;
}

std::size_t KnowledgeDbTest::files() const {
  std::size_t n = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder() / "objects"))
    if (entry.is_regular_file()) ++n;
  return n;
}

}  // namespace parley::knowledge
