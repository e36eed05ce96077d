#include "jsgf_sampler.hpp"

#include <stdexcept>

namespace parley::dialog::testing {

struct JsgfSampler::Node {
  enum class Kind { word, rule, row, choice, optional, repeat };
  Kind kind = Kind::row;
  std::string text;
  std::vector<NodePtr> parts;
};

namespace {

std::vector<std::string> tokens_of(std::string_view body) {
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < body.size();) {
    char c = body[at];
    if (c == ' ' || c == '\n') {
      ++at;
    } else if (c == '<') {
      auto end = body.find('>', at);
      tokens.emplace_back(body.substr(at, end - at + 1));
      at = end + 1;
    } else if (std::string_view("()[]|+=;").contains(c)) {
      tokens.emplace_back(1, c);
      ++at;
    } else {
      auto end = std::min(body.find_first_of(" \n()[]|+=;<", at), body.size());
      // A weight says how often, not what: all alternatives are drawn alike.
      if (c != '/') tokens.emplace_back(body.substr(at, end - at));
      at = end;
    }
  }
  return tokens;
}

}  // namespace

std::string Sample::text(const Part& part) const {
  std::string out;
  for (auto i = part.begin; i < part.end; ++i) out += (out.empty() ? "" : " ") + words[i];
  return out;
}

const Sample::Part* Sample::part(std::string_view rule) const {
  for (const auto& part : parts)
    if (part.rule == rule) return &part;
  return nullptr;
}

JsgfSampler::JsgfSampler(std::string_view body) {
  auto tokens = tokens_of(body);
  for (std::size_t at = 0; at < tokens.size();) {
    if (tokens[at] == "public") ++at;
    auto name = tokens.at(at);
    if (tokens.at(at + 1) != "=") throw std::logic_error("no '=' after " + name);
    at += 2;
    rules_[name] = parse_choice(tokens, at);
    if (tokens.at(at) != ";") throw std::logic_error("no ';' after " + name);
    ++at;
  }
}

JsgfSampler::NodePtr JsgfSampler::parse_choice(const std::vector<std::string>& tokens,
                                               std::size_t& at) {
  auto node = std::make_shared<Node>(Node{Node::Kind::choice, "", {parse_row(tokens, at)}});
  while (tokens.at(at) == "|") node->parts.push_back(parse_row(tokens, ++at));
  return node;
}

JsgfSampler::NodePtr JsgfSampler::parse_row(const std::vector<std::string>& tokens,
                                            std::size_t& at) {
  auto row = std::make_shared<Node>();
  while (true) {
    const auto& token = tokens.at(at);
    if (token == "|" || token == ")" || token == "]" || token == ";") break;
    NodePtr part;
    if (token == "(" || token == "[") {
      auto kind = token == "[" ? Node::Kind::optional : Node::Kind::row;
      part = std::make_shared<Node>(Node{kind, "", {parse_choice(tokens, ++at)}});
    } else {
      auto kind = token[0] == '<' ? Node::Kind::rule : Node::Kind::word;
      part = std::make_shared<Node>(Node{kind, token, {}});
    }
    ++at;
    if (tokens.at(at) == "+") {
      part = std::make_shared<Node>(Node{Node::Kind::repeat, "", {part}});
      ++at;
    }
    row->parts.push_back(part);
  }
  if (row->parts.empty()) throw std::logic_error("an empty alternative");
  return row;
}

Sample JsgfSampler::draw(Random& random) const {
  Sample sample;
  expand(*rules_.at("<utterance>"), random, sample);
  return sample;
}

void JsgfSampler::expand(const Node& node, Random& random, Sample& out) const {
  switch (node.kind) {
    case Node::Kind::word:
      out.words.push_back(node.text);
      break;
    case Node::Kind::rule: {
      auto begin = out.words.size();
      auto found = rules_.find(node.text);
      if (found == rules_.end()) throw std::logic_error("no rule " + node.text);
      auto index = out.parts.size();
      out.parts.push_back({node.text.substr(1, node.text.size() - 2), begin, begin});
      expand(*found->second, random, out);
      out.parts[index].end = out.words.size();
      break;
    }
    case Node::Kind::row:
      for (const auto& part : node.parts) expand(*part, random, out);
      break;
    case Node::Kind::choice:
      expand(*node.parts[random.next_u64() % node.parts.size()], random, out);
      break;
    case Node::Kind::optional:
      if (random.next_u64() % 2 == 0) expand(*node.parts[0], random, out);
      break;
    case Node::Kind::repeat:
      do expand(*node.parts[0], random, out);
      while (random.next_u64() % 3 != 0);
  }
}

}  // namespace parley::dialog::testing
