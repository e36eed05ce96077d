#include <gtest/gtest.h>

#include "number_cache.hpp"
#include "parley/business/businesses.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_on_trial.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::business {
namespace {

class BusinessesDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    businesses = make_businesses(db(), clock, random);
    other = ctx;
    other.organization = OrganizationId("org_other");
  }
  Result<std::shared_ptr<const Profile>> create(const std::string& name, Context as) {
    return run([&] { return businesses->create(as, NewBusiness{.name = name}); });
  }
  std::shared_ptr<const Profile> created(const std::string& name = "Bright Smiles") {
    return create(name, ctx).value();
  }
  Errc code(auto start) {
    auto outcome = run(start);
    return outcome ? Errc::end_of_stream : outcome.error().code;
  }
  std::vector<std::string> event_types() {
    auto events = read([&](store::Tx& tx) {
      return store::read_events(tx, {.organization = ctx.organization}, {}, 1000);
    });
    std::vector<std::string> types;
    for (const auto& event : events.value()) types.push_back(event.type);
    return types;
  }

  std::unique_ptr<Businesses> businesses;
  Context other;
};
PARLEY_ON_BOTH_DATABASES(BusinessesDbTest);

TEST_P(BusinessesDbTest, CreatesReadsListsAndRemoves) {
  auto first = created("First");
  clock.advance(1s);
  auto second = created("Second");
  EXPECT_EQ(first->version, 1);
  EXPECT_EQ(first->hours[1], (DayHours{{9h, 17h}}));
  EXPECT_TRUE(first->hours[0].empty());
  auto got = run([&] { return businesses->get(ctx, first->id); });
  ASSERT_TRUE(got);
  EXPECT_EQ((*got)->name, "First");
  auto list = run([&] { return businesses->list(ctx, {.number = 2, .limit = 1}); });
  ASSERT_TRUE(list);
  EXPECT_EQ(list->total, 2);
  ASSERT_EQ(list->items.size(), 1u);
  EXPECT_EQ(list->items[0]->id, second->id);
  ASSERT_TRUE(run([&] { return businesses->remove(ctx, first->id); }));
  EXPECT_EQ(code([&] { return businesses->get(ctx, first->id); }), Errc::not_found);
  EXPECT_EQ(event_types(),
            (std::vector<std::string>{"business.created", "business.created", "business.removed"}));
}

TEST_P(BusinessesDbTest, AnotherOrganizationSeesNothing) {
  auto mine = created();
  auto changed = *mine;
  EXPECT_EQ(code([&] { return businesses->get(other, mine->id); }), Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->update(other, changed, 0); }), Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->remove(other, mine->id); }), Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->set_services(other, mine->id, {}); }), Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->set_holidays(other, mine->id, {}); }), Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->set_resources(other, mine->id, {}); }), Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->assign_number(other, mine->id, "+12125550100"); }),
            Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->set_numbers(other, mine->id, {}); }), Errc::not_found);
  EXPECT_EQ(code([&] { return businesses->numbers(other, mine->id); }), Errc::not_found);
  EXPECT_EQ(run([&] { return businesses->list(other, {}); })->total, 0);
}

TEST_P(BusinessesDbTest, UpdatesWithVersions) {
  auto profile = *created();
  profile.name = "New name";
  profile.hours[6] = {{10h, 14h}};
  profile.agent.id = AgentId("agent_of_someone_else");
  auto updated = run([&] { return businesses->update(ctx, profile, 1); });
  ASSERT_TRUE(updated) << updated.error().detail;
  EXPECT_EQ((*updated)->version, 2);
  EXPECT_EQ((*updated)->hours[6], (DayHours{{10h, 14h}}));
  EXPECT_NE((*updated)->agent.id, profile.agent.id);
  EXPECT_EQ(code([&] { return businesses->update(ctx, profile, 1); }), Errc::conflict);
  EXPECT_EQ(run([&] { return businesses->update(ctx, profile, 0); }).value()->version, 3);
  profile.time_zone = "Nowhere";
  EXPECT_EQ(code([&] { return businesses->update(ctx, profile, 0); }), Errc::invalid);
  EXPECT_EQ(run([&] { return businesses->get(ctx, profile.id); }).value()->version, 3);
}

TEST_P(BusinessesDbTest, RefusesAWrongZoneAtCreation) {
  NewBusiness wrong{.name = "X", .time_zone = "America/New_Yrok"};
  auto outcome = run([&] { return businesses->create(ctx, wrong); });
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::invalid);
  EXPECT_NE(outcome.error().detail.find("America/New_York"), std::string::npos);
  EXPECT_TRUE(event_types().empty());
}

