#include "extraction.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <fstream>

#include "child_process.hpp"
#include "documents.hpp"
#include "media_type.hpp"
#include "parley/testkit/sim_world.hpp"
#include "parsers.hpp"

namespace parley::knowledge {
namespace {

using namespace testing;

const std::string helper = PARLEY_BINARY_DIR "/bin/knowledge_helper";
const std::string fixtures = PARLEY_SOURCE_DIR "/modules/knowledge/tests/fixtures/";

class ExtractionTest : public ::testing::Test {
 protected:
  Result<Extracted> extract(std::string_view type, std::string bytes,
                            std::string mode = "extract-document", Duration timeout = 60s,
                            std::size_t max_output = 64u << 20) {
    Extraction extraction(clock, *pool, {{helper, std::move(mode)}, timeout, max_output});
    auto document = std::make_shared<const std::string>(std::move(bytes));
    std::optional<Result<Extracted>> out;
    auto body = [](Extraction& e, std::string t, std::shared_ptr<const std::string> d,
                   std::optional<Result<Extracted>>& result) -> asio::awaitable<void> {
      auto running = e.run(std::move(t), std::move(d));
      result.emplace(co_await std::move(running));
    };
    asio::io_context io{1};
    asio::co_spawn(io, body(extraction, std::string(type), document, out),
                   [](std::exception_ptr thrown) {
                     if (thrown) std::rethrow_exception(thrown);
                   });
    io.run();
    return std::move(*out);
  }
  /// All blocks' text.
  std::string text(std::string_view type, std::string bytes,
                   std::string mode = "extract-document") {
    auto extracted = extract(type, std::move(bytes), std::move(mode));
    if (!extracted) return "error: " + extracted.error().detail;
    std::string out;
    for (const auto& block : extracted->blocks) out += block.text + "\n";
    return out;
  }
  /// No extractor of this process runs or waits to be reaped (a database server may be a child
  /// too).
  static bool no_children_left() {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream file(entry.path() / "stat");
      std::string pid, name, state;
      long parent_pid = 0;
      if (file >> pid >> name >> state >> parent_pid)
        if (parent_pid == getpid() && name.starts_with("(knowledge_helpe")) return false;
    }
    return true;
  }

  SystemClock clock;
  std::unique_ptr<WorkerPool> pool = std::make_unique<WorkerPool>(WorkerPool::Options{"test", 2});
};

TEST_F(ExtractionTest, EveryFormat) {
  EXPECT_EQ(text(media::text, "Grüße.\n\nZwei"), "Grüße.\nZwei\n");
  EXPECT_EQ(text(media::markdown, "# A\n**b**"), "b\n");
  EXPECT_EQ(text(media::html, "<h1>A</h1><p>b"), "b\n");
  EXPECT_EQ(text(media::csv, "a,b\n1,2\n"), "a: 1; b: 2\n");
  EXPECT_EQ(text(media::docx, make_docx(docx_paragraph("hello"))), "hello\n");
  auto pdf = extract(media::pdf, make_pdf({"Filling costs $180.", "Parking is free (behind)."}));
  ASSERT_TRUE(pdf) << pdf.error().detail;
  EXPECT_EQ(pdf->pages, 2);
  ASSERT_EQ(pdf->blocks.size(), 2u);
  EXPECT_EQ(pdf->blocks[0].text, "Filling costs $180.");
  EXPECT_EQ(pdf->blocks[1].text, "Parking is free (behind).");
  EXPECT_EQ(pdf->blocks[1].page, 2);
}

TEST_F(ExtractionTest, EncryptedPdfSaysSo) {
  auto extracted = extract(media::pdf, read_file(fixtures + "encrypted.pdf"));
  ASSERT_FALSE(extracted);
  EXPECT_EQ(extracted.error().code, Errc::unsupported);
  EXPECT_EQ(extracted.error().detail, "The PDF is protected by a password");
}

TEST_F(ExtractionTest, TruncatedPdfIsCorruptOrStillRead) {
  auto pdf = make_pdf({"Filling costs $180."});
  auto nothing = extract(media::pdf, pdf.substr(0, 60));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::corrupt);
  EXPECT_EQ(nothing.error().detail, "The PDF is damaged and cannot be read");
  // With its trailer left, poppler finds the objects again without the table's place.
  EXPECT_EQ(text(media::pdf, pdf.substr(0, pdf.find("startxref"))), "Filling costs $180.\n");
}

