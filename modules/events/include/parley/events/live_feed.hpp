#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/context.hpp"
#include "parley/base/json.hpp"
#include "parley/store/database.hpp"
#include "parley/store/event_log.hpp"

namespace parley::events {

/// New events for many listeners at once: server-sent events, Socket.IO. One reader follows the log
/// and keeps the newest events in memory; a listener is only a position, so a slow one costs
/// nothing and misses nothing: what is no longer in memory comes from the database. Thread-safe.
class LiveFeed {
 public:
  struct Options {
    Duration poll = 1s;
    std::size_t kept = 2048;  ///< newest events in memory, over all organizations
  };
  /// What every listener of this node is told, whoever they are: how the node itself is. No event:
  /// it is not stored, and of several only the newest counts.
  struct Notice {
    std::uint64_t number = 0;  ///< from 1; 0: none yet
    std::string type;
    json::object data;
  };
  struct Page {
    std::vector<store::StoredEvent> events;
    store::Position next;                  ///< pass it as `after` to go on
    std::shared_ptr<const Notice> notice;  ///< newer than the one that was passed; may be null
  };

  LiveFeed(asio::any_io_executor executor, Clock& clock, store::Database& database);
  LiveFeed(asio::any_io_executor executor, Clock& clock, store::Database& database,
           Options options);
  ~LiveFeed();  ///< stop() must have completed, or start() was never called

  void start();
  /// Those that wait get unavailable. Idempotent.
  asio::awaitable<void> stop();

  /// The place after the newest event: a listener that wants only what comes starts here.
  Task<store::Position> newest(Context ctx);

  /// Waits for events of ctx.organization after `after`, at most `limit` (1..1000). `types` as in
  /// EventFilter. An empty page when ctx.deadline passes first: send a sign of life and go on.
  /// Errors: unavailable (database away, or stopped), invalid (no organization, limit), not_found
  /// (events after `after` are no longer kept: see store::horizon).
  Task<Page> next(Context ctx, std::vector<std::string> types, store::Position after,
                  std::size_t limit);
  /// The same with a stream besides; the filter's organization is ctx's. Ends also with a notice
  /// newer than number `notice`, when `types` wants it and no `stream` is asked for; it waits for
  /// no database.
  Task<Page> next_matching(Context ctx, store::EventFilter filter, store::Position after,
                           std::uint64_t notice, std::size_t limit);
  void announce(std::string type, json::object data);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::events
