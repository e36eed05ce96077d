#include <gtest/gtest.h>

#include "knowledge_fixture.hpp"
#include "media_type.hpp"

namespace parley::knowledge {
namespace {

using namespace testing;

PARLEY_ON_BOTH_DATABASES(KnowledgeDbTest);
using Types = std::vector<std::string>;

TEST_P(KnowledgeDbTest, EveryFormatIsTakenUpAndFound) {
  start();
  struct Case {
    const char* name;
    std::string bytes;
    std::string_view type;
    const char* query;
    const char* answer;
  };
  std::vector<Case> cases{
      {"prices.pdf", make_pdf({"Welcome to us.", "A filling costs $180 here."}), media::pdf,
       "how much is a filling", "filling costs $180"},
      {"team.docx",
       make_docx(docx_heading(1, "Staff") + docx_paragraph("Doctor Lopez speaks Spanish.")),
       media::docx, "who speaks spanish", "Lopez"},
      {"parking.txt", "You can park behind the house.", media::text, "is there parking",
       "behind the house"},
      {"latin.txt", "Caf\xE9 next door serves cr\xEApes.", media::text, "creperie cafe", "Café"},
      {"sedation.md", "# Sedation\n\nLaughing gas costs *$70*.", media::markdown, "laughing gas",
       "$70"},
      {"policy.html", "<h1>Policy</h1><p>Cancel one day before.", media::html, "cancel", "one day"},
      {"list.csv", "Service,Price\nVeneer,$1050\nDenture,$1600\n", media::csv, "veneer",
       "Price: $1050"},
      {"wrong.docx", make_pdf({"Whitening takes an hour."}), media::pdf, "whitening", "an hour"}};
  for (auto& one : cases) {
    auto document = taken_up(one.name, one.bytes);
    EXPECT_EQ(document.status, DocumentStatus::completed) << one.name << ": " << document.reason;
    EXPECT_EQ(document.media_type, one.type) << one.name;
    EXPECT_EQ(document.size_bytes, static_cast<std::int64_t>(one.bytes.size()));
    EXPECT_GE(document.passages, 1);
    EXPECT_EQ(event_types(document.id),
              (Types{"document.uploaded", "document.processing", "document.completed"}));
  }
  for (auto& one : cases) {
    auto found = search(one.query);
    ASSERT_FALSE(found.empty()) << one.name;
    EXPECT_EQ(found[0].document_name, one.name);
    EXPECT_NE(found[0].text.find(one.answer), std::string::npos) << found[0].text;
    EXPECT_GT(found[0].lexical_score, 0.0);
  }
  EXPECT_EQ(search("laughing gas")[0].heading, "Sedation");
}

TEST_P(KnowledgeDbTest, PagesAreKept) {
  start();
  std::string long_page;
  for (int i = 0; i < 30; ++i) long_page += "This line of the page says little about anything.\n";
  auto document = taken_up("guide.pdf", make_pdf({long_page, "Elephants ride free.", long_page}));
  EXPECT_EQ(document.pages, 3);
  auto found = search("elephants");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].page, 2);
}

TEST_P(KnowledgeDbTest, RefusedUploadsLeaveNothing) {
  auto code = [&](std::string name, std::string bytes) {
    auto uploaded = upload(std::move(name), std::move(bytes));
    return uploaded ? Errc::end_of_stream : uploaded.error().code;
  };
  EXPECT_EQ(code("big.txt", std::string(12u << 20, 'a')), Errc::too_large);
  EXPECT_EQ(code("empty.txt", ""), Errc::invalid);
  EXPECT_EQ(code("..", "hello"), Errc::invalid);
  std::string garbage;
  for (int i = 0; i < 5000; ++i) garbage += static_cast<char>(i * 73 + i / 7);
  EXPECT_EQ(code("garbage.txt", garbage), Errc::unsupported);
  EXPECT_EQ(upload("a.txt", "hello", std::string(300, 'k')).error().code, Errc::invalid);
  EXPECT_EQ(upload("a.txt", "hello", "", {}, "").error().code, Errc::invalid);
  EXPECT_EQ(upload("a.txt", "hello", "", DocumentId("doc_none")).error().code, Errc::not_found);
  EXPECT_EQ(count("knowledge_documents"), 0);
  EXPECT_EQ(count("knowledge_loose_objects"), 0);
  EXPECT_EQ(files(), 0u);
}