TEST_F(ExtractionTest, ErrorsOfTheParserArrive) {
  auto bomb = make_zip({{"word/document.xml", std::string(100u << 20, ' ')}});
  EXPECT_EQ(extract(media::docx, bomb).error().code, Errc::too_large);
  EXPECT_EQ(extract(media::docx, "PK").error().code, Errc::corrupt);
  EXPECT_EQ(extract("image/png", "x").error().code, Errc::unsupported);
}

TEST_F(ExtractionTest, HangingReaderIsKilledAndReaped) {
  auto extracted = extract(media::text, "x", "hang", 100ms);
  EXPECT_EQ(extracted.error().code, Errc::timeout);
  // Children are reaped on the pool, which ends its work before it goes.
  pool.reset();
  EXPECT_TRUE(no_children_left());
}

TEST_F(ExtractionTest, HangingReaderTimesOutInVirtualTimeToo) {
  testkit::SimWorld world;
  WorkerPool inline_pool({"inline", 0});
  Extraction extraction(world.clock(), inline_pool, {{helper, "hang"}, 60s});
  auto outcome = world.run([&]() -> Task<Extracted> {
    auto running =
        extraction.run(std::string(media::text), std::make_shared<const std::string>("x"));
    co_return co_await std::move(running);
  });
  EXPECT_EQ(outcome.error().code, Errc::timeout);
  EXPECT_EQ(world.elapsed(), 60s);
  EXPECT_TRUE(no_children_left());
}

TEST_F(ExtractionTest, MisbehavingReaders) {
  EXPECT_EQ(extract(media::text, "x", "be-killed").error().code, Errc::unavailable);
  EXPECT_EQ(extract(media::text, "x", "crash").error().code, Errc::corrupt);
  EXPECT_EQ(extract(media::text, "x", "garbage").error().code, Errc::corrupt);
  EXPECT_EQ(extract(media::text, "x", "spin").error().code, Errc::timeout);
  EXPECT_EQ(extract(media::text, "x", "flood", 60s, 1u << 20).error().code, Errc::too_large);
}

TEST_F(ExtractionTest, MissingReaderIsUnavailable) {
  auto started = ChildProcess::start({"/nonexistent/parley"}, "x");
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Errc::unavailable);
}

TEST_F(ExtractionTest, SandboxRefusesWhatADocumentMightTry) {
  auto computing = text(media::text, "x", "probe");
  EXPECT_EQ(computing,
            "entered=yes\nread=refused\nwrite=refused\nsocket=refused\nfork=refused\n"
            "kill=refused\nlibrary=refused\n");
  // What pdftotext may do more: read programs and libraries, but no other file where the kernel has
  // Landlock.
  auto pdf = text(media::text, "x", "probe-pdf");
  for (const auto* line : {"entered=yes\n", "write=refused\n", "socket=refused\n", "fork=refused\n",
                           "kill=refused\n", "library=done\n"})
    EXPECT_NE(pdf.find(line), std::string::npos) << pdf;
}

TEST_F(ExtractionTest, SpeedBesidesPdftotext) {
  std::vector<std::string> pages;
  for (int p = 0; p < 400; ++p) {
    std::string page;
    for (int l = 0; l < 50; ++l)
      page += "Line " + std::to_string(l) + " of page " + std::to_string(p) +
              " tells about fillings, crowns, opening hours and where to park the car.\n";
    pages.push_back(std::move(page));
  }
  auto pdf = make_pdf(pages);
  auto path = std::filesystem::temp_directory_path() /
              ("parley-speed-" + std::to_string(getpid()) + ".pdf");
  std::ofstream(path, std::ios::binary) << pdf;
  auto seconds = [](auto work) {
    auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  auto command = "pdftotext -layout " + path.string() + " /dev/null";
  auto alone = seconds([&] { ASSERT_EQ(std::system(command.c_str()), 0); });
  auto ours = seconds([&] { EXPECT_EQ(extract(media::pdf, pdf).value().pages, 400); });
  std::filesystem::remove(path);
  auto megabytes = static_cast<double>(pdf.size()) / 1e6;
  std::string prose;
  while (prose.size() < 8'000'000) prose += pages[prose.size() % 400] + "\n";
  auto plain = seconds([&] { EXPECT_TRUE(extract(media::text, prose)); });
  auto html = "<html><body><p>" + prose;
  auto web = seconds([&] { EXPECT_TRUE(extract(media::html, html)); });
  std::printf(
      "extraction: PDF %.1f MB/s in the sandbox, pdftotext alone %.1f MB/s; text %.0f MB/s, "
      "HTML %.0f MB/s\n",
      megabytes / ours, megabytes / alone, 8 / plain, 8 / web);
}

}  // namespace
}  // namespace parley::knowledge
