#include "parley/transform/mapping.hpp"

#include <gtest/gtest.h>

namespace parley::transform {
namespace {

Mapping made(std::string_view text) {
  auto mapping = Mapping::parse(text);
  if (!mapping) throw std::runtime_error(mapping.error().detail);
  return std::move(*mapping);
}

json::value document(std::string_view text) {
  auto parsed = parse_json(text);
  if (!parsed) throw std::runtime_error(parsed.error().detail);
  return std::move(*parsed);
}

constexpr std::string_view contact = R"({
  "description": "a contact of some CRM",
  "unknown": {"keep": "extra"},
  "fields": [
    {"to": "/name/first", "from": "/person/first_name", "type": "text", "clean": "trim",
     "required": true},
    {"to": "/phone", "from": ["/person/mobile", "/person/phone"], "type": "phone"},
    {"to": "/source", "value": "crm"},
    {"to": "/status", "from": "/state", "values": {"N": "new"}, "default": "new"},
    {"to": "/visits", "from": "/history", "each": {"fields": [
      {"to": "/at", "from": "/when", "type": "date_time", "formats": "iso",
       "zone": "America/New_York", "required": true},
      {"to": "/cost_minor", "from": "/cost", "type": "money"}]}}
  ]})";

TEST(Mapping, RenamesNestsAndMapsLists) {
  auto out =
      made(contact).apply(document(R"({"person": {"first_name": " Ann ", "phone": "2125550100"},
      "history": [{"when": "2026-03-04T10:20", "cost": "12.50"}, {"when": "2026-07-04"}]})"));
  ASSERT_TRUE(out.ok()) << out.problems[0].field << out.problems[0].problem;
  EXPECT_EQ(json::serialize(out.value),
            R"({"name":{"first":"Ann"},"phone":"+12125550100","source":"crm","status":"new",)"
            R"("visits":[{"at":"2026-03-04T15:20:00.000Z","cost_minor":1250},)"
            R"({"at":"2026-07-04T04:00:00.000Z"}]})");
}

TEST(Mapping, KeepsUnknownFieldsAsideInTheirStructure) {
  auto out = made(contact).apply(document(R"({"person": {"first_name": "Ann", "fax": "1"},
      "vip": true, "history": [{"when": "2026-03-04", "room": 7}]})"));
  ASSERT_TRUE(out.ok());
  EXPECT_EQ(json::serialize(out.value.at("extra")), R"({"person":{"fax":"1"},"vip":true})");
  EXPECT_EQ(json::serialize(out.value.at("visits").at(0).at("extra")), R"({"room":7})");
}

TEST(Mapping, DropsOrRefusesUnknownFields) {
  auto input = document(R"({"a": 1, "b": [{"c": 1}]})");
  auto drops = made(R"({"fields": [{"to": "/x", "from": "/a"}]})").apply(input);
  EXPECT_EQ(json::serialize(drops.value), R"({"x":1})");
  auto refuses =
      made(R"({"unknown": "refuse", "fields": [{"to": "/x", "from": "/a"}]})").apply(input);
  ASSERT_EQ(refuses.problems.size(), 1u);
  EXPECT_EQ(refuses.problems[0].field, "/b");
  EXPECT_EQ(refuses.problems[0].problem, "is not a known field");
}

TEST(Mapping, AMissingFieldIsNamedWithTheNearestPresentOne) {
  auto mapping = made(R"({"fields": [
      {"to": "/a", "from": "/person/frst_name", "required": true},
      {"to": "/b", "from": "/persom/phone", "required": true},
      {"to": "/c", "from": "/tags/3", "required": true},
      {"to": "/d", "from": "/state/code", "required": true},
      {"to": "/e", "from": "/wholly_different", "required": true},
      {"to": "/f", "from": "/empty", "required": true}]})");
  auto out = mapping.apply(
      document(R"({"person": {"first_name": "Ann"}, "tags": ["x"], "state": "N", "empty": null})"));
  ASSERT_EQ(out.problems.size(), 6u);
  EXPECT_EQ(out.problems[0].field, "/person/frst_name");
  EXPECT_EQ(out.problems[0].problem,
            "there is no /person/frst_name; the nearest is /person/first_name");
  EXPECT_EQ(out.problems[1].problem, "there is no /persom; the nearest is /person");
  EXPECT_EQ(out.problems[2].problem, "the list has no element /tags/3");
  EXPECT_EQ(out.problems[3].problem, "there is no /state/code: /state is not an object");
  EXPECT_EQ(out.problems[4].problem,
            "there is no /wholly_different; there are: person, tags, state, empty");
  EXPECT_EQ(out.problems[5].problem, "is required, and is null or empty");
}

