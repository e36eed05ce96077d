#include "documents.hpp"

#include <zip.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace parley::knowledge::testing {

std::string make_pdf(const std::vector<std::string>& pages) {
  std::vector<std::string> objects;  // 1: catalog, 2: pages, 3: font, then page and content
  std::string kids;
  for (std::size_t i = 0; i < pages.size(); ++i) kids += std::to_string(4 + 2 * i) + " 0 R ";
  objects.push_back("<</Type/Catalog/Pages 2 0 R>>");
  objects.push_back("<</Type/Pages/Kids[" + kids + "]/Count " + std::to_string(pages.size()) +
                    ">>");
  objects.push_back("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>");
  for (std::size_t i = 0; i < pages.size(); ++i) {
    std::string content = "BT /F1 10 Tf 50 780 Td 14 TL\n";
    std::istringstream lines(pages[i]);
    for (std::string line; std::getline(lines, line);) {
      std::string escaped;
      for (char c : line) {
        if (c == '(' || c == ')' || c == '\\') escaped += '\\';
        escaped += c;
      }
      content += "(" + escaped + ") Tj T*\n";
    }
    content += "ET";
    objects.push_back(
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R>>>>"
        "/Contents " +
        std::to_string(5 + 2 * i) + " 0 R>>");
    objects.push_back("<</Length " + std::to_string(content.size()) + ">>stream\n" + content +
                      "\nendstream");
  }
  std::string out = "%PDF-1.4\n";
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    offsets.push_back(out.size());
    out += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  auto table = out.size();
  auto count = std::to_string(objects.size() + 1);
  out += "xref\n0 " + count + "\n0000000000 65535 f \n";
  for (auto offset : offsets) {
    auto digits = std::to_string(offset);
    out += std::string(10 - digits.size(), '0') + digits + " 00000 n \n";
  }
  out += "trailer<</Size " + count + "/Root 1 0 R>>\nstartxref\n" + std::to_string(table) +
         "\n%%EOF\n";
  return out;
}

std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members) {
  zip_error_t error;
  zip_error_init(&error);
  auto* source = zip_source_buffer_create(nullptr, 0, 0, &error);
  auto* zip = zip_open_from_source(source, ZIP_TRUNCATE, &error);
  if (zip == nullptr) throw std::runtime_error("zip_open_from_source");
  zip_source_keep(source);
  for (const auto& [name, content] : members) {
    auto* part = zip_source_buffer(zip, content.data(), content.size(), 0);
    if (zip_file_add(zip, name.c_str(), part, ZIP_FL_ENC_UTF_8) < 0)
      throw std::runtime_error("zip_file_add");
  }
  if (zip_close(zip) != 0) throw std::runtime_error("zip_close");
  zip_source_open(source);
  zip_source_seek(source, 0, SEEK_END);
  std::string out(static_cast<std::size_t>(zip_source_tell(source)), '\0');
  zip_source_seek(source, 0, SEEK_SET);
  zip_source_read(source, out.data(), out.size());
  zip_source_close(source);
  zip_source_free(source);
  return out;
}

std::string make_docx(std::string_view body) {
  std::string document =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><w:document xmlns:w=\"http://schemas."
      "openxmlformats.org/wordprocessingml/2006/main\"><w:body>" +
      std::string(body) + "</w:body></w:document>";
  std::string styles =
      "<w:styles xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">"
      "<w:style w:styleId=\"berschrift1\"><w:name w:val=\"heading 1\"/></w:style>"
      "<w:style w:styleId=\"berschrift2\"><w:name w:val=\"heading 2\"/></w:style>"
      "<w:style w:styleId=\"Mine\"><w:name w:val=\"Our title\"/><w:basedOn "
      "w:val=\"berschrift1\"/></w:style></w:styles>";
  return make_zip({{"[Content_Types].xml", "<Types/>"},
                   {"word/document.xml", document},
                   {"word/styles.xml", styles}});
}

std::string docx_heading(int level, std::string_view text) {
  return "<w:p><w:pPr><w:pStyle w:val=\"berschrift" + std::to_string(level) +
         "\"/></w:pPr><w:r><w:t>" + std::string(text) + "</w:t></w:r></w:p>";
}
std::string docx_paragraph(std::string_view text) {
  return "<w:p><w:r><w:t xml:space=\"preserve\">" + std::string(text) + "</w:t></w:r></w:p>";
}
std::string docx_table(const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<w:tbl>";
  for (const auto& row : rows) {
    out += "<w:tr>";
    for (const auto& cell : row) out += "<w:tc>" + docx_paragraph(cell) + "</w:tc>";
    out += "</w:tr>";
  }
  return out + "</w:tbl>";
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

}  // namespace parley::knowledge::testing
