#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "block.hpp"

namespace parley::knowledge {

/// One run of spaces between words, none around; control characters dropped.
std::string squeeze(std::string_view text);

/// Gathers blocks under the headings in force while a parser walks a document.
class Outline {
 public:
  /// A heading of `level` (1 is outermost) ends every heading of its level and deeper.
  void heading(int level, std::string_view title);
  /// Empty text adds nothing.
  void text(std::string_view text);
  void page(std::int64_t number) { page_ = number; }
  std::vector<Block> take();

 private:
  struct Open {
    int level;
    std::string title;
    bool used;  ///< something stands below it
  };
  void keep_bare_heading(int level);
  std::vector<Open> open_;
  std::vector<Block> blocks_;
  std::int64_t page_ = 0;
};

/// Table rows as sentences: "Service: Filling; Price: $180" below a header row, "Filling: $180"
/// without one.
class Table {
 public:
  enum class Header { unknown, first_row };
  void add(std::vector<std::string> cells);
  void write(Outline& outline, Header header) const;

 private:
  bool first_row_names_columns() const;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace parley::knowledge
