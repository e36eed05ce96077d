#pragma once
#include <memory>
#include <string>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/business/business.hpp"
#include "parley/store/database.hpp"

namespace parley::business {

struct NewBusiness {
  std::string name;
  std::string time_zone = "America/New_York";
  std::string address;
  std::string email;
  std::string website;
  std::string description;
};

struct Page {
  std::int64_t number = 1;  ///< 1-based
  std::int64_t limit = 50;
  /// Businesses: createdAt or name; messages: receivedAt. "-" before it: the greatest first. Empty:
  /// businesses by age, messages the newest first.
  std::string sort;
};

struct ProfileList {
  std::vector<std::shared_ptr<const Profile>> items;
  std::int64_t total = 0;
};

/// Businesses with their hours, holidays, services, resources, agent and the numbers that ring for
/// them. Every call is bound to ctx.organization except by_number. Thread-safe.
/// Errors everywhere: not_found, conflict (stale expected version), invalid (with what is wrong).
class Businesses {
 public:
  virtual ~Businesses() = default;

  virtual Task<std::shared_ptr<const Profile>> create(Context ctx, NewBusiness request) = 0;
  virtual Task<std::shared_ptr<const Profile>> get(Context ctx, BusinessId id) = 0;
  virtual Task<ProfileList> list(Context ctx, Page page) = 0;
  /// Replaces name, zone, address, email, website, description, status, hours, booking rules and
  /// agent. Here and below, `expected_version` is compared in the transaction of the change, and 0
  /// means don't care.
  virtual Task<std::shared_ptr<const Profile>> update(Context ctx, Profile changed,
                                                      std::int64_t expected_version) = 0;
  virtual Task<void> remove(Context ctx, BusinessId id, std::int64_t expected_version = 0) = 0;

  /// Replace the whole list; ids that are kept stay the same, empty ids are made.
  virtual Task<std::shared_ptr<const Profile>> set_services(Context ctx, BusinessId id,
                                                            std::vector<Service> services,
                                                            std::int64_t expected_version = 0) = 0;
  virtual Task<std::shared_ptr<const Profile>> set_holidays(Context ctx, BusinessId id,
                                                            std::vector<Holiday> holidays,
                                                            std::int64_t expected_version = 0) = 0;
  virtual Task<std::shared_ptr<const Profile>> set_resources(Context ctx, BusinessId id,
                                                             std::vector<Resource> resources,
                                                             std::int64_t expected_version = 0) = 0;
  /// The numbers (E.164) that ring for it, the longest ringing first.
  virtual Task<std::vector<std::string>> numbers(Context ctx, BusinessId id) = 0;
  /// Replaces the whole list, all of it or nothing: numbers left out ring no longer and are free
  /// for others. Errors: conflict also when one rings for another business (of any organization),
  /// invalid for more than 100 or one that is no number.
  virtual Task<std::shared_ptr<const Profile>> set_numbers(Context ctx, BusinessId id,
                                                           std::vector<std::string> numbers,
                                                           std::int64_t expected_version = 0) = 0;
  /// One more. Errors: as set_numbers.
  virtual Task<void> assign_number(Context ctx, BusinessId id, std::string e164) = 0;

  /// The business a called number rings for, of whatever organization; cached, so that a carrier's
  /// webhook is answered without waiting for the database; while that is away, as it was known
  /// last, up to a day. Errors: not_found.
  virtual Task<std::shared_ptr<const Profile>> by_number(std::string e164) = 0;
};

std::unique_ptr<Businesses> make_businesses(store::Database& database, Clock& clock,
                                            Random& random);

/// For other modules' transactions. Errors: not_found.
Result<Profile> load_profile(store::Tx& tx, const OrganizationId& organization,
                             const BusinessId& id);

/// A message a caller left for the owner.
struct Message {
  MessageId id;
  BusinessId business;
  CallId call;  ///< empty when not from a call
  std::string caller_name;
  std::string caller_phone;
  std::string text;
  WallTime received;  ///< now, when it says nothing
};

struct MessageList {
  std::vector<Message> items;
  std::int64_t total = 0;  ///< of the business, on whatever page
};

class Messages {
 public:
  virtual ~Messages() = default;
  /// `idempotency_key` makes a repeat return the first message.
  virtual Task<Message> leave(Context ctx, Message message, std::string idempotency_key) = 0;
  virtual Task<MessageList> list(Context ctx, BusinessId business, Page page) = 0;
};
std::unique_ptr<Messages> make_messages(store::Database& database, Clock& clock, Random& random);

}  // namespace parley::business
