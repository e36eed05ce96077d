#include "smtp_dialogue.hpp"

#include "parley/base/strings.hpp"

namespace parley::simulators {

namespace {

constexpr std::size_t longest_mail_bytes = 25u << 20;
constexpr std::size_t most_recipients = 100;

bool begins(const std::string& line, std::string_view with) {
  return iequals(std::string_view(line).substr(0, with.size()), with);
}

/// "MAIL FROM:<a@b> SIZE=10": a@b. None when there are no brackets.
std::optional<std::string> address_in(const std::string& line) {
  auto begin = line.find('<');
  auto end = line.find('>', begin);
  if (begin == std::string::npos || end == std::string::npos) return std::nullopt;
  return line.substr(begin + 1, end - begin - 1);
}

}  // namespace

std::string SmtpDialogue::answer(const std::string& line) {
  switch (state_) {
    case State::text:
      return text(line);
    case State::user:
      state_ = State::password;
      return "334 UGFzc3dvcmQ6";
    case State::password:
      state_ = State::commands;
      return "235 2.7.0 Accepted";
    default:
      return command(line);
  }
}

std::string SmtpDialogue::command(const std::string& line) {
  if (begins(line, "EHLO"))
    return "250-parley.invalid\r\n250-SIZE 26214400\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN";
  if (begins(line, "HELO")) return "250 parley.invalid";
  if (begins(line, "NOOP")) return "250 2.0.0 OK";
  if (begins(line, "QUIT")) {
    state_ = State::over;
    return "221 2.0.0 Bye";
  }
  if (begins(line, "RSET")) {
    has_sender_ = false;
    mail_ = {};
    return "250 2.0.0 OK";
  }
  if (begins(line, "AUTH PLAIN ")) return "235 2.7.0 Accepted";
  if (begins(line, "AUTH PLAIN")) {
    state_ = State::password;
    return "334 ";
  }
  if (begins(line, "AUTH LOGIN")) {
    bool named = line.size() > 11;
    state_ = named ? State::password : State::user;
    return named ? "334 UGFzc3dvcmQ6" : "334 VXNlcm5hbWU6";
  }
  if (begins(line, "MAIL FROM:")) {
    auto from = address_in(line);
    if (!from) return "501 5.1.7 An address stands in <>";
    if (has_sender_) return "503 5.5.1 One mail at a time";
    mail_ = {*from, {}, ""};
    has_sender_ = true;
    return "250 2.1.0 OK";
  }
  if (begins(line, "RCPT TO:")) return recipient(line);
  if (begins(line, "DATA")) {
    if (mail_.to.empty()) return "503 5.5.1 RCPT first";
    state_ = State::text;
    return "354 End with a dot on its own line";
  }
  return "500 5.5.2 Unknown command";
}

std::string SmtpDialogue::recipient(const std::string& line) {
  if (!has_sender_) return "503 5.5.1 MAIL first";
  auto to = address_in(line);
  if (!to || to->empty()) return "501 5.1.3 An address stands in <>";
  if (mail_.to.size() == most_recipients) return "452 4.5.3 Too many recipients";
  mail_.to.push_back(*to);
  return "250 2.1.5 OK";
}

std::string SmtpDialogue::text(const std::string& line) {
  if (line != ".") {
    auto kept = std::string_view(line).substr(line.starts_with('.') ? 1 : 0);
    too_long_ = too_long_ || mail_.text.size() + kept.size() + 2 > longest_mail_bytes;
    if (!too_long_) mail_.text.append(kept).append("\r\n");
    return "";
  }
  state_ = State::commands;
  has_sender_ = false;
  auto mail = std::exchange(mail_, {});
  if (std::exchange(too_long_, false)) return "552 5.3.4 The mail is longer than 25 MB";
  whole_ = std::move(mail);
  return "250 2.0.0 Taken";
}

std::optional<ReceivedMail> SmtpDialogue::take_mail() {
  return std::exchange(whole_, std::nullopt);
}

}  // namespace parley::simulators
