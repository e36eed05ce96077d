#pragma once
#include <yaml-cpp/yaml.h>

#include <functional>
#include <span>

#include "parley/evals/scenario.hpp"

namespace parley::evals {

/// One file as it is read: every problem of it, with its place.
class Reading {
 public:
  explicit Reading(std::string file) : file_(std::move(file)) {}

  void problem(const YAML::Mark& mark, const std::string& what);
  const std::vector<std::string>& problems() const { return problems_; }

  // What stands at a node, or a problem and something harmless.
  std::string text(const YAML::Node& node, std::size_t most = 2000);
  double number(const YAML::Node& node, double least, double most);
  std::int64_t integer(const YAML::Node& node, std::int64_t least, std::int64_t most);
  std::string choice(const YAML::Node& node, std::span<const std::string> allowed);
  std::string pattern(const YAML::Node& node);
  json::object fields(const YAML::Node& node);
  /// The nodes of a list of at most `most`; of one that is none, no nodes.
  std::vector<YAML::Node> list(const YAML::Node& node, std::size_t most);

 private:
  json::value value(const YAML::Node& node, int depth);
  std::string file_;
  std::vector<std::string> problems_;
  int values_left_ = 1000;
};

/// One key of a mapping: what the reader takes, and what the schema says of it.
template <class T>
struct Key {
  std::string name;
  json::object schema;
  std::function<void(Reading&, const YAML::Node&, T&)> read;
};

const std::vector<Key<Scenario>>& scenario_keys();
const std::vector<Key<CallerProfile>>& caller_keys();
const std::vector<Key<Step>>& step_keys();
const std::vector<Key<When>>& when_keys();
const std::vector<Key<Answer>>& answer_keys();
const std::vector<Key<Expectation>>& expectation_keys();

/// Reads a mapping by its keys. Unknown keys are problems, with the nearest known one.
template <class T>
void read_mapping(Reading& reading, const YAML::Node& node, const std::vector<Key<T>>& keys,
                  T& into);

}  // namespace parley::evals
