#include "parley/net/http.hpp"

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
  auto same_letter = [](char x, char y) { return lower(x) == lower(y); };
  return std::ranges::equal(a, b, same_letter);
}

/// One name or value of a form: decoded, and text that every store can keep.
Result<std::string> decode_component(std::string_view text) {
  auto decoded = url_decode(text, true);
  if (!decoded) return decoded;
  if (decoded->find('\0') != std::string::npos || !is_valid_utf8(*decoded))
    return fail(Errc::invalid, "a parameter is not UTF-8 text");
  return decoded;
}

}  // namespace

std::string_view to_string(Method method) noexcept {
  constexpr std::array<std::string_view, 7> names{"GET",   "HEAD",   "POST",   "PUT",
                                                  "PATCH", "DELETE", "OPTIONS"};
  return names[static_cast<std::size_t>(method)];
}

void Headers::set(std::string_view name, std::string value) {
  auto has_name = [name](const auto& field) { return same_name(field.first, name); };
  auto found = std::ranges::find_if(fields_, has_name);
  if (found == fields_.end()) return add(name, std::move(value));
  found->second = std::move(value);
  fields_.erase(std::remove_if(found + 1, fields_.end(), has_name), fields_.end());
}

void Headers::add(std::string_view name, std::string value) {
  fields_.emplace_back(std::string(name), std::move(value));
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (auto& [field, value] : fields_)
    if (same_name(field, name)) return value;
  return std::nullopt;
}

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
  for (auto& [field, value] : fields)
    if (field == name) return value;
  return std::nullopt;
}

Result<Fields> parse_form(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    auto pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    auto equals = pair.find('=');
    auto name = decode_component(pair.substr(0, equals));
    if (!name) return std::unexpected(name.error());
    auto raw_value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    auto value = decode_component(raw_value);
    if (!value) return std::unexpected(value.error());
    fields.emplace_back(std::move(*name), std::move(*value));
  }
  return fields;
}

std::optional<std::string_view> HttpRequest::path_value(std::string_view name) const {
  auto found = path_values.find(name);
  if (found == path_values.end()) return std::nullopt;
  return found->second;
}

HttpResponse text_response(int status, std::string body, std::string_view content_type) {
  HttpResponse response;
  response.status = status;
  response.headers.set("Content-Type", std::string(content_type));
  response.body = std::move(body);
  return response;
}

}  // namespace parley::net
