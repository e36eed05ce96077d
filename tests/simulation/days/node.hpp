#pragma once
#include <boost/asio/io_context.hpp>

#include "outside_world.hpp"
#include "parley/booking/booking.hpp"
#include "parley/business/businesses.hpp"
#include "parley/saga/saga.hpp"
#include "parley/webhooks/webhooks.hpp"
#include "troubled_database.hpp"

namespace parley::simulation {

/// One process of the server without its sockets: the parts that keep things once or undone, as the
/// program wires them. Destroyed at any moment without a word to anybody, as by SIGKILL: what was
/// running ends in the middle of it.
class Node {
 public:
  struct World {
    Clock& clock;
    Random& random;
    store::Database& database;
    Trouble& trouble;
    OutsideWorld& outside;
    const auth::MasterKey& master;
    OutsideWorld::Keys keys_of_charges = OutsideWorld::Keys::honoured;
  };
  explicit Node(World world);
  ~Node();
  void start();

  /// The day's own handlers:
  /// - inbox kind "call": statuses of calls with sequences, kept in day_calls and day_applied;
  /// - job "charge.v1": an effect outside under the job's key;
  /// - saga "trip.v1": hold, buy (which honours no keys) and confirm, which is sometimes refused;
  /// - subscription "day.seen.v1": each order once in day_seen.
  static Result<void> make_tables(store::Tx& tx);
  /// In one transaction: the order, its event, its job; a saga for some of them.
  Task<void> place_order(Context ctx, std::string key, bool with_trip);

  asio::io_context& io() { return io_; }

 private:
  /// Can end what runs in it while the parts are still there.
  struct Loop : asio::io_context {
    Loop() : asio::io_context(1) {}
    using asio::execution_context::shutdown;
  };
  World world_;
  Loop io_;
  TroubledDatabase database_;
  metrics::Registry registry_;
  trace::NoSpanSink spans_;
  trace::Tracer tracer_;

 public:
  std::unique_ptr<business::Businesses> businesses;
  std::unique_ptr<booking::Booking> booking;
  queue::Queue queue;
  saga::Sagas sagas;
  webhooks::Webhooks webhooks;
  events::Subscriptions subscriptions;

 private:
  saga::SagaType trip();
};

}  // namespace parley::simulation
