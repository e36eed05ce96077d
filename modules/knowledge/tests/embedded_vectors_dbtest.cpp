#include <filesystem>

#include "parley/store/migrations.hpp"
#include "parley/testkit/conformance/vector_index.hpp"
#include "parley/testkit/postgres_server.hpp"

namespace parley::knowledge {
namespace {

/// Rows in a database of its own.
class RowsWorld final : public testkit::VectorIndexWorld {
 public:
  explicit RowsWorld(store::Database::Kind kind) {
    auto name = (std::filesystem::temp_directory_path() / "parley-vectors-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    folder_ = name;
    auto url = "sqlite:" + name + "/vectors.db";
    if (kind == store::Database::Kind::postgresql)
      url = testkit::PostgresServer::instance().url(
          testkit::PostgresServer::instance().make_database());
    database_ = std::move(*store::open_database(clock_, url));
    auto migrating = asio::co_spawn(io, store::migrate(*database_), asio::use_future);
    io.run();
    if (auto done = migrating.get(); !done) throw std::runtime_error(done.error().detail);
  }
  ~RowsWorld() override {
    database_->close();
    std::filesystem::remove_all(folder_);
  }
  std::unique_ptr<VectorIndex> open(VectorSpace space) override {
    return make_embedded_vectors(*database_, pool_, std::move(space), {.graph_threshold = 2000});
  }

 private:
  SystemClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Database> database_;
  WorkerPool pool_{{.name = "indexing", .threads = 1}};
};

std::unique_ptr<testkit::VectorIndexWorld> in_sqlite() {
  return std::make_unique<RowsWorld>(store::Database::Kind::sqlite);
}
std::unique_ptr<testkit::VectorIndexWorld> in_postgresql() {
  return std::make_unique<RowsWorld>(store::Database::Kind::postgresql);
}

}  // namespace
}  // namespace parley::knowledge

namespace parley::testkit {
INSTANTIATE_TEST_SUITE_P(EmbeddedInSqlite, VectorIndexSuite,
                         ::testing::Values(&knowledge::in_sqlite));
INSTANTIATE_TEST_SUITE_P(EmbeddedInPostgresql, VectorIndexSuite,
                         ::testing::Values(&knowledge::in_postgresql));
}  // namespace parley::testkit
