#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>

#include "knowledge_fixture.hpp"
#include "parley/testkit/objects_on_trial.hpp"

namespace parley::knowledge {
namespace {

class RecoveryDbTest : public KnowledgeDbTest {
 protected:
  /// Runs a service in another process, which dies by SIGKILL at `point`.
  void die_at(const char* point) {
    auto program = std::string(PARLEY_BINARY_DIR "/bin/knowledge_helper");
    auto database = url();
    auto objects_folder = (folder() / "objects").string();
    std::string mode = "service", where = point;
    char* arguments[] = {program.data(),        mode.data(),  database.data(),
                         objects_folder.data(), where.data(), nullptr};
    pid_t pid = 0;
    ASSERT_EQ(posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments, environ), 0);
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    ASSERT_TRUE(WIFSIGNALED(status)) << "exit " << WEXITSTATUS(status);
    ASSERT_EQ(WTERMSIG(status), SIGKILL);
    // The other process told the real time.
    clock.set_wall(SystemClock().wall() + 1s);
  }
  DocumentId only_document() {
    auto list = run([&] { return knowledge->list(ctx, {}); }).value();
    return list.items.size() == 1 ? list.items[0].id : DocumentId{};
  }
};
PARLEY_ON_BOTH_DATABASES(RecoveryDbTest);

TEST_P(RecoveryDbTest, KilledBetweenFileAndRow) {
  die_at("after-put");
  EXPECT_EQ(count("knowledge_documents"), 0);
  EXPECT_EQ(files(), 1u);
  // On a shared database the file may be another node's upload under way: an hour is waited.
  if (on_postgres()) {
    start();
    EXPECT_EQ(files(), 1u);
    stop();
    make();
    clock.advance(61min);
  }
  start();
  EXPECT_EQ(files(), 0u);
  EXPECT_EQ(count("knowledge_loose_objects"), 0);
}

TEST_P(RecoveryDbTest, KilledInMidExtraction) {
  die_at("in-extraction");
  auto id = only_document();
  ASSERT_TRUE(id);
  EXPECT_EQ(get(id).value().status, DocumentStatus::processing);
  // On a shared database the dead node's lease has to end first.
  if (on_postgres()) clock.advance(10min);
  start();
  EXPECT_EQ(settled(id).status, DocumentStatus::completed);
  EXPECT_EQ(search("when do you open").size(), 1u);
  EXPECT_EQ(files(), 1u);
}

TEST_P(RecoveryDbTest, PendingDocumentsAreTakenUpByTheNextRun) {
  auto document = upload("a.txt", "Apples are red.").value();
  EXPECT_EQ(document.status, DocumentStatus::pending);
  make();
  start();
  EXPECT_EQ(settled(document.id).status, DocumentStatus::completed);
}

TEST_P(RecoveryDbTest, StopInMidExtractionIsPromptAndResumed) {
  make(default_options("hang"));
  start();
  auto document = upload("a.txt", "Apples are red.").value();
  wait_for(document.id, [](auto& d) { return d.status == DocumentStatus::processing; });
  stop();
  make();
  if (on_postgres()) clock.advance(10min);
  start();
  EXPECT_EQ(settled(document.id).status, DocumentStatus::completed);
}

TEST_P(RecoveryDbTest, HangingReaderFailsTheDocument) {
  auto options = default_options("hang");
  options.extraction_timeout = 50ms;
  make(options);
  start();
  auto document = taken_up("a.txt", "Apples are red.");
  EXPECT_EQ(document.status, DocumentStatus::failed);
  EXPECT_EQ(document.reason, "The document takes too long to read");
}

TEST_P(RecoveryDbTest, KilledReaderIsTriedAgainThenGivenUp) {
  make(default_options("be-killed"));
  start();
  auto document = upload("a.txt", "Apples are red.").value();
  for (int attempt = 1; attempt < 4; ++attempt) {
    auto deferred = wait_for(document.id, [&](auto& d) {
      return d.status == DocumentStatus::pending && d.version == 1 + 2 * attempt;
    });
    EXPECT_EQ(deferred.reason, "The document's reader was killed");
    clock.advance(1h);
  }
  auto failed = settled(document.id);
  EXPECT_EQ(failed.status, DocumentStatus::failed);
  EXPECT_EQ(failed.reason, "The document's reader was killed");
}

TEST_P(RecoveryDbTest, DocumentThatEndsTheServiceIsGivenUp) {
  auto document = upload("a.txt", "Apples are red.").value();
  auto crashed_often = [](store::Tx& tx) {
    return tx.execute("UPDATE knowledge_documents SET attempts = 6");
  };
  ASSERT_TRUE(write(crashed_often));
  start();
  auto failed = settled(document.id);
  EXPECT_EQ(failed.status, DocumentStatus::failed);
  EXPECT_EQ(failed.reason, "Reading the document was interrupted too often");
}

TEST_P(RecoveryDbTest, RemovedWhileItIsRead) {
  make(default_options("hang"));
  start();
  auto document = upload("a.txt", "Apples are red.").value();
  wait_for(document.id, [](auto& d) { return d.status == DocumentStatus::processing; });
  ASSERT_TRUE(run([&] { return knowledge->remove(ctx, document.id); }));
  stop();
  make();
  start();
  EXPECT_TRUE(search("apples").empty());
  EXPECT_EQ(files(), 0u);
}

TEST_P(RecoveryDbTest, NoMoreExtractionsAtOnceThanAllowed) {
  auto options = default_options("hang");
  options.concurrent_extractions = 2;
  make(options);
  start();
  std::vector<DocumentId> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(upload("a.txt", "Apples are red.").value().id);
    clock.advance(1s);  // the earliest are taken up first
  }
  for (int i = 0; i < 2; ++i)
    wait_for(ids[static_cast<std::size_t>(i)],
             [](auto& d) { return d.status == DocumentStatus::processing; });
  EXPECT_EQ(count("knowledge_documents WHERE status = 'processing'"), 2);
}

TEST_P(RecoveryDbTest, FullDiskRefusesTheUploadAndLeavesNoDocument) {
  testkit::ObjectsOnTrial broken(*objects);
  broken.full = true;
  stop();
  knowledge =
      make_knowledge_base(io.get_executor(), clock, random, db(), broken, pool, default_options());
  EXPECT_EQ(upload("a.txt", "Apples are red.").error().code, Errc::resource_exhausted);
  EXPECT_EQ(count("knowledge_documents"), 0);
  clock.advance(2h);
  start();
  EXPECT_EQ(count("knowledge_loose_objects"), 0);
  stop();
  knowledge.reset();
}

TEST_P(RecoveryDbTest, LostFileFailsTheDocument) {
  auto document = upload("a.txt", "Apples are red.").value();
  std::filesystem::remove_all(folder() / "objects");
  start();
  EXPECT_EQ(settled(document.id).reason, "The uploaded file is no longer there");
}

}  // namespace
}  // namespace parley::knowledge
