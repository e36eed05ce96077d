#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/store/value.hpp"

namespace parley::store {

/// A fact about a stream. `data` carries what subscribers need; `type` is past tense in
/// dotted form ("appointment.booked", "call.ended") and is never reused with another meaning.
struct NewEvent {
  std::string type;
  json::object data;
};

/// The stream's version before the append: exact, or don't care.
struct ExpectedVersion {
  std::optional<std::int64_t> version;
  static ExpectedVersion any() { return {}; }
  static ExpectedVersion exactly(std::int64_t v) { return {v}; }
  static ExpectedVersion none_yet() { return {0}; }
};

/// One transaction, valid only inside the function given to Database::read or write. Synchronous on
/// purpose: nothing can hold a transaction across the network.
///
/// SQL is written once for both databases: parameters are ?1, ?2, ... (the PostgreSQL driver turns
/// them into $1, $2), standard types only (TEXT, BIGINT, DOUBLE PRECISION, and BLOB which becomes
/// BYTEA), upserts as INSERT ... ON CONFLICT. An integer-typed expression such as COUNT(*) or SUM()
/// arrives as integer from both.
///
/// After a failed query() or execute() the transaction can only be rolled back: later statements
/// give the same error, and so does the whole transaction even if the function returns a value.
/// Where a conflict is expected, write INSERT ... ON CONFLICT DO NOTHING. A statement that no
/// database would take (a syntax error, an unknown table, a wrong number of parameters) is a bug
/// and throws std::logic_error. Text with zero bytes or broken UTF-8 is Errc::invalid.
class Tx {
 public:
  virtual ~Tx() = default;
  /// Errors: conflict (unique or foreign key), unavailable, resource_exhausted (disk full),
  /// invalid (a constraint). A serialization failure is retried by the Database and never seen
  /// here.
  virtual Result<Rows> query(std::string_view sql, Params params = {}) = 0;
  /// The number of rows changed.
  virtual Result<std::int64_t> execute(std::string_view sql, Params params = {}) = 0;

  /// Appends in this transaction; the stream's version counts its events from 1. The organization
  /// and principal come from the transaction's Context; streams of different organizations are
  /// different. Errors: conflict when `expected` is not the stream's version (the transaction may
  /// go on), invalid (names), too_large (data over 256 KiB). Returns the new version.
  Result<std::int64_t> append(std::string_view stream, NewEvent event,
                              ExpectedVersion expected = ExpectedVersion::any());

  /// `hook` is called once the transaction is durable, on a database thread, before the caller goes
  /// on; never if it is rolled back, and not for an attempt that is repeated. It must neither block
  /// nor throw.
  void after_commit(std::function<void()> hook) { hooks_.push_back(std::move(hook)); }

  /// Gives up serializability for this transaction: each statement sees what is committed when it
  /// begins. Only as the first statement, and only where the statements themselves are safe so (row
  /// locks, compare and set): many workers that take rows off one table then do not collide.
  /// Nothing to do on SQLite.
  virtual Result<void> read_committed() { return {}; }
  /// For the end of a SELECT in such a transaction: its rows are as they are now, also when another
  /// transaction is just changing them, and nobody changes them before this one has ended. Empty on
  /// SQLite, where there is one writer.
  virtual std::string_view for_update() const { return ""; }

  /// The first row or not_found.
  Result<Row> one(std::string_view sql, Params params = {});

  const Context& context() const noexcept { return context_; }
  /// For what comes from outside without an organization (a carrier's webhook): the transaction
  /// found out whose it is, and acts for it from here on.
  void act_for(OrganizationId organization) { context_.organization = std::move(organization); }
  WallTime now() const noexcept { return now_; }  ///< the same for the whole transaction

 protected:
  Tx(Context context, WallTime now) : context_(std::move(context)), now_(now) {}
  bool appended() const noexcept { return appended_; }
  std::vector<std::function<void()>> take_hooks() { return std::move(hooks_); }

 private:
  Context context_;
  WallTime now_;
  bool appended_ = false;
  std::vector<std::function<void()>> hooks_;
};

}  // namespace parley::store
