#pragma once
#include <memory>
#include <optional>
#include <string>

#include "parley/net/http.hpp"
#include "parley/store/cache.hpp"
#include "route.hpp"

namespace parley::api {

/// The last good answers to what was read, for when the database is away. Each belongs to who got
/// it: organization, person or key, and what exactly was asked for; so nobody sees what another one
/// may. At most 32 MB and 5,000 answers of 256 KB, each for a day; the oldest used go first.
class LastAnswers {
 public:
  static constexpr std::size_t most_bytes = 256u << 10;  ///< of one body
  static constexpr Duration longest = std::chrono::hours(24);

  explicit LastAnswers(Clock& clock);
  /// Whether answers of this route may be kept: somebody was known and permitted to get them.
  static bool may_keep(const Route& route, const Request& request);
  Task<void> keep(Context ctx, const Request& request, const net::HttpResponse& response);
  /// With `Age`, `Warning: 111` and when it was true.
  Task<std::optional<net::HttpResponse>> find(Context ctx, const Request& request);

 private:
  Clock& clock_;
  std::unique_ptr<store::Cache> cache_;
};

}  // namespace parley::api
