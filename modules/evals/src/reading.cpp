// Values out of YAML nodes, and what is wrong with them.
#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "parley/base/strings.hpp"
#include "scenario_keys.hpp"

namespace parley::evals {

namespace {

constexpr std::size_t most_problems = 20;

template <class T>
std::optional<T> parsed(const std::string& text) {
  T value{};
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_text(const YAML::Node& node) { return node.IsScalar() && node.Tag() == "!"; }

}  // namespace

void Reading::problem(const YAML::Mark& mark, const std::string& what) {
  if (problems_.size() < most_problems)
    problems_.push_back(
        mark.is_null() ? fmt::format("{}: {}", file_, what)
                       : fmt::format("{}:{}:{}: {}", file_, mark.line + 1, mark.column + 1, what));
}

std::string Reading::text(const YAML::Node& node, std::size_t most) {
  if (!node.IsScalar()) {
    problem(node.Mark(), "text is expected here");
    return "";
  }
  auto& found = node.Scalar();
  if (found.empty()) problem(node.Mark(), "this must not be empty");
  if (found.size() > most) problem(node.Mark(), fmt::format("longer than {} bytes", most));
  if (!is_valid_utf8(found)) problem(node.Mark(), "this is not UTF-8");
  return found;
}

double Reading::number(const YAML::Node& node, double least, double most) {
  auto found = node.IsScalar() ? parsed<double>(node.Scalar()) : std::nullopt;
  if (found && *found >= least && *found <= most) return *found;
  problem(node.Mark(), fmt::format("a number from {} to {} is expected here", least, most));
  return least;
}

std::int64_t Reading::integer(const YAML::Node& node, std::int64_t least, std::int64_t most) {
  auto found = node.IsScalar() ? parsed<std::int64_t>(node.Scalar()) : std::nullopt;
  if (found && *found >= least && *found <= most) return *found;
  problem(node.Mark(), fmt::format("a whole number from {} to {} is expected here", least, most));
  return least;
}

std::string Reading::choice(const YAML::Node& node, std::span<const std::string> allowed) {
  auto found = node.IsScalar() ? node.Scalar() : std::string();
  if (std::ranges::find(allowed, found) == allowed.end())
    problem(node.Mark(), "one of " + join(allowed, ", ") + " is expected here");
  return found;
}

std::string Reading::pattern(const YAML::Node& node) {
  auto found = text(node, 500);
  if (found.size() >= 2 && found.front() == '/' && found.back() == '/')
    found = found.substr(1, found.size() - 2);
  if (found.empty()) problem(node.Mark(), "an empty pattern would fit everything");
  if (auto good = check_pattern(found); !good) problem(node.Mark(), good.error().detail);
  return found;
}

/// Aliases let a short text mean a large one, or itself: both are bounded.
json::value Reading::value(const YAML::Node& node, int depth) {
  if (depth == 0) {
    problem(node.Mark(), "too much is nested here");
    return nullptr;
  }
  if (--values_left_ <= 0) problem(node.Mark(), "too much is nested here");
  if (node.IsMap()) {
    json::object made;
    for (const auto& member : node) {
      made[text(member.first, 200)] = value(member.second, depth - 1);
      if (values_left_ <= 0) break;
    }
    return made;
  }
  if (node.IsSequence()) {
    json::array made;
    for (const auto& item : node) {
      made.push_back(value(item, depth - 1));
      if (values_left_ <= 0) break;
    }
    return made;
  }
  if (!node.IsScalar()) return nullptr;
  auto& found = node.Scalar();
  if (is_text(node)) return json::value(found);
  if (found == "true" || found == "false") return found == "true";
  if (auto whole = parsed<std::int64_t>(found)) return *whole;
  if (auto number = parsed<double>(found); number && std::isfinite(*number)) return *number;
  return json::value(found);
}

json::object Reading::fields(const YAML::Node& node) {
  if (!node.IsMap()) {
    problem(node.Mark(), "a mapping of names to values is expected here");
    return {};
  }
  return value(node, 8).as_object();
}

std::vector<YAML::Node> Reading::list(const YAML::Node& node, std::size_t most) {
  if (!node.IsSequence()) {
    problem(node.Mark(), "a list is expected here");
    return {};
  }
  if (node.size() > most) problem(node.Mark(), fmt::format("more than {} items", most));
  std::vector<YAML::Node> items;
  for (std::size_t i = 0; i < std::min(node.size(), most); ++i) items.push_back(node[i]);
  return items;
}

template <class T>
void read_mapping(Reading& reading, const YAML::Node& node, const std::vector<Key<T>>& keys,
                  T& into) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.push_back(key.name);
  if (!node.IsMap()) {
    reading.problem(node.Mark(), "a mapping is expected here, with " + join(names, ", "));
    return;
  }
  std::vector<std::string> seen;
  for (const auto& member : node) {
    auto name = member.first.IsScalar() ? member.first.Scalar() : std::string();
    auto key = std::ranges::find(keys, name, &Key<T>::name);
    if (key == keys.end()) {
      auto near = nearest(name.substr(0, 100), names);
      reading.problem(member.first.Mark(),
                      near
                          ? fmt::format("unknown key '{}'; the nearest is '{}'", name, *near)
                          : fmt::format("unknown key '{}'; known are {}", name, join(names, ", ")));
      continue;
    }
    if (std::ranges::find(seen, name) != seen.end())
      reading.problem(member.first.Mark(), fmt::format("'{}' stands here twice", name));
    seen.push_back(name);
    key->read(reading, member.second, into);
  }
}

template void read_mapping(Reading&, const YAML::Node&, const std::vector<Key<Scenario>>&,
                           Scenario&);
template void read_mapping(Reading&, const YAML::Node&, const std::vector<Key<CallerProfile>>&,
                           CallerProfile&);
template void read_mapping(Reading&, const YAML::Node&, const std::vector<Key<Step>>&, Step&);
template void read_mapping(Reading&, const YAML::Node&, const std::vector<Key<When>>&, When&);
template void read_mapping(Reading&, const YAML::Node&, const std::vector<Key<Answer>>&, Answer&);
template void read_mapping(Reading&, const YAML::Node&, const std::vector<Key<Expectation>>&,
                           Expectation&);

}  // namespace parley::evals
