#include "parley/providers/language/wire_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "parley/base/strings.hpp"

namespace parley::providers::language {

namespace {

using Role = dialog::ModelMessage::Role;

bool is_accepted(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}

std::string accepted(std::string_view text, std::size_t max_bytes) {
  std::string made(text.substr(0, max_bytes));
  for (auto& c : made)
    if (!is_accepted(c)) c = '_';
  return made;
}

/// `made`, or with a number at its end, so that it is none of `taken`.
template <class Taken>
std::string unique(std::string made, std::size_t max_bytes, const Taken& taken) {
  auto candidate = made;
  for (int number = 2; taken.contains(candidate) || candidate.empty(); ++number) {
    auto ending = fmt::format("_{}", number);
    candidate = made.substr(0, max_bytes - ending.size()) + ending;
  }
  return candidate;
}

}  // namespace

WireNames::WireNames(const dialog::ModelPrompt& prompt) {
  // Names that are good as they are come first, so that nothing made takes one of them.
  for (bool good_ones : {true, false}) {
    auto add = [&](const std::string& name) {
      bool is_good = !name.empty() && accepted(name, max_name_bytes) == name;
      if (is_good == good_ones) add_name(name);
    };
    for (const auto& tool : prompt.tools) add(tool.name);
    for (const auto& message : prompt.messages)
      for (const auto& request : message.requests) add(request.name);
  }
  std::set<std::string> taken;
  for (std::size_t i = 0; i < prompt.messages.size(); ++i)
    for (const auto& request : prompt.messages[i].requests) {
      auto& wire = ids_[{i, request.id}];
      if (!wire.empty()) continue;
      auto made = request.id.empty() ? "call" : accepted(request.id, max_id_bytes);
      wire = unique(std::move(made), max_id_bytes, taken);
      taken.insert(wire);
    }
}

void WireNames::add_name(const std::string& ours) {
  if (names_.contains(ours)) return;
  auto wire = unique(accepted(ours, max_name_bytes), max_name_bytes, ours_);
  names_[ours] = wire;
  ours_[wire] = ours;
}

std::string WireNames::our_name(const std::string& wire) const {
  auto found = ours_.find(wire);
  return found == ours_.end() ? wire : found->second;
}

Result<void> check(const dialog::ModelPrompt& prompt) {
  const auto& messages = prompt.messages;
  if (messages.empty()) return fail(Errc::invalid, "a prompt has at least one message");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& message = messages[i];
    auto wrong = [&](std::string_view what) {
      return fail(Errc::invalid, fmt::format("message {} of the prompt {}", i, what));
    };
    if (message.role != (i % 2 == 0 ? Role::user : Role::assistant))
      return wrong("is not of the one whose turn it is");
    bool says_something = !trim(message.text).empty();
    if (!says_something && message.requests.empty() && message.answers.empty())
      return wrong("is empty");
    std::multiset<std::string> asked;
    if (i > 0)
      for (const auto& request : messages[i - 1].requests) asked.insert(request.id);
    for (const auto& answer : message.answers) {
      auto found = asked.find(answer.id);
      if (found == asked.end()) return wrong("answers a request that was not made");
      asked.erase(found);
    }
    if (!asked.empty()) return wrong("leaves a request without an answer");
  }
  if (messages.back().role != Role::user) return fail(Errc::invalid, "the user speaks last");
  return {};
}

}  // namespace parley::providers::language
