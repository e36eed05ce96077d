#pragma once
#include <gtest/gtest.h>

#include "fake_tools.hpp"
#include "parley/dialog/builtin.hpp"

namespace parley::dialog::testing {

struct SilentVocabulary final : Vocabulary {
  std::vector<std::string> list;
  asio::awaitable<std::vector<std::string>> sentences(Context, BusinessId, std::size_t) override {
    co_return list;
  }
  asio::awaitable<std::optional<std::int64_t>> version(Context, BusinessId) override {
    co_return known;
  }
  std::optional<std::int64_t> known = 1;
};

struct Transcript final : Speaker {
  std::vector<std::string> sentences;
  void say(std::string sentence) override { sentences.push_back(std::move(sentence)); }
  std::string text() const;
};

/// One call in virtual time. It is Monday, March 2nd 2026, 10 AM in New York.
struct Call {
  testkit::SimWorld world;
  Practice practice;
  SilentVocabulary vocabulary;
  std::unique_ptr<ToolBox> tools;
  std::unique_ptr<DialogueFactory> factory;
  std::unique_ptr<Dialogue> dialogue;
  std::vector<ToolTrace> traces;
  Transcript speaker;
  TurnEnd end;
  std::string log;  ///< the whole conversation, for failures
  std::string caller_phone = "+12125550142";
  bool recording = false;

  void start();
  void turn(UserTurn turn);
  void silence(int times);
  /// Cancels the reply after `after` of virtual time, as an interruption or a hang-up does.
  void cancelled_turn(UserTurn turn, Duration after);

  /// Runs a conversation; each line is
  ///   > words          the caller says; "~ words" with little confidence, "? words" with next to
  ///   none k keys           the caller presses keys s 1              silence, for the first time
  ///   in a row < text           the agent's turn contains this, "not text" with "<!" ! tool {json}
  ///   the tool was called in this turn with at least these arguments; "!-" no tool
  ///                    with an effect was called
  ///   @ state          what the agent waits for now
  ///   x                the agent hung up
  ///   = kind           the outcome so far
  void play(std::string_view script);

 private:
  void check(std::string_view line);
  void note_turn(std::string_view who);
  std::size_t calls_before_ = 0;
};

}  // namespace parley::dialog::testing