TEST_P(BusinessesDbTest, ListsKeepTheirIds) {
  auto id = created()->id;
  auto with_resources =
      run([&] {
        return businesses->set_resources(ctx, id, {{{}, "Dr. Lee"}, {{}, "Dr. Kim"}});
      }).value();
  auto lee = with_resources->resources[0].id;
  ASSERT_FALSE(lee.empty());
  Service crown;
  crown.name = "Crown";
  crown.resources = {lee};
  auto with_services = run([&] { return businesses->set_services(ctx, id, {crown}); }).value();
  auto service = with_services->services[0];
  service.name = "Gold crown";
  auto renamed = run([&] { return businesses->set_services(ctx, id, {service}); }).value();
  EXPECT_EQ(renamed->services[0].id, service.id);
  service.id = ServiceId("svc_forged");
  EXPECT_EQ(code([&] { return businesses->set_services(ctx, id, {service}); }), Errc::invalid);

  // Dr. Lee is the only one who makes crowns.
  EXPECT_EQ(
      code([&] { return businesses->set_resources(ctx, id, {with_resources->resources[1]}); }),
      Errc::invalid);

  Holiday later{{}, calendar::parse_date("2026-12-25").value(), "Christmas", {}};
  Holiday earlier{{}, calendar::parse_date("2026-07-03").value(), "", {{9h, 12h}}};
  auto holidays = run([&] { return businesses->set_holidays(ctx, id, {later, earlier}); }).value();
  ASSERT_EQ(holidays->holidays.size(), 2u);
  EXPECT_EQ(holidays->holidays[0].date, earlier.date);
}

TEST_P(BusinessesDbTest, ANumberRingsForOneBusiness) {
  auto mine = created();
  ASSERT_TRUE(run([&] { return businesses->assign_number(ctx, mine->id, "(212) 555-0100"); }));
  ASSERT_TRUE(run([&] { return businesses->assign_number(ctx, mine->id, "+12125550100"); }));
  auto found = run([&] { return businesses->by_number("+12125550100"); });
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->id, mine->id);
  EXPECT_EQ((*found)->phone, "+12125550100");
  EXPECT_EQ((*found)->organization, ctx.organization);
  auto theirs = create("Theirs", other).value();
  EXPECT_EQ(code([&] { return businesses->assign_number(other, theirs->id, "+12125550100"); }),
            Errc::conflict);
  EXPECT_EQ(code([&] { return businesses->assign_number(ctx, mine->id, "not a number"); }),
            Errc::invalid);
  EXPECT_EQ(code([&] { return businesses->by_number("+19995550000"); }), Errc::not_found);
  EXPECT_EQ(event_types(), (std::vector<std::string>{"business.created", "number.assigned"}));
}

TEST_P(BusinessesDbTest, NumbersLeftOutOfTheListRingNoLonger) {
  using Numbers = std::vector<std::string>;
  const std::string first = "+12125550100";
  const std::string second = "+12125550101";
  const std::string third = "+12125550102";
  auto mine = created();
  auto set = [&](Numbers numbers) {
    return run([&] { return businesses->set_numbers(ctx, mine->id, numbers); });
  };
  auto listed = [&] { return run([&] { return businesses->numbers(ctx, mine->id); }).value(); };
  auto both = set({"(212) 555-0100", second, first});
  ASSERT_TRUE(both) << both.error().detail;
  EXPECT_EQ((*both)->phone, first);
  EXPECT_EQ((*both)->version, 2);
  EXPECT_EQ(listed(), (Numbers{first, second}));
  ASSERT_TRUE(run([&] { return businesses->by_number(first); })) << "and is remembered";

  auto later = set({third, second});
  ASSERT_TRUE(later) << later.error().detail;
  EXPECT_EQ((*later)->phone, second);
  EXPECT_EQ((*later)->version, 3);
  EXPECT_EQ(code([&] { return businesses->by_number(first); }), Errc::not_found);
  EXPECT_EQ(run([&] { return businesses->by_number(third); }).value()->id, mine->id);
  EXPECT_EQ(set({second, third}).value()->version, 3) << "nothing changed";
  EXPECT_EQ(event_types(), (Numbers{"business.created", "number.assigned", "number.assigned",
                                    "number.released", "number.assigned"}));

  // Free for others; and a list with one that is not free changes nothing.
  auto theirs = create("Theirs", other).value();
  ASSERT_TRUE(run([&] { return businesses->assign_number(other, theirs->id, first); }));
  auto beside = created("Beside");
  EXPECT_EQ(code([&] { return businesses->set_numbers(ctx, beside->id, {third}); }),
            Errc::conflict);
  EXPECT_EQ(set({first}).error().code, Errc::conflict);
  EXPECT_EQ(set({second, "12"}).error().code, Errc::invalid);
  EXPECT_EQ(listed(), (Numbers{second, third}));

  ASSERT_TRUE(set({}));
  EXPECT_EQ(listed(), Numbers{});
  EXPECT_EQ(code([&] { return businesses->by_number(second); }), Errc::not_found);
  EXPECT_EQ(run([&] { return businesses->by_number(first); }).value()->id, theirs->id);
}

