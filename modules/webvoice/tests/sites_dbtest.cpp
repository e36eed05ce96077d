#include <gmock/gmock.h>

#include "parley/business/businesses.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/webvoice/sites.hpp"

namespace parley::webvoice {
namespace {

using ::testing::ElementsAre;

TEST(Origins, HaveOneSpelling) {
  EXPECT_EQ(normalize_origin("https://WWW.Example.com:443/").value(), "https://www.example.com");
  EXPECT_EQ(normalize_origin("http://localhost:3000").value(), "http://localhost:3000");
  EXPECT_EQ(normalize_origin("http://[::1]:8080").value(), "http://[::1]:8080");
  for (auto* wrong : {"", "null", "*", "example.com", "ftp://example.com", "https://", "https:///a",
                      "https://example.com/path", "https://example.com?x", "https://a@example.com",
                      "https://exa mple.com", "javascript:alert(1)"})
    EXPECT_EQ(normalize_origin(wrong).error().code, Errc::invalid) << wrong;
}

class SitesDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    businesses = business::make_businesses(db(), clock, random);
    sites = make_sites(db(), random);
    business =
        run([&] { return businesses->create(ctx, business::NewBusiness{.name = "Bright Smiles"}); })
            .value()
            ->id;
  }
  Result<Site> set(bool enabled, std::vector<std::string> origins, std::int64_t version = 0) {
    Site site;
    site.business = business;
    site.enabled = enabled;
    site.origins = std::move(origins);
    return run([&] { return sites->update(ctx, site, version); });
  }
  Result<Site> find(std::string name) {
    return run([&] { return sites->find(Context{}, name); });
  }
  bool knows(std::string origin) {
    return run([&] { return sites->knows_origin(Context{}, origin); }).value();
  }

  std::unique_ptr<business::Businesses> businesses;
  std::unique_ptr<Sites> sites;
  BusinessId business;
};
PARLEY_ON_BOTH_DATABASES(SitesDbTest);

TEST_P(SitesDbTest, IsClosedUntilItIsOpened) {
  auto none = run([&] { return sites->get(ctx, business); }).value();
  EXPECT_FALSE(none.enabled);
  EXPECT_EQ(none.version, 0);
  EXPECT_EQ(find(business.str()).error().code, Errc::not_found);
  auto opened = set(true, {"https://WWW.example.com", "https://www.example.com:443"}).value();
  EXPECT_THAT(opened.origins, ElementsAre("https://www.example.com"));
  EXPECT_TRUE(opened.key.starts_with("wk_"));
  EXPECT_EQ(find(opened.key).value().business, business);
  EXPECT_EQ(find(business.str()).value().organization, ctx.organization);
  EXPECT_TRUE(knows("https://www.example.com"));
  EXPECT_FALSE(knows("https://example.com"));
  auto closed = set(false, opened.origins).value();
  EXPECT_EQ(closed.key, opened.key);
  EXPECT_EQ(find(opened.key).error().code, Errc::not_found);
  EXPECT_FALSE(knows("https://www.example.com"));
}

TEST_P(SitesDbTest, ANewKeyReplacesTheOldOne) {
  auto first = set(true, {}).value();
  auto second = run([&] { return sites->renew_key(ctx, business); }).value();
  EXPECT_NE(second.key, first.key);
  EXPECT_EQ(find(first.key).error().code, Errc::not_found);
  EXPECT_TRUE(find(second.key).has_value());
}

TEST_P(SitesDbTest, KeepsWhatItCannotTake) {
  auto first = set(true, {"https://a.example"}).value();
  EXPECT_EQ(set(true, {"https://a.example/page"}).error().code, Errc::invalid);
  EXPECT_EQ(set(true, std::vector<std::string>(51, "https://b.example")).error().code,
            Errc::invalid);
  EXPECT_EQ(set(false, {}, first.version + 1).error().code, Errc::conflict);
  EXPECT_TRUE(set(false, {}, first.version).has_value());
}

TEST_P(SitesDbTest, AnotherOrganizationsBusinessIsNotThere) {
  auto other = ctx;
  other.organization = OrganizationId("org_other");
  EXPECT_EQ(run([&] { return sites->get(other, business); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return sites->renew_key(other, business); }).error().code, Errc::not_found);
  Site site;
  site.business = business;
  EXPECT_EQ(run([&] { return sites->update(other, site, 0); }).error().code, Errc::not_found);
}

}  // namespace
}  // namespace parley::webvoice