TEST_P(KnowledgeDbTest, PathsInTheNameAreDropped) {
  EXPECT_EQ(upload("../../../etc/passwd", "hello there").value().name, "passwd");
}

TEST_P(KnowledgeDbTest, UnreadableDocumentsFailWithAReason) {
  start();
  auto pdf = make_pdf({"Some text."});
  std::vector<std::tuple<const char*, std::string, const char*>> cases{
      {"locked.pdf", read_file(PARLEY_SOURCE_DIR "/modules/knowledge/tests/fixtures/encrypted.pdf"),
       "The PDF is protected by a password"},
      {"cut.pdf", pdf.substr(0, 60), "The PDF is damaged and cannot be read"},
      {"scan.pdf", make_pdf({""}),
       "There is no text in the document (scanned images are not read)"},
      {"bomb.docx", make_zip({{"word/document.xml", std::string(100u << 20, ' ')}}),
       "The DOCX file unpacks to far more than its size: refused"},
      {"blank.txt", " \n\t\n ", "There is no text in the document (scanned images are not read)"}};
  for (auto& [name, bytes, reason] : cases) {
    auto document = taken_up(name, bytes);
    EXPECT_EQ(document.status, DocumentStatus::failed) << name;
    EXPECT_EQ(document.reason, reason) << name;
    EXPECT_EQ(event_types(document.id).back(), "document.failed");
  }
  EXPECT_TRUE(search("text").empty());
}

TEST_P(KnowledgeDbTest, RemovedDocumentsLeaveNothing) {
  start();
  auto kept = taken_up("a.txt", "Apples are red.");
  auto gone = taken_up("b.txt", "Bananas are yellow.");
  EXPECT_FALSE(search("bananas").empty());
  ASSERT_TRUE(run([&] { return knowledge->remove(ctx, gone.id); }));
  EXPECT_TRUE(search("bananas").empty());
  EXPECT_FALSE(search("apples").empty());
  EXPECT_EQ(get(gone.id).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return knowledge->remove(ctx, gone.id); }).error().code, Errc::not_found);
  EXPECT_EQ(count("knowledge_passages WHERE document_id = '" + gone.id.str() + "'"), 0);
  EXPECT_EQ(count("knowledge_loose_objects"), 0);
  EXPECT_EQ(files(), 1u);
  EXPECT_EQ(event_types(gone.id).back(), "document.removed");
}

TEST_P(KnowledgeDbTest, AReplacementTakesOverOnceItIsRead) {
  start();
  auto old = taken_up("prices.txt", "The filling costs 150 dollars.");
  auto broken = settled(upload("prices.pdf", make_pdf({""}), "", old.id).value().id);
  EXPECT_EQ(broken.status, DocumentStatus::failed);
  EXPECT_EQ(search("filling")[0].document, old.id) << "a failed replacement replaces nothing";

  auto fresh =
      settled(upload("prices.txt", "The filling costs 180 dollars.", "", old.id).value().id);
  EXPECT_EQ(fresh.status, DocumentStatus::completed);
  auto found = search("filling");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].document, fresh.id);
  EXPECT_EQ(get(old.id).error().code, Errc::not_found);
  // Done once: reading the new one again replaces nothing further.
  run([&] { return knowledge->reprocess(ctx, fresh.id); });
  EXPECT_EQ(settled(fresh.id).status, DocumentStatus::completed);
  EXPECT_EQ(upload("x.txt", "text", "", fresh.id, "biz_2").error().code, Errc::not_found);
}

