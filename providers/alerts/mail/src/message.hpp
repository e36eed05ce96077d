#pragma once
#include <string>

#include "parley/providers/alert_mail/mail_sink.hpp"

namespace parley::providers::alert_mail {

/// The whole mail, CRLF after each line: plain text in UTF-8, headers without line breaks, a
/// subject that is not ASCII as encoded words (RFC 2047).
std::string message_of(const alerts::Alert& alert, alerts::AlertSink::Action action,
                       const Options& options);

}  // namespace parley::providers::alert_mail