TEST(Mapping, OneBadItemLeavesTheOthers) {
  auto batch = made(contact).apply_each(document(R"([
      {"person": {"first_name": "Ann"}},
      {"person": {"first_name": "Bob", "mobile": "nonsense"},
       "history": [{"when": "2026-03-04"}, {"when": "someday", "cost": "x"}]},
      7,
      {"person": {"first_name": "Cid"}}])")
                                            .as_array());
  ASSERT_EQ(batch.items.size(), 2u);
  EXPECT_EQ(batch.indexes, (std::vector<std::size_t>{0, 3}));
  EXPECT_EQ(batch.items[1].at("name").at("first"), "Cid");
  ASSERT_EQ(batch.problems.size(), 4u);
  EXPECT_EQ(batch.problems[0].index, 1u);
  EXPECT_EQ(batch.problems[0].field, "/person/mobile");
  EXPECT_EQ(batch.problems[1].field, "/history/1/when");
  EXPECT_EQ(batch.problems[2].field, "/history/1/cost");
  EXPECT_EQ(batch.problems[3].index, 2u);
  EXPECT_EQ(batch.problems[3].problem, "must be an object");
}

TEST(Mapping, ADryRunTellsWhatIsUnknownAndWhatIsMissing) {
  auto mapping = made(contact);
  auto one = mapping.rehearse(document(R"({"person": {"first_name": "Ann", "fax": 1}, "vip": 1,
      "history": [{"when": "2026-03-04", "room": 7}]})"));
  EXPECT_TRUE(one.ok());
  EXPECT_EQ(one.unknown, (std::vector<std::string>{"/history/0/room", "/person/fax", "/vip"}));
  EXPECT_EQ(one.missing, (std::vector<std::string>{"/person/mobile", "/state", "/history/0/cost"}));

  auto batch = mapping.rehearse_each(document(R"([{"person": {"first_name": "A"}, "vip": 1},
                   {"person": {"first_name": "B"}, "vip": 2}, {"state": "N"}])")
                                         .as_array());
  EXPECT_EQ(batch.items.size(), 2u);
  EXPECT_EQ(batch.unknown, (std::map<std::string, std::size_t>{{"/vip", 2}}));
  EXPECT_EQ(batch.missing.at("/person/mobile"), 3u);
  EXPECT_EQ(batch.missing.at("/state"), 2u);
}

TEST(Mapping, InvalidValuesMayCountAsAbsent) {
  auto mapping = made(R"({"fields": [
      {"to": "/phone", "from": ["/a", "/b"], "type": "phone", "if_invalid": "drop"}]})");
  EXPECT_EQ(json::serialize(mapping.apply(document(R"({"a": "x", "b": "2125550100"})")).value),
            R"({"phone":"+12125550100"})");
  EXPECT_EQ(json::serialize(mapping.apply(document(R"({"a": "x"})")).value), "{}");
}

TEST(Mapping, NamesWithSlashesAndTildesAreReached) {
  auto mapping = made(R"({"fields": [{"to": "/a~1b", "from": "/x~1y/~0z/0"}]})");
  EXPECT_EQ(json::serialize(mapping.apply(document(R"({"x/y": {"~z": [5]}})")).value),
            R"({"a/b":5})");
}

TEST(Mapping, UnknownNamesAreCountedOnlySoFar) {
  json::object many;
  for (int i = 0; i < 5000; ++i) many["field_" + std::to_string(i)] = i;
  auto out = made(R"({"fields": [{"to": "/x", "from": "/a"}]})").rehearse(many);
  EXPECT_EQ(out.unknown.size(), 200u);
}

}  // namespace
}  // namespace parley::transform
