#include <zip.h>

#include <map>
#include <pugixml.hpp>

#include "outline.hpp"
#include "parley/base/strings.hpp"
#include "parsers.hpp"

namespace parley::knowledge {

namespace {

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseMember {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

class Archive {
 public:
  static Result<Archive> open(std::string_view bytes, const ParseLimits& limits) {
    zip_error_t error;
    zip_error_init(&error);
    auto* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
    if (source == nullptr) return fail(Errc::unavailable, "Out of memory");
    std::unique_ptr<zip_t, CloseArchive> zip(zip_open_from_source(source, ZIP_RDONLY, &error));
    zip_error_fini(&error);
    if (!zip) {
      zip_source_free(source);
      return fail(Errc::corrupt, "The DOCX file is damaged: it is not a readable archive");
    }
    Archive archive(std::move(zip), limits);
    if (auto within = archive.check(bytes.size()); !within) return std::unexpected(within.error());
    return archive;
  }

  /// not_found when there is no such member.
  Result<std::string> member(const char* name) {
    zip_stat_t stat;
    if (zip_stat(zip_.get(), name, ZIP_FL_NOCASE, &stat) != 0)
      return fail(Errc::not_found, "The DOCX file has no " + std::string(name));
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) && stat.encryption_method != ZIP_EM_NONE)
      return fail(Errc::unsupported, "The DOCX file is protected by a password");
    std::unique_ptr<zip_file_t, CloseMember> file(zip_fopen(zip_.get(), name, ZIP_FL_NOCASE));
    if (!file) return fail(Errc::corrupt, "The DOCX file is damaged");
    // The size the directory claims is not believed: the count of bytes that come out is.
    auto allowed =
        std::min(limits_.max_unpacked_bytes,
                 (1u << 20) + static_cast<std::size_t>(stat.comp_size) * limits_.max_ratio);
    std::string out;
    std::array<char, 64u << 10> chunk;
    while (true) {
      auto count = zip_fread(file.get(), chunk.data(), chunk.size());
      if (count < 0) return fail(Errc::corrupt, "The DOCX file is damaged");
      if (count == 0) return out;
      if (out.size() + static_cast<std::size_t>(count) > allowed) return too_big();
      out.append(chunk.data(), static_cast<std::size_t>(count));
    }
  }

 private:
  Archive(std::unique_ptr<zip_t, CloseArchive> zip, ParseLimits limits)
      : zip_(std::move(zip)), limits_(limits) {}

  static std::unexpected<Error> too_big() {
    return fail(Errc::too_large, "The DOCX file unpacks to far more than its size: refused");
  }

  Result<void> check(std::size_t packed) {
    auto entries = zip_get_num_entries(zip_.get(), 0);
    if (entries > static_cast<zip_int64_t>(limits_.max_archive_entries))
      return fail(Errc::too_large, "The DOCX file has too many parts: refused");
    std::size_t total = 0;
    for (zip_int64_t i = 0; i < entries; ++i) {
      zip_stat_t stat;
      if (zip_stat_index(zip_.get(), static_cast<zip_uint64_t>(i), 0, &stat) != 0) continue;
      auto size = static_cast<std::size_t>(stat.size);
      if (size > limits_.max_unpacked_bytes - total) return too_big();
      total += size;
    }
    if (total > (1u << 20) + packed * limits_.max_ratio) return too_big();
    return {};
  }

  std::unique_ptr<zip_t, CloseArchive> zip_;
  ParseLimits limits_;
};

Result<pugi::xml_document> parse_xml(const std::string& text, const char* what) {
  // Word writes no document type; one is there only to declare entities.
  if (text.find("<!DOCTYPE") != std::string::npos || text.find("<!ENTITY") != std::string::npos)
    return fail(Errc::corrupt, "The DOCX file declares entities, which Word never does: refused");
  pugi::xml_document document;
  auto parsed =
      document.load_buffer(text.data(), text.size(), pugi::parse_default | pugi::parse_ws_pcdata);
  if (!parsed) return fail(Errc::corrupt, "The DOCX file is damaged: " + std::string(what));
  return document;
}

std::string_view local_name(std::string_view name) {
  auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}
pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  for (auto each : node.children())
    if (local_name(each.name()) == name) return each;
  return {};
}
std::string_view attribute(const pugi::xml_node& node, std::string_view name) {
  for (auto each : node.attributes())
    if (local_name(each.name()) == name) return each.value();
  return {};
}

int parse_level(std::string_view text) {
  return text.size() == 1 && text[0] >= '1' && text[0] <= '9' ? text[0] - '0' : 0;
}
int level_of_name(std::string_view name) {
  auto lower = to_lower(name);
  if (lower == "title") return 1;
  if (!lower.starts_with("heading")) return 0;
  return parse_level(trim(std::string_view(lower).substr(7)));
}

