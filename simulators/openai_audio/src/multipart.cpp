#include "multipart.hpp"

namespace parley::simulators {

namespace {

std::string between(std::string_view text, std::string_view before, char end) {
  auto from = text.find(before);
  if (from == std::string_view::npos) return "";
  from += before.size();
  return std::string(text.substr(from, text.find(end, from) - from));
}

}  // namespace

std::optional<std::map<std::string, std::string, std::less<>>> multipart_fields(
    std::string_view content_type, std::string_view body) {
  if (!content_type.starts_with("multipart/form-data")) return std::nullopt;
  auto boundary = between(content_type, "boundary=", ';');
  if (boundary.empty()) return std::nullopt;
  auto line = "--" + boundary;
  std::map<std::string, std::string, std::less<>> fields;
  auto at = body.find(line);
  while (at != std::string_view::npos) {
    at += line.size();
    if (body.substr(at, 2) == "--") return fields;
    auto head_end = body.find("\r\n\r\n", at);
    auto next = body.find("\r\n" + line, at);
    if (head_end == std::string_view::npos || next == std::string_view::npos) return std::nullopt;
    auto name = between(body.substr(at, head_end - at), "name=\"", '"');
    fields[name] = body.substr(head_end + 4, next - head_end - 4);
    at = next + 2;
  }
  return std::nullopt;
}

}  // namespace parley::simulators
