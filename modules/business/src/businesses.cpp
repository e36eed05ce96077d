#include "parley/business/businesses.hpp"

#include "number_cache.hpp"
#include "number_rows.hpp"
#include "parley/base/strings.hpp"
#include "profile_rows.hpp"
#include "profile_rules.hpp"
#include "version_rows.hpp"

namespace parley::business {

namespace {

using Snapshot = std::shared_ptr<const Profile>;

WeekHours usual_hours() {
  WeekHours hours;
  for (std::size_t day = 1; day <= 5; ++day) hours[day] = {{9h, 17h}};
  return hours;
}

json::object described(const Profile& profile, std::string_view part) {
  return {{"business", profile.id.str()},
          {"name", profile.name},
          {"timeZone", profile.time_zone},
          {"part", part},
          {"version", profile.version}};
}

Result<void> record(store::Tx& tx, const Profile& profile, std::string type,
                    std::string_view part) {
  auto appended = tx.append(profile.id.str(), {std::move(type), described(profile, part)});
  if (!appended) return std::unexpected(appended.error());
  return {};
}

/// Keeps known ids, makes the missing ones. Errors: invalid for an id the business does not have.
template <class Item>
Result<void> settle_ids(std::vector<Item>& items, const std::vector<Item>& current, Clock& clock,
                        Random& random) {
  for (auto& item : items) {
    if (item.id.empty()) {
      item.id = decltype(item.id)::make(clock, random);
    } else if (std::ranges::find(current, item.id, &Item::id) == current.end()) {
      return fail(Errc::invalid, "id " + item.id.str() + ": this business has none with that id");
    }
  }
  return {};
}

class StoredBusinesses final : public Businesses {
 public:
  StoredBusinesses(store::Database& database, Clock& clock, Random& random)
      : db_(database), clock_(clock), random_(random), cache_(clock) {}

  Task<Snapshot> create(Context ctx, NewBusiness request) override {
    Profile profile;
    profile.id = BusinessId::make(clock_, random_);
    profile.organization = ctx.organization;
    profile.name = std::move(request.name);
    profile.time_zone = std::move(request.time_zone);
    profile.address = std::move(request.address);
    profile.email = std::move(request.email);
    profile.website = std::move(request.website);
    profile.description = std::move(request.description);
    profile.hours = usual_hours();
    profile.agent.id = AgentId::make(clock_, random_);
    profile.version = 1;
    if (auto good = check_profile(profile); !good) co_return std::unexpected(good.error());
    auto insert = [&profile](store::Tx& tx) -> Result<Snapshot> {
      if (auto done = insert_profile(tx, profile); !done) return std::unexpected(done.error());
      if (auto done = note_first_version(tx, profile); !done) return std::unexpected(done.error());
      if (auto done = record(tx, profile, "business.created", "all"); !done)
        return std::unexpected(done.error());
      return std::make_shared<const Profile>(profile);
    };
    co_return co_await db_.write(std::move(ctx), insert);
  }