/// Which styles are headings, and of which level: by outline level, by name, or by what they are
/// based on.
std::map<std::string, int, std::less<>> heading_styles(const pugi::xml_document& document) {
  std::map<std::string, int, std::less<>> levels;
  std::map<std::string, std::string> based_on;
  for (auto style : child(document, "styles").children()) {
    if (local_name(style.name()) != "style") continue;
    std::string id(attribute(style, "styleId"));
    auto outline = attribute(child(child(style, "pPr"), "outlineLvl"), "val");
    int level = level_of_name(attribute(child(style, "name"), "val"));
    if (level == 0 && outline.size() == 1 && outline[0] >= '0' && outline[0] <= '8')
      level = outline[0] - '0' + 1;
    if (level > 0)
      levels[id] = level;
    else if (auto base = attribute(child(style, "basedOn"), "val"); !base.empty())
      based_on[id] = base;
  }
  for (const auto& [id, base] : based_on) {
    auto current = base;
    for (int step = 0; step < 10 && !current.empty(); ++step) {
      if (auto found = levels.find(current); found != levels.end()) {
        levels[id] = found->second;
        break;
      }
      auto next = based_on.find(current);
      current = next == based_on.end() ? "" : next->second;
    }
  }
  return levels;
}

class DocxReader {
 public:
  DocxReader(std::map<std::string, int, std::less<>> levels, int max_depth)
      : levels_(std::move(levels)), max_depth_(max_depth) {}

  std::vector<Block> read(const pugi::xml_node& body) {
    container(body, 0);
    return outline_.take();
  }

 private:
  void container(const pugi::xml_node& node, int depth) {
    if (depth > max_depth_) return;
    for (auto each : node.children()) {
      auto name = local_name(each.name());
      if (name == "p")
        paragraph(each, depth);
      else if (name == "tbl")
        table(each, depth);
      else if (name != "sectPr")
        container(each, depth + 1);
    }
  }

  void paragraph(const pugi::xml_node& node, int depth) {
    std::string text;
    inline_text(node, text, depth);
    auto level = heading_level(child(node, "pPr"));
    if (level > 0)
      outline_.heading(level, text);
    else
      outline_.text(text);
  }

  int heading_level(const pugi::xml_node& properties) const {
    auto outline = attribute(child(properties, "outlineLvl"), "val");
    if (outline.size() == 1 && outline[0] >= '0' && outline[0] <= '8') return outline[0] - '0' + 1;
    auto style = attribute(child(properties, "pStyle"), "val");
    if (style.empty()) return 0;
    auto found = levels_.find(style);
    return found != levels_.end() ? found->second : level_of_name(style);
  }

  void inline_text(const pugi::xml_node& node, std::string& out, int depth) {
    if (depth > max_depth_) return;
    for (auto each : node.children()) {
      auto name = local_name(each.name());
      if (name == "t")
        out += each.text().get();
      else if (name == "tab" || name == "br" || name == "cr")
        out += ' ';
      else if (name == "noBreakHyphen")
        out += '-';
      else if (name == "p")
        inline_text(each, out += ' ', depth + 1);
      // Deleted text, field codes and the twin of a drawing for old versions say nothing new.
      else if (name != "del" && name != "instrText" && name != "Fallback" && name != "pPr" &&
               name != "rPr")
        inline_text(each, out, depth + 1);
    }
  }

  void table(const pugi::xml_node& node, int depth) {
    Table rows;
    auto header = Table::Header::unknown;
    bool first = true;
    for (auto row : node.children()) {
      if (local_name(row.name()) != "tr") continue;
      if (first && child(child(row, "trPr"), "tblHeader")) header = Table::Header::first_row;
      first = false;
      std::vector<std::string> cells;
      for (auto cell : row.children()) {
        if (local_name(cell.name()) != "tc") continue;
        std::string text;
        inline_text(cell, text, depth + 1);
        cells.push_back(std::move(text));
      }
      rows.add(std::move(cells));
    }
    rows.write(outline_, header);
  }

  std::map<std::string, int, std::less<>> levels_;
  int max_depth_;
  Outline outline_;
};

}  // namespace

Result<std::vector<Block>> parse_docx(std::string_view bytes, const ParseLimits& limits) {
  auto archive = Archive::open(bytes, limits);
  if (!archive) return std::unexpected(archive.error());
  auto text = archive->member("word/document.xml");
  if (!text && text.error().code == Errc::not_found)
    return fail(Errc::corrupt, "The DOCX file is damaged: it has no text part");
  if (!text) return std::unexpected(text.error());
  auto document = parse_xml(*text, "its text is not well-formed");
  if (!document) return std::unexpected(document.error());

  std::map<std::string, int, std::less<>> levels;
  if (auto styles = archive->member("word/styles.xml")) {
    if (auto parsed = parse_xml(*styles, "its styles are not well-formed"))
      levels = heading_styles(*parsed);
  } else if (styles.error().code == Errc::too_large) {
    return std::unexpected(styles.error());
  }
  auto body = child(child(*document, "document"), "body");
  return DocxReader(std::move(levels), limits.max_depth).read(body);
}

}  // namespace parley::knowledge
