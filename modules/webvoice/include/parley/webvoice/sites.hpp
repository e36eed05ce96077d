#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/random.hpp"
#include "parley/store/database.hpp"

namespace parley::webvoice {

/// What a business allows of web pages.
struct Site {
  OrganizationId organization;
  BusinessId business;
  std::string key;  ///< "wk_...": stands in pages; names the business and is no secret
  bool enabled = false;
  std::vector<std::string> origins;  ///< "https://www.example.com"; pages elsewhere are refused
  std::int64_t version = 0;          ///< 0: never set
};

/// "https://example.com" or "http://localhost:3000" in its one spelling: scheme, host in lower
/// case, port when it is not the scheme's own. Errors: invalid.
Result<std::string> normalize_origin(std::string_view text);

/// The web pages of businesses. Thread-safe.
class Sites {
 public:
  static constexpr std::size_t most_origins = 50;

  virtual ~Sites() = default;
  /// Of ctx.organization. A business that never set anything has a site that is not enabled.
  /// Errors: not_found.
  virtual Task<Site> get(Context ctx, BusinessId business) = 0;
  /// Replaces `enabled` and `origins`; an `expected_version` of 0 means don't care. Errors:
  /// not_found, conflict, invalid (an origin that is none; too many).
  virtual Task<Site> update(Context ctx, Site changed, std::int64_t expected_version) = 0;
  /// A new key; pages with the old one stop working. Errors: not_found.
  virtual Task<Site> renew_key(Context ctx, BusinessId business) = 0;

  /// By the business's id or its key, of whatever organization. Errors: not_found, also when it is
  /// not enabled.
  virtual Task<Site> find(Context ctx, std::string business_or_key) = 0;
  /// Whether any enabled site allows pages of this origin.
  virtual Task<bool> knows_origin(Context ctx, std::string origin) = 0;
};

std::unique_ptr<Sites> make_sites(store::Database& database, Random& random);

}  // namespace parley::webvoice
