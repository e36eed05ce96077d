#include "model_history.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t caller_head = 700;
constexpr std::size_t caller_tail = 1300;
constexpr std::size_t answer_bytes = 6000;
constexpr std::size_t digest_line = 120;
constexpr std::size_t digest_bytes = 1500;
constexpr std::string_view nothing_heard = "(nothing of this was heard)";

bool is_middle(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// The words of `spoken` that `heard` ends with or holds: the longest beginning of it.
std::string heard_beginning(std::string_view spoken, std::string_view heard) {
  auto begun = spoken;
  while (!begun.empty()) {
    if (heard.find(begun) != std::string_view::npos) return std::string(begun);
    auto blank = begun.rfind(' ');
    begun = blank == std::string_view::npos ? std::string_view() : begun.substr(0, blank);
  }
  return "";
}

/// Appends so that roles take turns.
class Messages {
 public:
  void user(std::string text) {
    if (!list_.empty() && list_.back().role == ModelMessage::Role::user) {
      if (!list_.back().answers.empty())
        assistant(std::string(nothing_heard), {});
      else {
        list_.back().text += "\n" + text;
        return;
      }
    }
    list_.push_back({ModelMessage::Role::user, std::move(text), {}, {}});
  }
  void assistant(std::string text, std::vector<ToolRequest> requests) {
    if (!list_.empty() && list_.back().role == ModelMessage::Role::assistant) {
      auto& last = list_.back();
      if (!last.text.empty() && !text.empty()) last.text += ' ';
      last.text += text;
      last.requests = std::move(requests);
      return;
    }
    list_.push_back({ModelMessage::Role::assistant, std::move(text), std::move(requests), {}});
  }
  void answers(std::vector<ToolAnswer> answers) {
    list_.push_back({ModelMessage::Role::user, "", {}, std::move(answers)});
  }
  bool awaits_agent() const { return list_.back().role == ModelMessage::Role::user; }
  std::vector<ModelMessage> take() { return std::move(list_); }

 private:
  std::vector<ModelMessage> list_;
};

}  // namespace

std::string with_middle_cut(std::string_view text, std::size_t head, std::size_t tail) {
  if (text.size() <= head + tail + 5) return std::string(text);
  while (head > 0 && is_middle(text[head])) --head;
  auto from = text.size() - tail;
  while (from < text.size() && is_middle(text[from])) ++from;
  return std::string(text.substr(0, head)) + " ... " + std::string(text.substr(from));
}

std::size_t ModelHistory::Exchange::size_bytes() const {
  auto size = caller.size();
  for (const auto& round : rounds) {
    for (const auto& piece : round.said) size += piece.written.size();
    for (const auto& request : round.requests) size += json::serialize(request.arguments).size();
    for (const auto& answer : round.answers) size += json::serialize(answer.result).size();
    size += round.note.size();
  }
  return size;
}

ModelHistory::Round& ModelHistory::round() {
  if (exchanges_.empty()) exchanges_.push_back({"(The call begins.)", {}});
  auto& rounds = exchanges_.back().rounds;
  if (rounds.empty()) rounds.emplace_back();
  return rounds.back();
}

void ModelHistory::caller_said(std::string_view text) {
  exchanges_.push_back({with_middle_cut(text, caller_head, caller_tail), {}});
  ++caller_turns_;
  cut_down();
}

void ModelHistory::begin_round() {
  round();
  exchanges_.back().rounds.emplace_back();
}

void ModelHistory::agent_said(std::string written, std::string spoken) {
  round().said.push_back({std::move(written), std::move(spoken)});
}

void ModelHistory::asked(ToolRequest request, ToolAnswer answer) {
  if (auto text = json::serialize(answer.result); text.size() > answer_bytes)
    answer.result = {{"shortened", with_middle_cut(text, answer_bytes - 500, 400)}};
  round().requests.push_back(std::move(request));
  round().answers.push_back(std::move(answer));
}

void ModelHistory::note(std::string text) { round().note = std::move(text); }

void ModelHistory::interrupted(std::string_view heard) {
  if (exchanges_.empty()) return;
  bool over = false;
  for (auto& round : exchanges_.back().rounds) {
    std::vector<Piece> kept;
    for (auto& piece : round.said) {
      if (over) break;
      auto found = heard.find(piece.spoken);
      if (found != std::string_view::npos) {
        heard.remove_prefix(found + piece.spoken.size());
        kept.push_back(std::move(piece));
        continue;
      }
      over = true;
      auto begun = heard_beginning(piece.spoken, heard);
      if (!begun.empty()) kept.push_back({begun + "...", begun});
    }
    round.said = std::move(kept);
  }
}

std::vector<ModelMessage> ModelHistory::messages() const {
  Messages list;
  for (const auto& exchange : exchanges_) {
    list.user(exchange.caller);
    for (const auto& round : exchange.rounds) {
      std::string text;
      for (const auto& piece : round.said) text += (text.empty() ? "" : " ") + piece.written;
      if (text.empty() && round.requests.empty() && round.note.empty()) continue;
      if (text.empty() && round.requests.empty()) text = nothing_heard;
      list.assistant(std::move(text), round.requests);
      if (!round.requests.empty()) list.answers(round.answers);
      if (!round.note.empty()) list.user(round.note);
    }
    // An exchange of the past without a word of ours.
    if (&exchange != &exchanges_.back() && list.awaits_agent())
      list.assistant(std::string(nothing_heard), {});
  }
  return list.take();
}

std::string ModelHistory::last_sentence() const {
  for (auto exchange = exchanges_.rbegin(); exchange != exchanges_.rend(); ++exchange)
    for (auto round = exchange->rounds.rbegin(); round != exchange->rounds.rend(); ++round)
      if (!round->said.empty()) return round->said.back().spoken;
  return "";
}

void ModelHistory::cut_down() {
  std::size_t size = 0;
  for (const auto& exchange : exchanges_) size += exchange.size_bytes();
  if (size <= limit_bytes_) return;
  while (exchanges_.size() > 2 && size > limit_bytes_ / 2) {
    const auto& oldest = exchanges_.front();
    size -= std::min(size, oldest.size_bytes());
    if (!oldest.caller.starts_with('('))
      digest_ += "- " + with_middle_cut(oldest.caller, digest_line / 2, digest_line / 2) + "\n";
    exchanges_.pop_front();
  }
  if (digest_.size() > digest_bytes)
    digest_ = with_middle_cut(digest_, digest_bytes / 3, digest_bytes * 2 / 3 - 5);
}

}  // namespace parley::dialog
