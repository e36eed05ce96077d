#include <gtest/gtest.h>

#include "parley/base/strings.hpp"
#include "parley/transform/mapping.hpp"

namespace parley::transform {
namespace {

std::string faults_of(std::string_view text) {
  auto mapping = Mapping::parse(text);
  if (mapping) return "";
  EXPECT_EQ(mapping.error().code, Errc::invalid);
  return mapping.error().detail;
}

/// A file with this one field.
std::string faults_of_field(const std::string& field) {
  return faults_of(R"({"fields": [)" + field + "]}");
}

TEST(MappingFile, FaultsNameTheirPlaceAndTheNearestWord) {
  const std::string from = R"({"to": "/a", "from": "/b", )";
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"to": "/a", "fromm": "/b"})",
       "/fields/0/fromm: is not a known key; the nearest is 'from'"},
      {R"({"from": "/b"})", "/fields/0/to: is required"},
      {R"({"to": "/a"})", "/fields/0/from: is required"},
      {R"({"to": "a", "from": "/b"})",
       "/fields/0/to: a path is a JSON pointer and begins with '/': '/a'"},
      {R"({"to": "", "from": "/b"})", "/fields/0/to: must name a field"},
      {R"({"to": "/a", "from": "/b~2"})", "/fields/0/from: in a JSON pointer '~' is written '~0'"},
      {R"({"to": "/a", "from": 5})", "/fields/0/from: must be a text or a list of texts"},
      {R"({"to": "/a", "from": "/b", "value": 1})",
       "/fields/0/value: a field has 'from' or 'value'"},
      {R"({"to": "/a", "value": 1, "required": true})", "/fields/0/value: is always there"},
      {R"(7)", "/fields/0: must be an object"},
      {from + R"("type": "phome"})",
       "/fields/0/type: 'phome' is not one of them; the nearest is 'phone'"},
      {from + R"("type": "date", "formats": "iso_dat"})", "the nearest is 'iso_date'"},
      {from + R"("type": "date", "zone": "America/NewYork"})", "the nearest is 'America/New_York'"},
      {from + R"("formats": "iso"})", "/fields/0/formats: is for date and date_time"},
      {from + R"("zone": "UTC"})", "/fields/0/zone: is for date and date_time"},
      {from + R"("currency": "USD"})", "/fields/0/currency: is for money"},
      {from + R"("type": "money", "currency": "dollars"})",
       "/fields/0/currency: must be an ISO 4217 code"},
      {from + R"("type": "money", "decimal": ";"})", "/fields/0/decimal: must be '.' or ','"},
      {from + R"("clean": ["trimm"]})",
       "/fields/0/clean: 'trimm' is not a way of cleaning; the nearest is 'trim'"},
      {from + R"("max_length": 0})", "/fields/0/max_length: must be a whole number from 1"},
      {from + R"("type": "phone", "max_length": 5})", "/fields/0/max_length: is for text"},
      {from + R"("too_long": "cut"})", "/fields/0/too_long: says what to do past 'max_length'"},
      {from + R"("values": ["x"]})", "/fields/0/values: must be an object"},
      {from + R"("values": {}, "type": "text"})", "/fields/0/type: 'values' say what comes out"},
      {from + R"("otherwise": 1})", "/fields/0/otherwise: says what a value"},
      {from + R"("required": "yes"})", "/fields/0/required: must be true or false"},
      {from + R"("required": true, "default": 1})", "/fields/0/required: a field with a 'default'"},
      {from + R"("each": {"fields": [{"to": "/x", "from": "y"}]}})",
       "/fields/0/each/fields/0/from: a path is"},
      {from + R"("each": {"fields": []}})",
       "/fields/0/each/fields: must be a list with at least one"},
      {from + R"("each": {"fields": [{"to": "/x", "from": "/y"}]}, "type": "text"})",
       "/fields/0/each: maps a list"},
      {R"({"to": "/a", "from": "/b"}, {"to": "/a", "from": "/c"})",
       "/fields/1/to: /a is already written by /fields/0"},
      {R"({"to": "/a/b", "from": "/b"}, {"to": "/a", "from": "/c"})",
       "/fields/1/to: /a/b is already written by /fields/0"},
  };
  for (auto& [field, fault] : cases)
    EXPECT_NE(faults_of_field(field).find(fault), std::string::npos)
        << field << "\n gave: " << faults_of_field(field) << "\n not: " << fault;
}

TEST(MappingFile, FaultsOfTheWhole) {
  EXPECT_EQ(faults_of("[]"),
            "/: must be an object\n/fields: must be a list with at least one field");
  EXPECT_EQ(faults_of(R"({"feilds": []})"),
            "/fields: must be a list with at least one field\n"
            "/feilds: is not a known key; the nearest is 'fields'");
  EXPECT_NE(faults_of(R"({"unknown": "kept", "fields": [{"to": "/a", "value": 1}]})")
                .find("/unknown: 'kept' is not one of them"),
            std::string::npos);
  EXPECT_NE(faults_of(R"({"unknown": {"keep": "a"}, "fields": [{"to": "/a", "value": 1}]})")
                .find("/fields/0/to: /a is already written by what 'unknown' keeps"),
            std::string::npos);
}

TEST(MappingFile, MalformedJsonHasALineAndAColumn) {
  EXPECT_EQ(faults_of("{\n  \"fields\": [,]\n}").substr(0, 17), "line 2, column 14");
  EXPECT_EQ(faults_of("{}\n{}"), "line 2, column 1: text after the end");
  EXPECT_NE(faults_of("").find("line 1, column 1"), std::string::npos);
}

TEST(MappingFile, AllFaultsAreToldUpToTwenty) {
  std::string fields;
  for (int i = 0; i < 30; ++i) fields += std::string(i ? "," : "") + R"({"to": "x", "value": 1})";
  auto faults = split(faults_of_field(fields), '\n');
  ASSERT_EQ(faults.size(), 21u);
  EXPECT_EQ(faults.back(), "and 10 more");
}

TEST(MappingFile, BoundsAreKept) {
  EXPECT_EQ(faults_of(std::string((1u << 20) + 1, ' ')), "a mapping has at most 1 MB");
  std::string fields;
  for (int i = 0; i < 1001; ++i)
    fields +=
        (i ? "," : "") + std::string(R"({"to": "/x)") + std::to_string(i) + R"(", "value": 1})";
  EXPECT_EQ(faults_of_field(fields), "/fields: a mapping has at most 1000 fields");
  std::string nested = R"({"to": "/x", "value": 1})";
  for (int i = 0; i < 9; ++i)
    nested = R"({"to": "/x", "from": "/x", "each": {"fields": [)" + nested + "]}}";
  EXPECT_NE(faults_of_field(nested).find("lists may stand in lists 8 deep"), std::string::npos);
}

}  // namespace
}  // namespace parley::transform
