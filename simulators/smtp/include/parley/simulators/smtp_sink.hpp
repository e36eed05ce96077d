#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

struct ReceivedMail {
  std::string from;
  std::vector<std::string> to;
  std::string text;  ///< headers and body as they came, dots unstuffed
};

/// A mail server that takes everything and delivers nothing: SMTP (RFC 5321) in plain text, AUTH
/// PLAIN and LOGIN with any password, mails of 25 MB at most, a hundred clients at once; the last
/// hundred mails are kept.
///
/// To its faults a request is a command line ("RCPT TO:<a@b>"), and "END" the end of a mail's text;
/// a status is SMTP's: `status 451 on "RCPT TO:<later@"`. Used from one strand.
class SmtpSink {
 public:
  /// `executor` and `clock` outlive it.
  SmtpSink(asio::any_io_executor executor, Clock& clock, StandInOptions where = {});
  ~SmtpSink();
  /// Errors: unavailable (the address is in use), invalid (it is none).
  Result<void> start();
  asio::awaitable<void> stop();
  std::uint16_t port() const noexcept;

  Faults& faults() noexcept;
  const std::vector<ReceivedMail>& mails() const noexcept;
  std::vector<SeenRequest> seen() const;  ///< the last thousand commands

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
