#include "parsers.hpp"

#include <gtest/gtest.h>

#include "documents.hpp"
#include "extract_lines.hpp"
#include "media_type.hpp"
#include "parley/base/strings.hpp"

namespace parley::knowledge {
namespace {

using namespace testing;

std::vector<std::string> lines(const std::vector<Block>& blocks) {
  std::vector<std::string> out;
  for (const auto& block : blocks) {
    auto path = join(block.headings, " > ");
    out.push_back(path.empty() ? block.text : "[" + path + "] " + block.text);
  }
  return out;
}
using Lines = std::vector<std::string>;

std::string type_of(std::string_view bytes, std::string_view name) {
  return detect_media_type(bytes, name).value_or("unsupported");
}

TEST(MediaType, IsWhatTheBytesAre) {
  EXPECT_EQ(type_of(make_pdf({"x"}), "prices.txt"), media::pdf);
  EXPECT_EQ(type_of(make_docx(docx_paragraph("x")), "prices.pdf"), media::docx);
  EXPECT_EQ(type_of("Hello there.\nWe open at nine.", "hours.txt"), media::text);
  EXPECT_EQ(type_of("Hello there.", "hours.docx"), media::text);
  EXPECT_EQ(type_of("# Prices\n\nFilling $180", "prices.md"), media::markdown);
  EXPECT_EQ(type_of("# Prices\n\nFilling $180", "prices"), media::markdown);
  EXPECT_EQ(type_of("<!DOCTYPE html><p>x", "page.txt"), media::html);
  EXPECT_EQ(type_of("\xEF\xBB\xBF <html><body>x", "page"), media::html);
  EXPECT_EQ(type_of("Service,Price\nFilling,180\nCrown,900\n", "p.txt"), media::csv);
  EXPECT_EQ(type_of("Service", "p.csv"), media::csv);
}

TEST(MediaType, LatinAndWideTextIsText) {
  EXPECT_EQ(type_of("Caf\xE9 cr\xE8me co\xFBte 4\x80", "menu.txt"), media::text);
  EXPECT_EQ(decode_text("Caf\xE9 4\x80"), "Café 4€");
  std::string wide("\xFF\xFE", 2);
  for (char c : std::string_view("Hello")) wide += {c, '\0'};
  wide += std::string("\x3D\xD8\x00\xDE", 4);
  EXPECT_EQ(type_of(wide, "a.txt"), media::text);
  EXPECT_EQ(decode_text(wide), "Hello😀");
  std::string big;
  for (char c : std::string_view("No mark here")) big += {'\0', c};
  EXPECT_EQ(decode_text(big), "No mark here");
  EXPECT_EQ(decode_text("a\r\nb\rc"), "a\nb\nc");
}

TEST(MediaType, BinaryAndOtherFormatsAreRefusedByName) {
  std::string garbage;
  std::uint32_t state = 1;
  for (int i = 0; i < 4000; ++i)
    garbage += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  for (const auto& [bytes, name] : std::vector<std::pair<std::string, std::string>>{
           {garbage, "binary"},
           {make_zip({{"xl/workbook.xml", "x"}}), "zip"},
           {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "Word"},
           {"\x89PNG\r\n\x1A\n", "PNG"},
           {"{\\rtf1 hello}", "RTF"}}) {
    auto type = detect_media_type(bytes, "notes.txt");
    ASSERT_FALSE(type) << name;
    EXPECT_EQ(type.error().code, Errc::unsupported);
    EXPECT_NE(type.error().detail.find(name), std::string::npos) << type.error().detail;
  }
}

TEST(FileName, LosesPathsAndControlCharacters) {
  EXPECT_EQ(clean_file_name("../../etc/passwd").value(), "passwd");
  EXPECT_EQ(clean_file_name("C:\\docs\\prices.pdf").value(), "prices.pdf");
  EXPECT_EQ(clean_file_name("a\r\nb\x01.txt").value(), "ab.txt");
  EXPECT_EQ(clean_file_name("caf\xE9.txt").value(), "café.txt");
  auto cut = clean_file_name(std::string(300, 'x') + ".pdf").value();
  EXPECT_EQ(cut.size(), 200u);
  EXPECT_TRUE(cut.ends_with(".pdf"));
  for (const auto* bad : {"", "..", "/", "a/", " ", "...", "\x01"})
    EXPECT_EQ(clean_file_name(bad).error().code, Errc::invalid) << bad;
}

TEST(Plain, ParagraphsTitlesAndRows) {
  EXPECT_EQ(
      lines(parse_plain("Opening hours\n\nWe are open\nevery day.\n\nFilling .......... $180\n"
                        "Crown          $900\nA   B   C\n- one\n- two\n")),
      (Lines{"[Opening hours] We are open every day.", "[Opening hours] Filling: $180",
             "[Opening hours] Crown: $900", "[Opening hours] A; B; C", "[Opening hours] - one",
             "[Opening hours] - two"}));
}

TEST(Markdown, HeadingsTablesAndMarkup) {
  EXPECT_EQ(lines(parse_markdown(
                "---\ntitle: x\n---\n# Smile **Dental**\n\nIntro with [a link](http://x.y/z(1)) "
                "and `code`, snake_case, 2 * 3.\n\n## Prices ##\n\n| Service | Price |\n"
                "|---|---:|\n| Filling | $180 |\n| Crown | **$900** |\n\nAfter\n=====\n"
                "* item <b>one</b>\n* item two\n> quoted\n")),
            (Lines{"[Smile Dental] Intro with a link and code, snake_case, 2 * 3.",
                   "[Smile Dental > Prices] Service: Filling; Price: $180",
                   "[Smile Dental > Prices] Service: Crown; Price: $900", "[After] item one",
                   "[After] item two quoted"}));
}

TEST(Markdown, AHeadingAloneIsKeptAsText) {
  EXPECT_EQ(lines(parse_markdown("# Closed on Mondays\n# Hours\nNine to five\n")),
            (Lines{"Closed on Mondays", "[Hours] Nine to five"}));
}

TEST(Csv, HeaderRowsNameTheirColumns) {
  EXPECT_EQ(lines(parse_csv(
                "Service,Price,Notes\nFilling,$180,\n\"Crown, gold\",\"$9\"\"00\"\"\",soon\n")),
            (Lines{"Service: Filling; Price: $180",
                   "Service: Crown, gold; Price: $9\"00\"; Notes: soon"}));
  EXPECT_EQ(lines(parse_csv("Filling;180\nCrown;900\n")), (Lines{"Filling: 180", "Crown: 900"}));
}

TEST(Csv, UnbalancedQuotesStayInTheirLine) {
  EXPECT_EQ(lines(parse_csv("Service,Price\n\"Filling,180\nCrown,900\n")),
            (Lines{"Service: \"Filling; Price: 180", "Service: Crown; Price: 900"}));
  EXPECT_EQ(lines(parse_csv("Service,Price\nVeneer \"best\",1200\n\"two\nlines\" ,1\n")),
            (Lines{"Service: Veneer \"best\"; Price: 1200", "Service: two lines; Price: 1"}));
  // Many of them must not make reading quadratic.
  std::string many = "a,b\n";
  for (int i = 0; i < 20000; ++i) many += "\"x,1\n";
  EXPECT_EQ(parse_csv(many).size(), 20000u);
}

TEST(Html, TextHeadingsTablesAndEntities) {
  EXPECT_EQ(
      lines(parse_html(
          "<html><head><title>T</title><style>p{}</style></head><body><script>bad()</script>"
          "<h1>Caf&eacute; &amp; Bar</h1><p>Open <b>all</b> day&nbsp;long<br>and night</p>"
          "<h2>Prices</h2><table><tr><th>Service</th><th>Price</th></tr>"
          "<tr><td>Filling</td><td><p>$180</p></td></tr></table>"
          "<table><tr><td>Mon</td><td>9-5</td></tr></table><dl><dt>Crown</dt> <dd>$900</dd></dl>"
          "<ul><li>one<li>two</ul>")),
      (Lines{"[Café & Bar] Open all day long", "[Café & Bar] and night",
             "[Café & Bar > Prices] Service: Filling; Price: $180",
             "[Café & Bar > Prices] Mon: 9-5", "[Café & Bar > Prices] Crown: $900",
             "[Café & Bar > Prices] one", "[Café & Bar > Prices] two"}));
}

TEST(Html, TenThousandLevelsDeep) {
  std::string deep;
  for (int i = 0; i < 10000; ++i) deep += "<div>";
  deep += "the bottom";
  EXPECT_EQ(lines(parse_html(deep)), (Lines{"the bottom"}));
}

TEST(Docx, HeadingsFromStylesAndTablesAsRows) {
  auto docx =
      make_docx(docx_heading(1, "Prices") + docx_heading(2, "Adults") +
                docx_table({{"Service", "Price"}, {"Filling", "$180"}, {"Crown", "$900"}}) +
                "<w:p><w:pPr><w:pStyle w:val=\"Mine\"/></w:pPr><w:r><w:t>Hours</w:t></w:r></w:p>" +
                "<w:p><w:r><w:t>Nine</w:t></w:r><w:r><w:tab/><w:t>to five</w:t></w:r>"
                "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>");
  auto blocks = parse_docx(docx, {});
  ASSERT_TRUE(blocks) << blocks.error().detail;
  EXPECT_EQ(lines(*blocks),
            (Lines{"[Prices > Adults] Service: Filling; Price: $180",
                   "[Prices > Adults] Service: Crown; Price: $900", "[Hours] Nine to five"}));
}

TEST(Docx, ZipBombIsRefused) {
  auto bomb = make_zip({{"word/document.xml", std::string(100u << 20, ' ')}});
  ASSERT_LT(bomb.size(), 1u << 20);
  EXPECT_EQ(parse_docx(bomb, {}).error().code, Errc::too_large);
  // One that lies about its size is caught by what comes out.
  auto small = make_zip({{"word/document.xml", std::string(30u << 20, ' ')}});
  ParseLimits limits;
  EXPECT_EQ(parse_docx(small, limits).error().code, Errc::too_large);
  std::vector<std::pair<std::string, std::string>> many{{"word/document.xml", "<a/>"}};
  for (int i = 0; i < 6000; ++i) many.emplace_back("m" + std::to_string(i), "x");
  EXPECT_EQ(parse_docx(make_zip(many), {}).error().code, Errc::too_large);
}

TEST(Docx, ExternalEntitiesAreRefused) {
  auto docx = make_zip({{"word/document.xml",
                         "<!DOCTYPE x [<!ENTITY xxe SYSTEM \"file:///etc/passwd\">]><w:document "
                         "xmlns:w=\"w\"><w:body><w:p><w:r><w:t>&xxe;</w:t></w:r></w:p></w:body>"
                         "</w:document>"}});
  auto blocks = parse_docx(docx, {});
  ASSERT_FALSE(blocks);
  EXPECT_EQ(blocks.error().code, Errc::corrupt);
}

TEST(Docx, DamagedFilesAreCorrupt) {
  auto docx = make_docx(docx_paragraph("hello"));
  for (auto cut : {docx.size() / 2, docx.size() - 10, std::size_t{30}})
    EXPECT_EQ(parse_docx(docx.substr(0, cut), {}).error().code, Errc::corrupt) << cut;
  auto broken = make_zip({{"word/document.xml", "<w:document><w:body><w:p>"}});
  EXPECT_EQ(parse_docx(broken, {}).error().code, Errc::corrupt);
  EXPECT_EQ(parse_docx(make_zip({{"word/styles.xml", "<a/>"}}), {}).error().code, Errc::corrupt);
}

TEST(Docx, DeepNestingEndsAtTheLimit) {
  std::string deep;
  for (int i = 0; i < 20000; ++i) deep += "<w:sdt>";
  for (int i = 0; i < 20000; ++i) deep += "</w:sdt>";
  auto blocks = parse_docx(make_docx(docx_paragraph("top") + deep), {});
  ASSERT_TRUE(blocks) << blocks.error().detail;
  EXPECT_EQ(lines(*blocks), (Lines{"top"}));
}

TEST(PdfText, PagesAndColumns) {
  auto extracted = parse_pdf_text("Our prices\n\nFilling        $180\n\f  Parking is\n  free.\n\f");
  EXPECT_EQ(extracted.pages, 2);
  ASSERT_EQ(extracted.blocks.size(), 2u);
  EXPECT_EQ(extracted.blocks[0].page, 1);
  EXPECT_EQ(extracted.blocks[0].text, "Filling: $180");
  EXPECT_EQ(extracted.blocks[0].headings, (std::vector<std::string>{"Our prices"}));
  EXPECT_EQ(extracted.blocks[1].page, 2);
  EXPECT_EQ(extracted.blocks[1].text, "Parking is free.");
}

TEST(ExtractLines, RoundTripAndDistrust) {
  Extracted extracted{{{{"A", "B"}, 2, "text \"quoted\" é"}}, 3};
  auto read = parse_lines(to_lines(extracted));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->pages, 3);
  EXPECT_EQ(lines(read->blocks), lines(extracted.blocks));
  EXPECT_EQ(parse_lines(to_line({Errc::too_large, "big"})).error(),
            (Error{Errc::too_large, "big"}));
  auto halved = parse_lines(to_line({Errc::corrupt, std::string(299, 'x') + "é"}));
  EXPECT_EQ(halved.error(), (Error{Errc::corrupt, ""})) << "no half letters into the database";
  // A child under a document's control may not choose an error that would be retried for ever.
  EXPECT_EQ(parse_lines(to_line({Errc::unavailable, "x"})).error().code, Errc::corrupt);
  for (const auto* bad : {"", "{}\n", "nonsense\n", "[1]\n", "{\"text\":1}\n",
                          "{\"heading\":[],\"page\":0,\"text\":\"no end\"}\n",
                          "{\"heading\":[],\"page\":-1,\"text\":\"x\"}\n{\"end\":true}\n",
                          "{\"heading\":[7],\"page\":1,\"text\":\"x\"}\n{\"end\":true}\n"})
    EXPECT_EQ(parse_lines(bad).error().code, Errc::invalid) << bad;
}

}  // namespace
}  // namespace parley::knowledge
