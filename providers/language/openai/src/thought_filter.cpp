#include "thought_filter.hpp"

#include <algorithm>

namespace parley::providers::openai {

namespace {

constexpr std::string_view opening = "<think>";
constexpr std::string_view closing = "</think>";
constexpr std::string_view white = " \t\r\n";

}  // namespace

std::string ThoughtFilter::take(std::string_view piece) {
  if (at_ == At::text) return std::string(piece);
  held_ += piece;
  if (at_ == At::beginning) {
    auto begin = std::min(held_.find_first_not_of(white), held_.size());
    auto text = std::string_view(held_).substr(begin);
    if (opening.starts_with(text.substr(0, opening.size()))) {
      if (text.size() < opening.size()) return "";  // may still become the mark
      held_.erase(0, begin + opening.size());
      at_ = At::thought;
      had_thought_ = true;
    } else {
      at_ = At::text;
      if (had_thought_) held_.erase(0, begin);
      return std::exchange(held_, {});
    }
  }
  auto end = held_.find(closing);
  if (end == std::string::npos) {
    // Of a long thought only what may be the beginning of its end is kept.
    if (held_.size() > closing.size()) held_.erase(0, held_.size() - closing.size());
    return "";
  }
  held_.erase(0, end + closing.size());
  at_ = At::beginning;  // another thought may follow
  return take("");
}

std::string ThoughtFilter::rest() {
  auto text = at_ == At::thought ? std::string() : std::exchange(held_, {});
  held_.clear();
  return text.find_first_not_of(white) == std::string::npos ? std::string() : text;
}

}  // namespace parley::providers::openai
