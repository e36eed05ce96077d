#include "parley/simulators/model_script.hpp"

#include "parley/simulators/receptionist.hpp"

namespace parley::simulators {

void ModelScript::reply(ModelReply reply) {
  std::lock_guard lock(mutex_);
  replies_.push_back(std::move(reply));
}

void ModelScript::reply(std::string text) {
  ModelReply one;
  one.text = std::move(text);
  reply(std::move(one));
}

void ModelScript::set_pace(ModelPace pace) {
  std::lock_guard lock(mutex_);
  pace_ = pace;
}

ModelPace ModelScript::pace() const {
  std::lock_guard lock(mutex_);
  return pace_;
}

ModelReply ModelScript::next(const ModelRequest& request, WallTime now) {
  std::lock_guard lock(mutex_);
  last_ = request;
  if (replies_.empty()) return receptionist_reply(request, now);
  auto reply = std::move(replies_.front());
  replies_.pop_front();
  return reply;
}

ModelRequest ModelScript::last() const {
  std::lock_guard lock(mutex_);
  return last_;
}

ModelScript::Streams ModelScript::streams() const {
  std::lock_guard lock(mutex_);
  return streams_;
}

void ModelScript::stream_begins() {
  std::lock_guard lock(mutex_);
  ++streams_.begun;
  ++streams_.running;
}

void ModelScript::stream_ends(bool is_whole) {
  std::lock_guard lock(mutex_);
  --streams_.running;
  if (!is_whole) ++streams_.abandoned;
}

std::vector<std::string> tokens_of(std::string_view text) {
  std::vector<std::string> tokens;
  while (!text.empty()) {
    auto begin = text.find_first_not_of(' ');
    auto end = begin == std::string_view::npos ? begin : text.find(' ', begin);
    tokens.emplace_back(text.substr(0, end));
    text.remove_prefix(tokens.back().size());
  }
  return tokens;
}

}  // namespace parley::simulators
