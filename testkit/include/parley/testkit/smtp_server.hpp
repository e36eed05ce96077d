#pragma once
#include <sys/types.h>

#include <string>

namespace parley::testkit {

/// A real SMTP server of the test's own on a free loopback port, which takes every mail and keeps
/// what it got; ended by pid. Needs the Debian package python3-aiosmtpd; throws std::runtime_error
/// naming it when it is missing.
class SmtpServer {
 public:
  SmtpServer();
  ~SmtpServer();
  SmtpServer(const SmtpServer&) = delete;
  SmtpServer& operator=(const SmtpServer&) = delete;

  std::string url() const { return "smtp://127.0.0.1:" + std::to_string(port_); }
  /// Everything it has printed until a mail with this text was taken: the mails as they came.
  /// Throws after half a minute.
  std::string mail_with(const std::string& text);

 private:
  int port_ = 0;
  pid_t pid_ = 0;
  int output_ = -1;
  std::string printed_;
};

}  // namespace parley::testkit
