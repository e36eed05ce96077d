#pragma once
#include "documents.hpp"
#include "parley/base/task_group.hpp"
#include "parley/knowledge/knowledge.hpp"
#include "parley/store/database.hpp"
#include "parley/store/objects.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::knowledge {

/// A knowledge base on a fresh database and a fresh object folder, with the real extractor.
class KnowledgeDbTest : public testkit::DatabaseTest {
 protected:
  KnowledgeDbTest() : bell_(std::make_shared<Bell>(io)) {}

  void SetUp() override;
  void TearDown() override;

  static KnowledgeOptions default_options(const std::string& mode = "extract-document");
  /// Stops the present one, if any, and makes another; start() is apart.
  void make(KnowledgeOptions options);
  void make() { make(default_options()); }
  void start();
  void stop();

  Result<Document> upload(std::string name, std::string bytes, std::string key = "",
                          DocumentId replaces = {}, std::string business = "biz_1");
  /// Uploads and waits until it is completed or failed.
  Document taken_up(std::string name, std::string bytes, std::string business = "biz_1");
  Result<Document> get(const DocumentId& id);
  /// Waits, commit by commit, until the document looks like that.
  Document wait_for(const DocumentId& id, std::function<bool(const Document&)> looks);
  Document settled(const DocumentId& id);
  std::vector<Passage> search(std::string query, std::string business = "biz_1");
  std::int64_t count(std::string sql);
  std::vector<std::string> event_types(const DocumentId& id);
  std::size_t files() const;  ///< in the object folder

  WorkerPool pool{{"knowledge", 2}};
  std::unique_ptr<store::ObjectStore> objects;
  std::unique_ptr<KnowledgeBase> knowledge;

 private:
  /// Rung by commits; coroutines of `io` wait for it.
  struct Bell {
    explicit Bell(asio::io_context& io) : timer(io, asio::steady_timer::time_point::max()) {}
    asio::steady_timer timer;
    std::uint64_t rung = 0;
  };
  std::shared_ptr<Bell> bell_;
};

}  // namespace parley::knowledge