TEST_P(KnowledgeDbTest, ReprocessingKeepsTheOldPassagesUntilTheNewOnes) {
  start();
  auto document = taken_up("a.txt", "Apples are red.");
  stop();
  auto queued = run([&] { return knowledge->reprocess(ctx, document.id); });
  ASSERT_TRUE(queued);
  EXPECT_EQ(queued->status, DocumentStatus::pending);
  EXPECT_FALSE(search("apples").empty());
  make();
  start();
  EXPECT_EQ(settled(document.id).passages, 1);
  EXPECT_EQ(count("knowledge_passages"), 1);
  EXPECT_EQ(search("apples").size(), 1u);
  EXPECT_EQ(run([&] { return knowledge->reprocess(ctx, DocumentId("doc_none")); }).error().code,
            Errc::not_found);
}

TEST_P(KnowledgeDbTest, TheSameKeyGivesTheSameDocument) {
  auto first = upload("a.txt", "Apples are red.", "key-1").value();
  EXPECT_EQ(upload("a.txt", "Apples are red.", "key-1").value().id, first.id);
  EXPECT_EQ(upload("a.txt", "Apples are green.", "key-1").error().code, Errc::conflict);
  EXPECT_EQ(upload("a.txt", "Apples are red.", "key-1", {}, "biz_2").error().code, Errc::conflict);
  EXPECT_NE(upload("a.txt", "Apples are red.", "key-2").value().id, first.id);
  ctx.organization = OrganizationId("org_other");
  EXPECT_NE(upload("a.txt", "Apples are red.", "key-1").value().id, first.id)
      << "keys of different organizations are different";
}

TEST_P(KnowledgeDbTest, TheSameKeyTwiceAtOnceIsOneDocument) {
  std::vector<std::string> ids;
  run([&]() -> Task<void> {
    auto one = [&]() -> asio::awaitable<void> {
      Upload upload{BusinessId("biz_1"), "a.txt", "Apples are red.", "key-1", {}};
      auto uploading = knowledge->upload(ctx, std::move(upload));
      auto document = co_await std::move(uploading);
      ids.push_back(document ? document->id.str() : document.error().detail);
    };
    TaskGroup group(io.get_executor());
    for (int i = 0; i < 5; ++i) group.spawn("upload", one);
    while (ids.size() < 5) co_await asio::post(io.get_executor(), asio::use_awaitable);
    co_await group.stop();
    co_return Result<void>{};
  });
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1u);
  EXPECT_EQ(count("knowledge_documents"), 1);
  // The files of those that came second are loose, and swept.
  clock.advance(2h);
  start();
  EXPECT_EQ(files(), 1u);
}

TEST_P(KnowledgeDbTest, OrganizationsAndBusinessesAreApart) {
  start();
  auto document = taken_up("a.txt", "Apples are red.");
  EXPECT_TRUE(search("apples", "biz_2").empty());
  ctx.organization = OrganizationId("org_other");
  EXPECT_EQ(get(document.id).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return knowledge->remove(ctx, document.id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return knowledge->reprocess(ctx, document.id); }).error().code,
            Errc::not_found);
  EXPECT_EQ(upload("b.txt", "text", "", document.id).error().code, Errc::not_found);
  EXPECT_TRUE(search("apples").empty());
  EXPECT_EQ(run([&] { return knowledge->list(ctx, {}); }).value().total, 0);
  EXPECT_TRUE(
      run([&] { return knowledge->sentences(ctx, BusinessId("biz_1"), 10); }).value().empty());
}

TEST_P(KnowledgeDbTest, ListsPageByPage) {
  for (int i = 0; i < 5; ++i) {
    clock.advance(1s);
    upload("f" + std::to_string(i) + ".txt", "text", "", {}, i == 0 ? "biz_2" : "biz_1");
  }
  auto list = [&](DocumentQuery query) { return run([&] { return knowledge->list(ctx, query); }); };
  auto page = list({BusinessId("biz_1"), DocumentStatus::pending, 2, 3}).value();
  EXPECT_EQ(page.total, 4);
  ASSERT_EQ(page.items.size(), 1u);
  EXPECT_EQ(page.items[0].name, "f1.txt");
  EXPECT_EQ(list({}).value().items[0].name, "f4.txt");
  EXPECT_EQ(list({{}, DocumentStatus::failed, 1, 50}).value().total, 0);
  for (auto [p, l] : {std::pair{0, 50}, {1, 0}, {1, 201}})
    EXPECT_EQ(list({{}, {}, p, l}).error().code, Errc::invalid);
}

