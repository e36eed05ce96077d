#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace parley::knowledge::testing {

/// A minimal PDF: one Helvetica text per page, a line per "\n".
std::string make_pdf(const std::vector<std::string>& pages);

/// A zip archive of these members; "store" leaves them uncompressed.
std::string make_zip(const std::vector<std::pair<std::string, std::string>>& members);

/// A DOCX whose body is this WordprocessingML, with heading styles.
std::string make_docx(std::string_view body);
std::string docx_heading(int level, std::string_view text);
std::string docx_paragraph(std::string_view text);
std::string docx_table(const std::vector<std::vector<std::string>>& rows);

std::string read_file(const std::string& path);

}  // namespace parley::knowledge::testing
