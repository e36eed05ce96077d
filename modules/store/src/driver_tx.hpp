#pragma once
#include "parley/store/tx.hpp"

namespace parley::store {

/// What both drivers share, so that a function behaves the same on either: parameters are checked,
/// and after a failed statement the transaction can only be rolled back (PostgreSQL's rule, here
/// also SQLite's).
class DriverTx : public Tx {
 public:
  using Tx::appended;
  using Tx::take_hooks;
  Result<Rows> query(std::string_view sql, Params params) final;
  Result<std::int64_t> execute(std::string_view sql, Params params) final;
  /// Several statements without parameters: migrations.
  Result<void> script(const std::string& sql);

  /// The first failed statement's error.
  const std::optional<Error>& failure() const noexcept { return failure_; }

 protected:
  DriverTx(Context context, WallTime now) : Tx(std::move(context), now) {}
  virtual Result<Rows> run_query(std::string_view sql, const Params& params) = 0;
  virtual Result<std::int64_t> run_statement(std::string_view sql, const Params& params) = 0;
  virtual Result<void> run_script(const std::string& sql) = 0;

 private:
  template <class T>
  Result<T> remember(Result<T> outcome);
  std::optional<Error> failure_;
};

}  // namespace parley::store
