#pragma once
#include <filesystem>
#include <memory>

#include "parley/base/worker_pool.hpp"
#include "parley/business/businesses.hpp"

namespace parley::business {

/// Messages that are taken also while the database is away: they wait in a file, each forced to the
/// disk, and are left when it returns, once, with the time they came at. At most 4 MB; what does
/// not fit fails as without it. Thread-safe.
class KeptMessages : public Messages {
 public:
  /// Leaves what waits. Errors: the database's; what could not be left yet goes on waiting.
  virtual Task<void> pay(Context ctx) = 0;
};

/// All references outlive it.
std::unique_ptr<KeptMessages> make_kept_messages(Messages& messages, Clock& clock, Random& random,
                                                 WorkerPool& files, std::filesystem::path file);

}  // namespace parley::business
