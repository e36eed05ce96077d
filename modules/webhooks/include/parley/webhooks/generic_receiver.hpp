#pragma once
#include "parley/net/router.hpp"
#include "parley/webhooks/inbox.hpp"
#include "parley/webhooks/sources.hpp"

namespace parley::webhooks {

/// POST /webhooks/generic/{name}: a JSON object signed as signature.hpp says. Of the body, "id"
/// tells repeats (without one, the signed bytes themselves do), "type" names what happened,
/// "subject" and "sequence" put it in order with others.
///
/// 200 stored, or known already; 400 no JSON object; 401 unknown name, wrong signature or a time
/// more than five minutes away, of which only a counter is kept; 413 over 128 KiB; 503 it could not
/// be stored, so send it again.
class GenericReceiver {
 public:
  static constexpr std::size_t max_body_bytes = 128u << 10;

  /// Both outlive the router's server.
  GenericReceiver(Clock& clock, Sources& sources, Inbox& inbox)
      : clock_(clock), sources_(sources), inbox_(inbox) {}
  void mount(net::Router& router);

 private:
  asio::awaitable<net::HttpResponse> receive(net::HttpRequest request);
  Clock& clock_;
  Sources& sources_;
  Inbox& inbox_;
};

/// The processor of kind "event": appends webhook.received to the event log, unless its subject is
/// already further on.
Processor make_event_processor();

}  // namespace parley::webhooks
