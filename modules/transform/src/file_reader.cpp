#include "file_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"
#include "pointer.hpp"

namespace parley::transform {

std::string instead_of(std::string_view word, const std::vector<std::string>& words) {
  if (auto near = nearest(word.substr(0, 80), words)) return "; the nearest is '" + *near + "'";
  return "; there are: " + join(words, ", ");
}

FileReader::FileReader(const json::value& value, std::string at, Faults& faults)
    : object_(value.if_object()), at_(std::move(at)), faults_(faults) {
  if (!object_) faults_.push_back(fmt::format("{}: must be an object", at_.empty() ? "/" : at_));
}

std::string FileReader::place(std::string_view key) const { return at_ + escaped_step(key); }

void FileReader::fault(std::string_view key, std::string_view what) {
  faults_.push_back(fmt::format("{}: {}", place(key), what));
}

const json::value* FileReader::any(std::string_view key) {
  if (std::ranges::find(known_, key) == known_.end()) known_.emplace_back(key);
  return object_ ? object_->if_contains(key) : nullptr;
}

std::optional<std::string> FileReader::text(std::string_view key) {
  const auto* value = any(key);
  if (!value) return std::nullopt;
  if (auto* text = value->if_string()) return std::string(*text);
  fault(key, "must be text");
  return std::nullopt;
}

std::vector<std::string> FileReader::texts(std::string_view key) {
  const auto* value = any(key);
  if (!value) return {};
  if (auto* text = value->if_string()) return {std::string(*text)};
  std::vector<std::string> all;
  auto* list = value->if_array();
  if (list)
    for (auto& element : *list)
      if (auto* text = element.if_string()) all.emplace_back(*text);
  if (!list || all.empty() || all.size() != list->size())
    fault(key, "must be a text or a list of texts");
  return all;
}

bool FileReader::flag(std::string_view key) {
  const auto* value = any(key);
  if (!value) return false;
  if (value->is_bool()) return value->get_bool();
  fault(key, "must be true or false");
  return false;
}

std::size_t FileReader::count(std::string_view key, std::size_t most) {
  const auto* value = any(key);
  if (!value) return 0;
  boost::system::error_code ec;
  auto number = value->to_number<std::uint64_t>(ec);
  if (!ec && number >= 1 && number <= most) return number;
  fault(key, fmt::format("must be a whole number from 1 to {}", most));
  return 0;
}

const json::object* FileReader::object(std::string_view key) {
  const auto* value = any(key);
  if (!value) return nullptr;
  auto* object = value->if_object();
  if (!object) fault(key, "must be an object");
  return object;
}

std::optional<std::size_t> FileReader::word(std::string_view key,
                                            const std::vector<std::string>& words) {
  auto word = text(key);
  if (!word) return std::nullopt;
  auto found = std::ranges::find(words, *word);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  fault(key,
        fmt::format("'{}' is not one of them{}", word->substr(0, 80), instead_of(*word, words)));
  return std::nullopt;
}

void FileReader::finish() {
  if (!object_) return;
  for (auto& [key, value] : *object_)
    if (std::ranges::find(known_, std::string_view(key)) == known_.end())
      fault(key, "is not a known key" + instead_of(key, known_));
}

}  // namespace parley::transform
