#pragma once
#include "parley/health/suite.hpp"

namespace parley::health {

/// The table integration_runs, for the transaction's organization.
struct RunRows {
  struct Stored {
    SuiteRun run;
    JobId job;
  };
  static Result<void> insert(store::Tx& tx, const SuiteRun& run, const JobId& job);
  /// Status, steps and times.
  static Result<void> update(store::Tx& tx, const SuiteRun& run);
  /// Errors: not_found.
  static Result<Stored> get(store::Tx& tx, const RunId& id);
  static Result<std::optional<SuiteRun>> of_job(store::Tx& tx, const JobId& job);
  /// The newest that came to an end before this one began.
  static Result<std::optional<SuiteRun>> before(store::Tx& tx, const RunId& id);
  static Result<Suite::Page> list(store::Tx& tx, const Suite::Filter& filter);
  static Result<void> remove_older(store::Tx& tx, WallTime than);
};

}  // namespace parley::health
