#pragma once
#include <memory>

#include "parley/providers/twilio/callbacks.hpp"
#include "parley/store/database.hpp"
#include "parley/telephony/inbound.hpp"
#include "parley/webhooks/inbox.hpp"

namespace parley::providers::twilio {

/// Callbacks go through the inbox of the organization whose call it is: stored before they are
/// acknowledged, then told to `calls` once each, the newer of a call's statuses never overtaken by
/// an older one. Repeats are told by the call's sid, the status and its sequence number, or the
/// recording's sid and status. Registers its processors: before the queue starts. All parts outlive
/// the queue's end.
std::unique_ptr<Callbacks> make_inbox_callbacks(store::Database& database, webhooks::Inbox& inbox,
                                                telephony::CallHandler& calls);

}  // namespace parley::providers::twilio
