#include "pointer.hpp"

#include <fmt/format.h>

#include <charconv>

#include "parley/base/strings.hpp"

namespace parley::transform {

namespace {

constexpr std::size_t max_steps = 16;
constexpr std::size_t max_candidates = 200;
constexpr std::size_t max_candidate_bytes = 80;

const json::value* step_into(const json::value& value, std::string_view step) {
  if (auto* object = value.if_object()) return object->if_contains(step);
  auto* list = value.if_array();
  if (!list || step.empty() || (step.size() > 1 && step[0] == '0')) return nullptr;
  std::size_t index = 0;
  auto [end, ec] = std::from_chars(step.data(), step.data() + step.size(), index);
  if (ec != std::errc{} || end != step.data() + step.size()) return nullptr;
  return list->if_contains(index);
}

std::vector<std::string> names_in(const json::value& value) {
  std::vector<std::string> names;
  auto* object = value.if_object();
  if (!object) return names;
  for (auto& [name, member] : *object) {
    if (names.size() == max_candidates) break;
    if (name.size() <= max_candidate_bytes) names.emplace_back(name);
  }
  return names;
}

}  // namespace

Result<Pointer> Pointer::parse(std::string_view text) {
  Pointer pointer;
  if (text.empty()) return pointer;
  if (text[0] != '/')
    return fail(Errc::invalid,
                fmt::format("a path is a JSON pointer and begins with '/': '/{}'", text));
  for (auto& raw : split(text.substr(1), '/')) {
    std::string step;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if (raw[i] != '~') {
        step += raw[i];
        continue;
      }
      char next = i + 1 < raw.size() ? raw[++i] : '\0';
      if (next != '0' && next != '1')
        return fail(Errc::invalid, "in a JSON pointer '~' is written '~0', and '/' in a name '~1'");
      step += next == '0' ? '~' : '/';
    }
    pointer.steps_.push_back(std::move(step));
  }
  if (pointer.steps_.size() > max_steps)
    return fail(Errc::invalid, fmt::format("a path has at most {} steps", max_steps));
  return pointer;
}

std::string escaped_step(std::string_view step) {
  std::string out = "/";
  for (char c : step) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::string Pointer::text() const {
  std::string out;
  for (auto& step : steps_) out += escaped_step(step);
  return out;
}

const json::value* Pointer::find(const json::value& document) const {
  const auto* at = &document;
  for (auto& step : steps_)
    if (at = step_into(*at, step); !at) return nullptr;
  return at;
}

void put(json::object& into, const Pointer& where, json::value value) {
  auto* object = &into;
  auto& steps = where.steps();
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    auto& next = (*object)[steps[i]];
    if (!next.is_object()) next.emplace_object();
    object = &next.get_object();
  }
  (*object)[steps.back()] = std::move(value);
}

std::string why_absent(const Pointer& pointer, const json::value& document) {
  const auto* at = &document;
  std::string reached;
  for (auto& step : pointer.steps()) {
    const auto* next = step_into(*at, step);
    if (next) {
      at = next;
      reached += escaped_step(step);
      continue;
    }
    auto missing = reached + escaped_step(step);
    if (at->is_array()) return fmt::format("the list has no element {}", missing);
    if (!at->is_object())
      return fmt::format("there is no {}: {} is not an object", missing,
                         reached.empty() ? "the document" : reached);
    auto present = names_in(*at);
    if (auto near = nearest(step, present))
      return fmt::format("there is no {}; the nearest is {}{}", missing, reached,
                         escaped_step(*near));
    if (present.empty()) return fmt::format("there is no {}: the object is empty", missing);
    if (present.size() > 8) present.resize(8);
    return fmt::format("there is no {}; there are: {}", missing, join(present, ", "));
  }
  return "is required, and is null or empty";
}

void KnownFields::add(const Pointer& pointer) {
  auto* at = this;
  for (auto& step : pointer.steps()) at = &at->steps_[step];
  at->whole_ = true;
}

void KnownFields::take(json::object& rest, std::string_view step, const json::value& value,
                       const std::string& at, std::vector<std::string>* paths) const {
  auto found = steps_.find(step);
  auto here = paths ? at + escaped_step(step) : std::string();
  if (found == steps_.end()) {
    if (paths && paths->size() < max_noted_paths) paths->push_back(std::move(here));
    rest[step] = value;
    return;
  }
  auto deeper = found->second.rest_of(value, here, paths);
  if (!deeper.is_null()) rest[step] = std::move(deeper);
}

json::value KnownFields::rest_of(const json::value& value, const std::string& at,
                                 std::vector<std::string>* paths) const {
  if (whole_) return nullptr;
  json::object rest;
  if (auto* object = value.if_object()) {
    for (auto& [name, member] : *object) take(rest, name, member, at, paths);
  } else if (auto* list = value.if_array()) {
    for (std::size_t i = 0; i < list->size(); ++i)
      take(rest, std::to_string(i), (*list)[i], at, paths);
  } else if (!value.is_null()) {
    // Named as an object, and something else came.
    if (paths && paths->size() < max_noted_paths) paths->push_back(at);
    return value;
  }
  if (rest.empty()) return nullptr;
  return rest;
}

}  // namespace parley::transform
