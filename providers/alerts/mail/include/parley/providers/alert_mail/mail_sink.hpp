#pragma once
#include <string>
#include <vector>

#include "parley/alerts/alerts.hpp"
#include "parley/base/worker_pool.hpp"

namespace parley::providers::alert_mail {

struct Options {
  /// smtp://host:587 (STARTTLS, which must be there unless the host is this machine) or
  /// smtps://host:465.
  std::string url;
  std::string user;
  std::string password;
  std::string from;             ///< one address
  std::vector<std::string> to;  ///< addresses
};

/// Alerts as mail, over SMTP submission (RFC 6409) by libcurl on a pool's thread. The Message-ID is
/// made of the alert's id and the action, so that a mail that is sent twice (the connection was
/// lost after its last dot) is known as one.
class MailSink final : public alerts::AlertSink {
 public:
  MailSink(WorkerPool& pool, Options options) : pool_(pool), options_(std::move(options)) {}
  std::string name() const override { return "mail"; }
  Task<void> send(Context ctx, const alerts::Alert& alert, Action action) override;

 private:
  WorkerPool& pool_;
  Options options_;
};

}  // namespace parley::providers::alert_mail
