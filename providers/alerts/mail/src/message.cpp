#include "message.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "parley/base/strings.hpp"

namespace parley::providers::alert_mail {

namespace {

constexpr std::size_t encoded_piece = 42;  ///< bytes: an encoded word has at most 75 characters

/// Without what would begin another header.
std::string one_line(std::string text) {
  for (char& c : text)
    if (c == '\r' || c == '\n' || c == '\0') c = ' ';
  return text;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F; });
}

std::string encoded(const std::string& text) {
  if (is_ascii(text)) return text;
  std::string words;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(at + encoded_piece, text.size());
    // Not in the middle of a character.
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    auto piece = text.substr(at, end - at);
    words += (at == 0 ? "" : "\r\n ") + ("=?UTF-8?B?" + base64_encode(as_bytes(piece)) + "?=");
    at = end;
  }
  return words;
}

std::string domain_of(const std::string& address) {
  auto at = address.rfind('@');
  return at == std::string::npos ? "parley.invalid" : address.substr(at + 1);
}

/// Lines of a body end in CRLF.
std::string body_lines(const std::string& text) {
  std::string lines;
  for (char c : text)
    if (c == '\n')
      lines += "\r\n";
    else if (c != '\r' && c != '\0')
      lines += c;
  return lines;
}

}  // namespace

std::string message_of(const alerts::Alert& alert, alerts::AlertSink::Action action,
                       const Options& options) {
  bool raised = action == alerts::AlertSink::Action::trigger;
  auto when = raised ? alert.raised_at : alert.resolved_at.value_or(alert.raised_at);
  auto seconds = std::chrono::floor<std::chrono::seconds>(when);
  auto subject = fmt::format("[{}] {}", raised ? to_string(alert.what.severity) : "resolved",
                             one_line(alert.what.summary));
  std::string to;
  for (const auto& address : options.to) to += (to.empty() ? "" : ", ") + one_line(address);
  auto head = fmt::format(
      "Date: {:%a, %d %b %Y %H:%M:%S} +0000\r\n"
      "From: {}\r\nTo: {}\r\nSubject: {}\r\n"
      "Message-ID: <{}-{}@{}>\r\n"
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
      "Content-Transfer-Encoding: 8bit\r\nAuto-Submitted: auto-generated\r\n\r\n",
      seconds, one_line(options.from), to, encoded(subject), alert.id.str(),
      raised ? "raised" : "resolved", one_line(domain_of(options.from)));
  auto body = raised ? fmt::format(
                           "{}\n\nWhat to do: {}\n\nSince {}. You will be told when it is "
                           "over.\n({})\n",
                           alert.what.summary,
                           alert.what.advice.empty() ? "see GET /health" : alert.what.advice,
                           to_rfc3339(alert.raised_at), alert.what.key)
                     : fmt::format("It is over: {}\n\nFrom {} to {}.\n({})\n", alert.what.summary,
                                   to_rfc3339(alert.raised_at), to_rfc3339(when), alert.what.key);
  return head + body_lines(body);
}

}  // namespace parley::providers::alert_mail
