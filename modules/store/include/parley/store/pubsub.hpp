#pragma once
#include <memory>
#include <string>

#include "parley/base/condition.hpp"
#include "parley/base/context.hpp"

namespace parley::store {

/// What a subscriber is told: a message, or that some may have been missed. After a gap it looks at
/// the truth again (the event log, a row) and goes on.
struct Notice {
  enum class Kind { message, gap } kind = Kind::message;
  std::string channel;
  std::string payload;
  friend bool operator==(const Notice&, const Notice&) = default;
};

/// Ended by its destruction, on any thread. next() is called by one coroutine at a time.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  /// Waits for the next notice. At most 1,024 wait: one more, and all of them become a gap. Errors:
  /// end_of_stream, when the PubSub was stopped.
  virtual Task<Notice> next() = 0;
};

/// Port: news that are not kept, to whoever listens at the moment, on this node and on the others.
/// A channel's messages from one publisher come in their order, none twice; one that was missed is
/// announced as a gap. Channels have 1 to 256 bytes, payloads at most 64 KiB. Thread-safe.
class PubSub {
 public:
  virtual ~PubSub() = default;
  /// Subscribers of this node have it when this returns. Errors: invalid, too_large; unavailable
  /// or outcome_unknown: other nodes have not got it, and will be told of a gap.
  virtual Task<void> publish(Context ctx, std::string channel, std::string payload) = 0;
  /// From here on, also of other nodes' messages; when they cannot be heard yet, a gap is announced
  /// once they can. Errors: invalid.
  virtual Task<std::unique_ptr<Subscriber>> subscribe(Context ctx, std::string channel) = 0;
  virtual Condition condition() const = 0;
};

/// Among the subscribers of this process. Never degraded.
class LocalPubSub final : public PubSub {
 public:
  explicit LocalPubSub(Clock& clock);
  ~LocalPubSub() override;  ///< subscribers may stay; they are at their end

  Task<void> publish(Context ctx, std::string channel, std::string payload) override;
  Task<std::unique_ptr<Subscriber>> subscribe(Context ctx, std::string channel) override;
  Condition condition() const override { return {}; }

  /// For adapters that bring other nodes' messages.
  void deliver(const Notice& notice);
  /// To every subscriber of the channel; an empty name: of all channels.
  void announce_gap(const std::string& channel);
  /// Those with a subscriber, sorted.
  std::vector<std::string> channels() const;
  /// Every next() ends. Idempotent.
  void stop();

 private:
  struct Hub;
  std::shared_ptr<Hub> hub_;
};

/// Errors: invalid, too_large.
Result<void> check_message(const std::string& channel, const std::string& payload);

}  // namespace parley::store