TEST_P(BusinessesDbTest, ABusinessHasAtMostAHundredNumbers) {
  auto mine = created();
  std::vector<std::string> numbers;
  for (int i = 0; i < 100; ++i) numbers.push_back("+12125550" + std::to_string(100 + i));
  ASSERT_TRUE(run([&] { return businesses->set_numbers(ctx, mine->id, numbers); }));
  EXPECT_EQ(code([&] { return businesses->assign_number(ctx, mine->id, "+12125550999"); }),
            Errc::invalid);
  numbers.back() = "+12125550999";
  EXPECT_TRUE(run([&] { return businesses->set_numbers(ctx, mine->id, numbers); }));
  numbers.push_back("+12125550998");
  EXPECT_EQ(code([&] { return businesses->set_numbers(ctx, mine->id, numbers); }), Errc::invalid);
}

TEST_P(BusinessesDbTest, ByNumberShowsOwnChangesAtOnceAndOthersSoon) {
  auto profile = *created();
  ASSERT_TRUE(run([&] { return businesses->assign_number(ctx, profile.id, "+12125550100"); }));
  auto name = [&] {
    return run([&] { return businesses->by_number("+12125550100"); }).value()->name;
  };
  EXPECT_EQ(name(), "Bright Smiles");
  profile.name = "Changed here";
  ASSERT_TRUE(run([&] { return businesses->update(ctx, profile, 0); }));
  EXPECT_EQ(name(), "Changed here");

  auto elsewhere = make_businesses(db(), clock, random);
  profile.name = "Changed elsewhere";
  ASSERT_TRUE(run([&] { return elsewhere->update(ctx, profile, 0); }));
  EXPECT_EQ(name(), "Changed here");  // answered from memory
  clock.advance(NumberCache::max_age + 1s);
  EXPECT_EQ(name(), "Changed elsewhere");

  ASSERT_TRUE(run([&] { return businesses->remove(ctx, profile.id); }));
  EXPECT_EQ(code([&] { return businesses->by_number("+12125550100"); }), Errc::not_found);
}

TEST_P(BusinessesDbTest, WithoutTheDatabaseANumberRingsForTheBusinessAsItWas) {
  testkit::DatabaseOnTrial database(db(), clock);
  businesses = make_businesses(database, clock, random);
  auto profile = *created();
  ASSERT_TRUE(run([&] { return businesses->assign_number(ctx, profile.id, "+12125550100"); }));
  auto ask = [&] { return run([&] { return businesses->by_number("+12125550100"); }); };
  ASSERT_TRUE(ask());
  database.go_away();
  clock.advance(NumberCache::max_age + 1s);
  profile.name = "Refused";
  EXPECT_EQ(code([&] { return businesses->update(ctx, profile, 0); }), Errc::unavailable);
  auto known = ask();
  ASSERT_TRUE(known) << known.error().detail;
  EXPECT_EQ((*known)->name, "Bright Smiles");
  EXPECT_EQ(code([&] { return businesses->by_number("+12125550101"); }), Errc::unavailable);
  clock.advance(NumberCache::max_age_without_database);
  EXPECT_EQ(code([&] { return businesses->by_number("+12125550100"); }), Errc::unavailable);
  database.come_back();
  EXPECT_TRUE(ask());
}

TEST_P(BusinessesDbTest, RefusesPagesThatNoListHas) {
  for (auto page : {Page{0, 10}, Page{1, 0}, Page{1, 501}, Page{-1, 10}})
    EXPECT_EQ(code([&] { return businesses->list(ctx, page); }), Errc::invalid);
}

TEST(NumberCache, IsBoundedAndForgetsWhatWasReadBeforeAChange) {
  testkit::SettableClock clock;
  NumberCache cache(clock);
  auto profile = std::make_shared<const Profile>();
  for (std::size_t i = 0; i < NumberCache::max_entries + 10; ++i)
    cache.put(std::to_string(i), profile, cache.generation());
  std::size_t kept = 0;
  for (std::size_t i = 0; i < NumberCache::max_entries + 10; ++i)
    kept += cache.find(std::to_string(i)) != nullptr;
  EXPECT_GT(kept, 0u);
  EXPECT_LE(kept, NumberCache::max_entries);
  auto before = cache.generation();
  cache.forget_all();
  cache.put("late", profile, before);
  EXPECT_EQ(cache.find("late"), nullptr);
}

}  // namespace
}  // namespace parley::business