  Task<Snapshot> get(Context ctx, BusinessId id) override {
    auto look = [&id, organization = ctx.organization](store::Tx& tx) -> Result<Snapshot> {
      auto profile = load_profile(tx, organization, id);
      if (!profile) return std::unexpected(profile.error());
      return std::make_shared<const Profile>(std::move(*profile));
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  Task<ProfileList> list(Context ctx, Page page) override {
    if (auto good = check_page(page); !good) co_return std::unexpected(good.error());
    auto look = [page, organization = ctx.organization](store::Tx& tx) -> Result<ProfileList> {
      ProfileList list;
      auto profiles = list_profiles(tx, organization, page, list.total);
      if (!profiles) return std::unexpected(profiles.error());
      for (auto& profile : *profiles)
        list.items.push_back(std::make_shared<const Profile>(std::move(profile)));
      return list;
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  Task<Snapshot> update(Context ctx, Profile changed, std::int64_t expected_version) override {
    auto id = changed.id;
    Change change = [changed = std::move(changed),
                     expected_version](Profile& profile) -> Result<void> {
      if (auto same = check_version(profile, expected_version); !same) return same;
      profile.name = changed.name;
      profile.time_zone = changed.time_zone;
      profile.address = changed.address;
      profile.email = changed.email;
      profile.website = changed.website;
      profile.description = changed.description;
      profile.status = changed.status;
      profile.hours = changed.hours;
      profile.booking = changed.booking;
      auto agent = profile.agent.id;
      profile.agent = changed.agent;
      profile.agent.id = agent;
      return {};
    };
    auto work = edit(std::move(ctx), std::move(id), "profile", std::move(change));
    co_return co_await std::move(work);
  }

  Task<Snapshot> set_services(Context ctx, BusinessId id, std::vector<Service> services,
                              std::int64_t expected_version) override {
    Change change = [this, services = std::move(services),
                     expected_version](Profile& profile) -> Result<void> {
      if (auto same = check_version(profile, expected_version); !same) return same;
      auto wanted = services;
      if (auto good = settle_ids(wanted, profile.services, clock_, random_); !good) return good;
      profile.services = std::move(wanted);
      return {};
    };
    auto work = edit(std::move(ctx), std::move(id), "services", std::move(change));
    co_return co_await std::move(work);
  }

  Task<Snapshot> set_holidays(Context ctx, BusinessId id, std::vector<Holiday> holidays,
                              std::int64_t expected_version) override {
    Change change = [this, holidays = std::move(holidays),
                     expected_version](Profile& profile) -> Result<void> {
      if (auto same = check_version(profile, expected_version); !same) return same;
      auto wanted = holidays;
      if (auto good = settle_ids(wanted, profile.holidays, clock_, random_); !good) return good;
      std::ranges::sort(wanted, {}, &Holiday::date);
      profile.holidays = std::move(wanted);
      return {};
    };
    auto work = edit(std::move(ctx), std::move(id), "holidays", std::move(change));
    co_return co_await std::move(work);
  }

  Task<Snapshot> set_resources(Context ctx, BusinessId id, std::vector<Resource> resources,
                               std::int64_t expected_version) override {
    Change change = [this, resources = std::move(resources),
                     expected_version](Profile& profile) -> Result<void> {
      if (auto same = check_version(profile, expected_version); !same) return same;
      auto wanted = resources;
      if (auto good = settle_ids(wanted, profile.resources, clock_, random_); !good) return good;
      profile.resources = std::move(wanted);
      return forget_missing_resources(profile);
    };
    auto work = edit(std::move(ctx), std::move(id), "resources", std::move(change));
    co_return co_await std::move(work);
  }

  Task<void> remove(Context ctx, BusinessId id, std::int64_t expected_version) override {
    auto erase = [&id, expected_version,
                  organization = ctx.organization](store::Tx& tx) -> Result<void> {
      auto profile = load_profile(tx, organization, id);
      if (!profile) return std::unexpected(profile.error());
      if (auto same = check_version(*profile, expected_version); !same) return same;
      for (auto* sql :
           {"DELETE FROM business_numbers WHERE organization_id = ?1 AND business_id = ?2",
            "DELETE FROM businesses WHERE organization_id = ?1 AND id = ?2"})
        if (auto done = tx.execute(sql, {organization, id}); !done)
          return std::unexpected(done.error());
      if (auto done = forget_versions(tx, *profile); !done) return done;
      return record(tx, *profile, "business.removed", "all");
    };
    auto done = co_await db_.write(std::move(ctx), erase);
    cache_.forget_all();
    co_return done;
  }

  Task<std::vector<std::string>> numbers(Context ctx, BusinessId id) override {
    using Numbers = std::vector<std::string>;
    auto look = [&id, organization = ctx.organization](store::Tx& tx) -> Result<Numbers> {
      auto profile = load_profile(tx, organization, id);
      if (!profile) return std::unexpected(profile.error());
      return numbers_of(tx, organization, id);
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

  Task<Snapshot> set_numbers(Context ctx, BusinessId id, std::vector<std::string> numbers,
                             std::int64_t expected_version) override {
    std::vector<std::string> wanted;
    for (const auto& given : numbers) {
      auto number = normalize_e164(given);
      if (!number) co_return std::unexpected(number.error());
      if (std::ranges::find(wanted, *number) == wanted.end()) wanted.push_back(std::move(*number));
    }
    auto apply = [&, organization = ctx.organization](store::Tx& tx) -> Result<Snapshot> {
      auto profile = load_profile(tx, organization, id);
      if (!profile) return std::unexpected(profile.error());
      if (auto same = check_version(*profile, expected_version); !same)
        return std::unexpected(same.error());
      if (auto done = replace_numbers(tx, *profile, wanted); !done)
        return std::unexpected(done.error());
      auto changed = load_profile(tx, organization, id);  // its phone is perhaps another
      if (!changed) return std::unexpected(changed.error());
      return std::make_shared<const Profile>(std::move(*changed));
    };
    auto done = co_await db_.write(std::move(ctx), apply);
    cache_.forget_all();
    co_return done;
  }

  Task<void> assign_number(Context ctx, BusinessId id, std::string e164) override {
    auto number = normalize_e164(e164);
    if (!number) co_return std::unexpected(number.error());
    auto assign = [&id, &number = *number,
                   organization = ctx.organization](store::Tx& tx) -> Result<void> {
      auto profile = load_profile(tx, organization, id);
      if (!profile) return std::unexpected(profile.error());
      return add_number(tx, *profile, number);
    };
    auto done = co_await db_.write(std::move(ctx), assign);
    cache_.forget_all();
    co_return done;
  }

  Task<Snapshot> by_number(std::string e164) override {
    if (auto known = cache_.find(e164)) co_return known;
    auto generation = cache_.generation();
    auto look = [&e164](store::Tx& tx) -> Result<Snapshot> {
      auto profile = profile_of_number(tx, e164);
      if (!profile) return std::unexpected(profile.error());
      return std::make_shared<const Profile>(std::move(*profile));
    };
    Context ctx;
    ctx.principal = {Principal::Kind::system, "businesses", Role::viewer};
    auto found = co_await db_.read(std::move(ctx), look);
    if (found) cache_.put(e164, *found, generation);
    if (!found && found.error().code == Errc::not_found) cache_.forget(e164);
    bool away =
        !found && (found.error().code == Errc::unavailable || found.error().code == Errc::timeout ||
                   found.error().code == Errc::rate_limited);
    if (away)
      if (auto known = cache_.find_last_known(e164)) co_return known;
    co_return found;
  }

 private:
  /// Changes a profile; may run more than once.
  using Change = std::function<Result<void>(Profile&)>;

  Task<Snapshot> edit(Context ctx, BusinessId id, std::string_view part, Change change) {
    auto apply = [&, organization = ctx.organization](store::Tx& tx) -> Result<Snapshot> {
      auto profile = load_profile(tx, organization, id);
      if (!profile) return std::unexpected(profile.error());
      auto before = *profile;
      if (auto done = change(*profile); !done) return std::unexpected(done.error());
      if (auto good = check_profile(*profile); !good) return std::unexpected(good.error());
      if (auto done = save_profile(tx, *profile); !done) return std::unexpected(done.error());
      if (auto done = note_agent_change(tx, before, *profile); !done)
        return std::unexpected(done.error());
      if (auto done = record(tx, *profile, "business.updated", part); !done)
        return std::unexpected(done.error());
      return std::make_shared<const Profile>(std::move(*profile));
    };
    auto done = co_await db_.write(std::move(ctx), apply);
    cache_.distrust_all();  // also when the outcome is unknown
    co_return done;
  }

  static Result<void> check_version(const Profile& profile, std::int64_t expected) {
    if (expected == 0 || expected == profile.version) return {};
    return fail(Errc::conflict, "the business was changed in the meantime");
  }

  /// A service given only by resources that went would silently be given by all: refused instead.
  static Result<void> forget_missing_resources(Profile& profile) {
    for (auto& service : profile.services) {
      if (service.resources.empty()) continue;
      std::erase_if(service.resources, [&](const ResourceId& id) {
        return std::ranges::find(profile.resources, id, &Resource::id) == profile.resources.end();
      });
      if (service.resources.empty())
        return fail(Errc::invalid, "resources: the service '" + service.name +
                                       "' would be left without any; change it first");
    }
    return {};
  }

  store::Database& db_;
  Clock& clock_;
  Random& random_;
  NumberCache cache_;
};

}  // namespace

std::unique_ptr<Businesses> make_businesses(store::Database& database, Clock& clock,
                                            Random& random) {
  return std::make_unique<StoredBusinesses>(database, clock, random);
}

}  // namespace parley::business
