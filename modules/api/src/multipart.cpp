#include "multipart.hpp"

#include "parley/base/strings.hpp"

namespace parley::api {

namespace {

constexpr std::size_t max_parts = 20;
constexpr std::size_t max_head_bytes = 4096;
constexpr std::size_t max_boundary_bytes = 70;

/// Reads `name=token` and `name="quoted"` one after the other, from behind a semicolon on.
class Parameters {
 public:
  explicit Parameters(std::string_view text) : rest_(text) {}

  /// False at the end, and when what follows is no parameter (then malformed() is true).
  bool next(std::string& name, std::string& value) {
    skip_space();
    if (rest_.empty()) return false;
    if (!take(';')) return give_up();
    skip_space();
    auto equals = rest_.find_first_of("=;\"");
    if (equals == std::string_view::npos || rest_[equals] != '=') return give_up();
    name = to_lower(trim(rest_.substr(0, equals)));
    rest_.remove_prefix(equals + 1);
    skip_space();
    return take('"') ? quoted(value) : token(value);
  }
  bool malformed() const { return malformed_; }

 private:
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool give_up() {
    malformed_ = true;
    return false;
  }
  bool token(std::string& value) {
    auto end = std::min(rest_.find(';'), rest_.size());
    value = trim(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return true;
  }
  bool quoted(std::string& value) {
    value.clear();
    while (!rest_.empty() && rest_.front() != '"') {
      // Browsers write a quote in a name as %22 or \"; a backslash before anything else is itself.
      if (rest_.starts_with("\\\"")) rest_.remove_prefix(1);
      value.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    if (take('"')) return true;
    return give_up();
  }

  std::string_view rest_;
  bool malformed_ = false;
};

std::unexpected<Error> malformed(std::string_view what) {
  return fail(Errc::invalid, "malformed multipart body: " + std::string(what));
}

Result<std::string> boundary_of(std::string_view content_type) {
  auto kind = trim(content_type.substr(0, content_type.find(';')));
  if (!iequals(kind, "multipart/form-data"))
    return fail(Errc::unsupported, "Content-Type must be multipart/form-data");
  auto semicolon = content_type.find(';');
  if (semicolon == std::string_view::npos) return malformed("no boundary");
  Parameters parameters(content_type.substr(semicolon));
  std::string name;
  std::string value;
  while (parameters.next(name, value)) {
    if (name != "boundary") continue;
    if (value.empty() || value.size() > max_boundary_bytes || value.back() == ' ')
      return malformed("the boundary must have 1 to 70 characters");
    return value;
  }
  return malformed("no boundary");
}

Result<void> read_disposition(std::string_view value, FormPart& part) {
  auto kind = trim(value.substr(0, value.find(';')));
  if (!iequals(kind, "form-data")) return malformed("a part is not form-data");
  auto semicolon = value.find(';');
  Parameters parameters(semicolon == std::string_view::npos ? "" : value.substr(semicolon));
  std::string name;
  std::string content;
  bool named = false;
  while (parameters.next(name, content)) {
    if (name == "name" && !named) {
      part.name = content;
      named = true;
    }
    if (name == "filename" && !part.file_name) part.file_name = content;
  }
  if (parameters.malformed() || !named || part.name.empty()) return malformed("a part has no name");
  for (auto* text : {&part.name, part.file_name ? &*part.file_name : nullptr})
    if (text && (text->find('\0') != std::string::npos || !is_valid_utf8(*text)))
      return malformed("a name is not UTF-8 text");
  return {};
}

Result<FormPart> read_head(std::string_view head) {
  FormPart part;
  bool disposed = false;
  while (!head.empty()) {
    auto end = head.find("\r\n");
    auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return malformed("a part's head");
    auto name = line.substr(0, colon);
    auto value = trim(line.substr(colon + 1));
    if (iequals(name, "Content-Type")) part.content_type = value;
    if (iequals(name, "Content-Transfer-Encoding") && !iequals(value, "binary") &&
        !iequals(value, "8bit") && !iequals(value, "7bit"))
      return malformed("a transfer encoding is not taken");
    if (iequals(name, "Content-Disposition")) {
      if (disposed) return malformed("a part has two dispositions");
      disposed = true;
      if (auto read = read_disposition(value, part); !read) return std::unexpected(read.error());
    }
  }
  if (!disposed) return malformed("a part has no name");
  return part;
}

}  // namespace

Result<std::vector<FormPart>> parse_multipart(std::string_view content_type,
                                              std::string_view body) {
  auto boundary = boundary_of(content_type);
  if (!boundary) return std::unexpected(boundary.error());
  auto delimiter = "\r\n--" + *boundary;
  auto first = std::string_view(delimiter).substr(2);
  // A preamble is allowed; the first delimiter may stand at the very beginning.
  std::size_t at = body.starts_with(first) ? first.size() : std::string_view::npos;
  if (at == std::string_view::npos) {
    at = body.find(delimiter);
    if (at == std::string_view::npos) return malformed("the boundary does not occur");
    at += delimiter.size();
  }
  std::vector<FormPart> parts;
  while (true) {
    auto rest = body.substr(at);
    if (rest.starts_with("--")) return parts;
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
    if (!rest.starts_with("\r\n")) return malformed("what follows a boundary");
    if (parts.size() >= max_parts) return malformed("too many parts");
    rest.remove_prefix(2);
    // No head at all is an empty line at once.
    auto head_end = rest.starts_with("\r\n") ? 0 : rest.substr(0, max_head_bytes).find("\r\n\r\n");
    if (head_end == std::string_view::npos) return malformed("a part's head does not end");
    auto part = read_head(rest.substr(0, head_end));
    if (!part) return std::unexpected(part.error());
    auto content = rest.substr(head_end + 4);
    auto content_end = content.find(delimiter);
    if (content_end == std::string_view::npos) return malformed("it ends early");
    part->content = content.substr(0, content_end);
    parts.push_back(std::move(*part));
    at = static_cast<std::size_t>(content.data() - body.data()) + content_end + delimiter.size();
  }
}

}  // namespace parley::api
