#include "parley/webhooks/deliveries.hpp"

#include <algorithm>

#include "delivery_rows.hpp"
#include "endpoint_rows.hpp"
#include "sender.hpp"

namespace parley::webhooks {

namespace {

bool matches(const Endpoint& endpoint, std::string_view type) {
  auto fits = [&](std::string_view filter) {
    if (!filter.ends_with(".*")) return filter == type;
    filter.remove_suffix(1);
    return type.starts_with(filter);
  };
  return endpoint.events.empty() || std::ranges::any_of(endpoint.events, fits);
}

std::string body_of(const store::StoredEvent& event) {
  return json::serialize(json::object{{"id", event.id},
                                      {"type", event.type},
                                      {"timestamp", to_rfc3339(event.time)},
                                      {"data", event.data}});
}

}  // namespace

class Deliveries::Impl {
 public:
  Impl(Parts parts, Options options)
      : parts_(parts), keep_(options.keep), sender_(parts, std::move(options)) {}

  Sender& sender() { return sender_; }

  Result<void> project(store::Tx& tx, const store::StoredEvent& event) {
    auto endpoints = EndpointRows::list(tx);
    if (!endpoints) return std::unexpected(endpoints.error());
    bool any = false;
    for (auto& endpoint : *endpoints) {
      if (endpoint.state == Endpoint::State::disabled || !matches(endpoint, event.type)) continue;
      Delivery delivery;
      delivery.id = DeliveryId::make(parts_.clock, parts_.random);
      delivery.endpoint = endpoint.id;
      delivery.event_id = event.id;
      delivery.event_type = event.type;
      delivery.body = body_of(event);
      auto inserted = DeliveryRows::insert(tx, delivery);
      if (!inserted) return std::unexpected(inserted.error());
      if (!*inserted) continue;
      any = true;
      if (auto put = sender_.enqueue(tx, delivery, Duration::zero()); !put) return put;
    }
    if (!any) return {};
    auto keep = std::chrono::duration_cast<std::chrono::milliseconds>(keep_);
    return DeliveryRows::remove_before(tx, tx.now() - keep);
  }

  Task<Page> list(Context ctx, Filter filter) {
    auto look = [&](store::Tx& tx) { return DeliveryRows::list(tx, filter); };
    co_return co_await parts_.database.read(ctx, look);
  }

  Task<DeliveryWithAttempts> get(Context ctx, DeliveryId id) {
    auto look = [&](store::Tx& tx) -> Result<DeliveryWithAttempts> {
      auto found = DeliveryRows::state(tx, id);
      if (!found) return std::unexpected(found.error());
      auto attempts = DeliveryRows::attempts(tx, id);
      if (!attempts) return std::unexpected(attempts.error());
      return DeliveryWithAttempts{found->delivery, std::move(*attempts)};
    };
    co_return co_await parts_.database.read(ctx, look);
  }

  Task<Delivery> replay_one(Context ctx, DeliveryId id) {
    auto change = [&](store::Tx& tx) -> Result<Delivery> {
      auto found = DeliveryRows::state(tx, id);
      if (!found) return std::unexpected(found.error());
      if (auto again = start_again(tx, found->delivery); !again)
        return std::unexpected(again.error());
      auto now = DeliveryRows::state(tx, id);
      if (!now) return std::unexpected(now.error());
      return now->delivery;
    };
    co_return co_await parts_.database.write(ctx, change);
  }

  Task<Replayed> replay_range(Context ctx, Range range) {
    if (range.from.created >= range.to)
      co_return fail(Errc::invalid, "the range ends before it begins");
    auto change = [&](store::Tx& tx) -> Result<Replayed> {
      auto endpoint = EndpointRows::get(tx, range.endpoint);
      if (!endpoint) return std::unexpected(endpoint.error());
      auto found = DeliveryRows::in_range(tx, range, max_replayed_at_once + 1);
      if (!found) return std::unexpected(found.error());
      Replayed replayed;
      for (auto& delivery : *found) {
        if (replayed.count == max_replayed_at_once) {
          replayed.next_from = {delivery.created, delivery.id};
          break;
        }
        if (auto again = start_again(tx, delivery); !again) return std::unexpected(again.error());
        ++replayed.count;
      }
      return replayed;
    };
    co_return co_await parts_.database.write(ctx, change);
  }

 private:
  /// A job that still waits for it finds that another one has taken its place.
  Result<void> start_again(store::Tx& tx, const Delivery& delivery) {
    if (auto set = DeliveryRows::set_pending(tx, delivery.id); !set) return set;
    return sender_.enqueue(tx, delivery, Duration::zero());
  }

  Parts parts_;
  Duration keep_;
  Sender sender_;
};

Deliveries::Deliveries(Parts parts) : Deliveries(parts, Options{}) {}
Deliveries::Deliveries(Parts parts, Options options)
    : impl_(std::make_shared<Impl>(parts, options)) {
  queue::HandlerOptions how;
  how.lane = options.lane;
  // The request, and the transactions around it.
  how.time_limit = options.time_limit + 30s;
  // Only what goes wrong in here: what the endpoint does is written down, and is no failure.
  how.max_attempts = 20;
  auto handler = [impl = impl_](Context ctx, queue::JobRun& run) {
    return impl->sender().attempt(ctx, run);
  };
  parts.queue.add(std::string(Sender::job_name), how, std::move(handler));
}
Deliveries::~Deliveries() = default;

events::Subscription Deliveries::subscription() {
  auto project = [impl = impl_](store::Tx& tx, const store::StoredEvent& event) {
    return impl->project(tx, event);
  };
  events::Subscription subscription;
  subscription.name = "webhooks.deliveries.v1";
  subscription.handler = events::Projection(std::move(project));
  subscription.start = events::Subscription::Start::now;
  return subscription;
}

Task<Deliveries::Page> Deliveries::list(Context ctx, Filter filter) {
  return impl_->list(std::move(ctx), std::move(filter));
}
Task<DeliveryWithAttempts> Deliveries::get(Context ctx, DeliveryId id) {
  return impl_->get(std::move(ctx), std::move(id));
}
Task<Delivery> Deliveries::replay(Context ctx, DeliveryId id) {
  return impl_->replay_one(std::move(ctx), std::move(id));
}
Task<Deliveries::Replayed> Deliveries::replay(Context ctx, Range range) {
  return impl_->replay_range(std::move(ctx), std::move(range));
}

}  // namespace parley::webhooks
