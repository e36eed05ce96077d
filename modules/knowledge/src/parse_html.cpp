#include <gumbo.h>

#include <memory_resource>

#include "outline.hpp"
#include "parsers.hpp"

namespace parley::knowledge {

namespace {

void* arena_allocate(void* arena, std::size_t size) {
  return static_cast<std::pmr::memory_resource*>(arena)->allocate(size);
}
void arena_free(void*, void*) {}

bool is_left_out(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_SCRIPT:
    case GUMBO_TAG_STYLE:
    case GUMBO_TAG_NOSCRIPT:
    case GUMBO_TAG_TEMPLATE:
    case GUMBO_TAG_HEAD:
    case GUMBO_TAG_SVG:
    case GUMBO_TAG_MATH:
    case GUMBO_TAG_IFRAME:
    case GUMBO_TAG_SELECT:
    case GUMBO_TAG_TEXTAREA:
      return true;
    default:
      return false;
  }
}

bool is_inline(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_A:
    case GUMBO_TAG_ABBR:
    case GUMBO_TAG_B:
    case GUMBO_TAG_BDI:
    case GUMBO_TAG_BDO:
    case GUMBO_TAG_BIG:
    case GUMBO_TAG_CITE:
    case GUMBO_TAG_CODE:
    case GUMBO_TAG_DATA:
    case GUMBO_TAG_DEL:
    case GUMBO_TAG_EM:
    case GUMBO_TAG_FONT:
    case GUMBO_TAG_I:
    case GUMBO_TAG_INS:
    case GUMBO_TAG_KBD:
    case GUMBO_TAG_LABEL:
    case GUMBO_TAG_MARK:
    case GUMBO_TAG_Q:
    case GUMBO_TAG_S:
    case GUMBO_TAG_SAMP:
    case GUMBO_TAG_SMALL:
    case GUMBO_TAG_SPAN:
    case GUMBO_TAG_STRONG:
    case GUMBO_TAG_SUB:
    case GUMBO_TAG_SUP:
    case GUMBO_TAG_TIME:
    case GUMBO_TAG_TT:
    case GUMBO_TAG_U:
    case GUMBO_TAG_VAR:
    case GUMBO_TAG_WBR:
      return true;
    default:
      return false;
  }
}

int heading_level(GumboTag tag) {
  return tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6 ? static_cast<int>(tag - GUMBO_TAG_H1) + 1 : 0;
}

class HtmlReader {
 public:
  /// Iterative: how deep the page nests is the page's choice, not the stack's.
  std::vector<Block> read(const GumboNode* root) {
    struct Place {
      const GumboNode* node;
      unsigned next;
    };
    std::vector<Place> path{{root, 0}};
    while (!path.empty()) {
      auto& [node, next] = path.back();
      const auto& children =
          node->type == GUMBO_NODE_DOCUMENT ? node->v.document.children : node->v.element.children;
      if (next >= children.length) {
        if (node->type == GUMBO_NODE_ELEMENT) leave(node->v.element.tag);
        path.pop_back();
        continue;
      }
      const auto* child = static_cast<const GumboNode*>(children.data[next++]);
      if (child->type == GUMBO_NODE_ELEMENT) {
        if (is_left_out(child->v.element.tag)) continue;
        enter(child->v.element.tag);
        path.push_back({child, 0});
      } else if (child->type == GUMBO_NODE_TEXT || child->type == GUMBO_NODE_WHITESPACE ||
                 child->type == GUMBO_NODE_CDATA) {
        text_ += child->v.text.text;
      }
    }
    term_waits_ = false;
    flush();
    return outline_.take();
  }

 private:
  struct OpenTable {
    Table table;
    std::vector<std::string> cells;
    bool in_cell = false;
    bool all_header_cells = true;
    bool first_row = true;
    Table::Header header = Table::Header::unknown;
  };

  bool in_cell() const { return !tables_.empty() && tables_.back().in_cell; }

  void enter(GumboTag tag) {
    if (is_inline(tag)) return;
    if (tag == GUMBO_TAG_TABLE) {
      flush();
      tables_.emplace_back();
    } else if ((tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) && !tables_.empty()) {
      text_.clear();
      tables_.back().in_cell = true;
      if (tag == GUMBO_TAG_TD) tables_.back().all_header_cells = false;
    } else {
      flush();
    }
  }

  void leave(GumboTag tag) {
    if (is_inline(tag)) return;
    if (auto level = heading_level(tag); level > 0 && !in_cell()) {
      outline_.heading(level, std::exchange(text_, {}));
    } else if (tag == GUMBO_TAG_TABLE && !tables_.empty()) {
      auto done = std::move(tables_.back());
      tables_.pop_back();
      done.table.write(outline_, done.header);
      text_.clear();
    } else if ((tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) && !tables_.empty()) {
      tables_.back().cells.push_back(std::exchange(text_, {}));
      tables_.back().in_cell = false;
    } else if (tag == GUMBO_TAG_TR && !tables_.empty()) {
      end_row(tables_.back());
    } else if (tag == GUMBO_TAG_DT && !in_cell()) {
      // "<dt>Filling<dd>$180" is one statement.
      text_ += ": ";
      term_waits_ = true;
    } else {
      flush();
    }
  }

  static void end_row(OpenTable& open) {
    if (open.first_row && open.all_header_cells && open.cells.size() > 1)
      open.header = Table::Header::first_row;
    open.first_row = open.first_row && open.cells.empty();
    open.all_header_cells = true;
    open.table.add(std::exchange(open.cells, {}));
  }

  void flush() {
    if (in_cell()) {
      text_ += ' ';
    } else if (!std::exchange(term_waits_, false)) {
      outline_.text(std::exchange(text_, {}));
    }
  }

  Outline outline_;
  std::vector<OpenTable> tables_;
  std::string text_;
  bool term_waits_ = false;  ///< text_ is a defined term whose definition follows
};

}  // namespace

std::vector<Block> parse_html(std::string_view utf8) {
  // Freed as a whole: gumbo's own way of freeing recurses as deep as the page nests.
  std::pmr::monotonic_buffer_resource arena;
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = arena_allocate;
  options.deallocator = arena_free;
  options.userdata = &arena;
  options.max_errors = 0;
  const auto* page = gumbo_parse_with_options(&options, utf8.data(), utf8.size());
  return HtmlReader().read(page->document);
}

}  // namespace parley::knowledge
