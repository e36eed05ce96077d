#pragma once
#include "parley/webhooks/deliveries.hpp"
#include "parley/webhooks/endpoints.hpp"
#include "parley/webhooks/generic_receiver.hpp"
#include "parley/webhooks/inbox.hpp"
#include "parley/webhooks/sources.hpp"

namespace parley::webhooks {

/// Both directions, put together. Made before the queue starts; lives until its server, its
/// subscriptions and the queue have stopped.
class Webhooks {
 public:
  struct Parts {
    Clock& clock;
    Random& random;
    store::Database& database;
    queue::Queue& queue;
    net::HttpClient& http;
    const auth::MasterKey& master;
    metrics::Registry& registry;
  };
  struct Options {
    Inbox::Options inbox;
    Deliveries::Options deliveries;
  };
  Webhooks(Parts parts, Options options)
      : inbox({parts.clock, parts.random, parts.database, parts.queue, parts.registry},
              std::move(options.inbox)),
        sources(parts.clock, parts.random, parts.database, parts.master),
        endpoints(parts.clock, parts.random, parts.database, parts.master),
        deliveries({parts.clock, parts.random, parts.database, parts.queue, parts.http, endpoints,
                    parts.registry},
                   std::move(options.deliveries)),
        receiver(parts.clock, sources, inbox) {
    inbox.add("event", make_event_processor());
  }
  explicit Webhooks(Parts parts) : Webhooks(parts, Options{}) {}

  Inbox inbox;
  Sources sources;
  Endpoints endpoints;
  Deliveries deliveries;
  GenericReceiver receiver;
};

}  // namespace parley::webhooks
