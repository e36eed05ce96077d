#include "request_target.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

std::string_view without_authority(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!iequals(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    auto path = target.find_first_of("/?#");
    return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  return target;
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    auto segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

Result<std::string> decode_path(std::string_view raw) {
  if (raw.empty() || raw.front() != '/') return fail(Errc::invalid, "the path must start with /");
  for (std::string_view encoded_slash : {"%2f", "%2F", "%5c", "%5C"})
    if (raw.find(encoded_slash) != std::string_view::npos)
      return fail(Errc::invalid, "an encoded slash is not accepted in the path");
  auto path = url_decode(raw);
  if (!path) return path;
  auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::ranges::any_of(*path, is_control) || !is_valid_utf8(*path))
    return fail(Errc::invalid, "the path is not UTF-8 text");
  if (has_dot_segment(*path))
    return fail(Errc::invalid, "\".\" and \"..\" are not accepted in the path");
  return path;
}

}  // namespace

Result<RequestTarget> parse_request_target(std::string_view target) {
  RequestTarget parsed;
  target = without_authority(target);
  if (target.find('#') != std::string_view::npos)
    return fail(Errc::invalid, "a fragment is not part of a request");
  auto question = target.find('?');
  auto raw_path = question == 0 ? std::string_view("/") : target.substr(0, question);
  auto path = decode_path(raw_path);
  if (!path) return std::unexpected(path.error());
  parsed.path = std::move(*path);
  if (question != std::string_view::npos) {
    auto query = parse_form(target.substr(question + 1));
    if (!query) return std::unexpected(query.error());
    parsed.query = std::move(*query);
  }
  return parsed;
}

bool is_sound_request_id(std::string_view id) noexcept {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, allowed);
}

}  // namespace parley::net
