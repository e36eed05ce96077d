#pragma once
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/random.hpp"

namespace parley::dialog::testing {

/// A sentence drawn from a grammar, and which rules made which words of it.
struct Sample {
  struct Part {
    std::string rule;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  std::vector<std::string> words;
  std::vector<Part> parts;

  std::string text() const { return text({"", 0, words.size()}); }
  std::string text(const Part& part) const;
  const Part* part(std::string_view rule) const;
};

/// Reads the part of JSGF that the dialogue writes and draws sentences from it.
class JsgfSampler {
 public:
  explicit JsgfSampler(std::string_view body);
  Sample draw(Random& random) const;

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  NodePtr parse_choice(const std::vector<std::string>& tokens, std::size_t& at);
  NodePtr parse_row(const std::vector<std::string>& tokens, std::size_t& at);
  void expand(const Node& node, Random& random, Sample& out) const;
  std::map<std::string, NodePtr> rules_;
};

}  // namespace parley::dialog::testing
