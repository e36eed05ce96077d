#pragma once
#include <string>

#include "parley/simulators/smtp_sink.hpp"

namespace parley::simulators {

/// What a mail server answers to each line, without any connection.
class SmtpDialogue {
 public:
  /// "250 OK"; of several lines, each but the last with '-'. Empty: nothing is said yet.
  std::string answer(const std::string& line);
  /// Whether lines are text of a mail now, so that only "." is a command.
  bool in_text() const noexcept { return state_ == State::text; }
  /// Whether the next line is a name or a password, which nobody keeps.
  bool in_credentials() const noexcept {
    return state_ == State::user || state_ == State::password;
  }
  bool is_over() const noexcept { return state_ == State::over; }
  /// A mail that has come whole, once.
  std::optional<ReceivedMail> take_mail();

 private:
  enum class State { commands, user, password, text, over };
  std::string command(const std::string& line);
  std::string text(const std::string& line);
  std::string recipient(const std::string& line);

  State state_ = State::commands;
  bool has_sender_ = false;
  ReceivedMail mail_;
  bool too_long_ = false;
  std::optional<ReceivedMail> whole_;
};

}  // namespace parley::simulators