TEST_P(KnowledgeDbTest, SearchBoundsAreChecked) {
  auto ask = [&](std::string query, std::size_t limit) {
    return run([&] { return knowledge->search(ctx, BusinessId("biz_1"), query, limit); });
  };
  EXPECT_EQ(ask("x", 0).error().code, Errc::invalid);
  EXPECT_EQ(ask("x", 51).error().code, Errc::invalid);
  EXPECT_EQ(ask(std::string(5000, 'x'), 5).error().code, Errc::invalid);
  EXPECT_TRUE(ask("x", 5).value().empty());
}

TEST_P(KnowledgeDbTest, SentencesAreSpokenWords) {
  start();
  taken_up("a.txt", "We open at 8:30. Dr. Lee does fillings for $180.\n\nWe open at 8:30.");
  auto sentences = run([&] { return knowledge->sentences(ctx, BusinessId("biz_1"), 10); }).value();
  EXPECT_EQ(sentences,
            (std::vector<std::string>{"we open at eight thirty",
                                      "dr lee does fillings for one hundred eighty dollars"}));
  EXPECT_EQ(run([&] { return knowledge->sentences(ctx, BusinessId("biz_1"), 1); }).value().size(),
            1u);
}

TEST_P(KnowledgeDbTest, AnotherNodesChangesAreSeenAtOnce) {
  start();
  auto other_db = open_another();
  auto other = make_knowledge_base(io.get_executor(), clock, random, *other_db, *objects, pool,
                                   default_options());
  auto ask = [&] {
    return run([&] { return other->search(ctx, BusinessId("biz_1"), "apples", 5); }).value().size();
  };
  EXPECT_EQ(ask(), 0u);
  auto document = taken_up("a.txt", "Apples are red.");
  EXPECT_EQ(ask(), 1u);
  auto more = taken_up("b.txt", "Apples are green.");
  EXPECT_EQ(ask(), 2u);
  run([&] { return knowledge->remove(ctx, document.id); });
  EXPECT_EQ(ask(), 1u);
}

TEST_P(KnowledgeDbTest, IndexesThatDoNotFitAreMadeAgain) {
  auto options = default_options();
  options.index_memory_bytes = 1;
  options.merge_threshold = 1;
  make(options);
  start();
  taken_up("a.txt", "# A\n\nApples are red.\n\n# B\n\nPears are green.", "biz_1");
  taken_up("a2.md", "# A\n\nApples are round.\n\n# B\n\nPears are long.", "biz_1");
  taken_up("b.txt", "Bananas are yellow.", "biz_2");
  for (int i = 0; i < 20; ++i) {
    EXPECT_FALSE(search("apples", "biz_1").empty());
    EXPECT_FALSE(search("bananas", "biz_2").empty());
  }
}

TEST_P(KnowledgeDbTest, ManySearchersAtOnceOnAColdIndex) {
  start();
  taken_up("a.txt", "Apples are red.");
  make();
  int answered = 0;
  run([&]() -> Task<void> {
    auto one = [&]() -> asio::awaitable<void> {
      auto asking = knowledge->search(ctx, BusinessId("biz_1"), "apples", 5);
      auto found = co_await std::move(asking);
      if (found && found->size() == 1) ++answered;
    };
    TaskGroup group(io.get_executor());
    for (int i = 0; i < 20; ++i) group.spawn("search", one);
    while (answered < 20) co_await asio::post(io.get_executor(), asio::use_awaitable);
    co_await group.stop();
    co_return Result<void>{};
  });
  EXPECT_EQ(answered, 20);
}

}  // namespace
}  // namespace parley::knowledge
