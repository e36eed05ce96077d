#include <gtest/gtest.h>

#include "parley/transform/mapping.hpp"

namespace parley::transform {
namespace {

/// Maps {"in": <value>} by one field with these options; "!<problem>" when it is refused.
std::string through(const std::string& options, const std::string& value) {
  auto mapping = Mapping::parse(R"({"fields": [{"to": "/out", "from": "/in")" +
                                (options.empty() ? "" : ", " + options) + "}]}");
  if (!mapping) return "mapping: " + mapping.error().detail;
  auto document = parse_json(R"({"in": )" + value + "}");
  if (!document) return "document: " + document.error().detail;
  auto out = mapping->apply(*document);
  if (!out.ok()) return "!" + out.problems.front().problem;
  auto* found = out.value.as_object().if_contains("out");
  return found ? json::serialize(*found) : "absent";
}

struct Case {
  std::string options;
  std::string value;
  std::string out;
};

void expect_all(const std::vector<Case>& cases) {
  for (auto& c : cases) {
    auto got = through(c.options, c.value);
    if (c.out == "!")
      EXPECT_EQ(got.substr(0, 1), "!") << c.options << " of " << c.value << " gave " << got;
    else
      EXPECT_EQ(got, c.out) << c.options << " of " << c.value;
  }
}

TEST(Conversions, TextTakesScalars) {
  expect_all({{R"("type": "text")", R"("a")", R"("a")"},
              {R"("type": "text")", "17", R"("17")"},
              {R"("type": "text")", "2.5", R"("2.5")"},
              {R"("type": "text")", "true", R"("true")"},
              {R"("type": "text")", "[1]", "!must be text, not an object or a list"},
              {R"("type": "text")", R"("")", "absent"},
              {R"("type": "text")", "null", "absent"},
              {"", R"({"kept": [1, 2]})", R"({"kept":[1,2]})"}});
}

TEST(Conversions, NumbersAreReadWhole) {
  expect_all({{R"("type": "integer")", R"(" 42 ")", "42"},
              {R"("type": "integer")", R"("+7")", "7"},
              {R"("type": "integer")", "3.0", "3"},
              {R"("type": "integer")", "3.5", "!must be a whole number"},
              {R"("type": "integer")", R"("12abc")", "!must be a whole number"},
              {R"("type": "integer")", R"("99999999999999999999")", "!must be a whole number"},
              {R"("type": "number")", R"("2.5")", "2.5E0"},
              {R"("type": "number")", R"("nan")", "!"},
              {R"("type": "number")", R"("inf")", "!"},
              {R"("type": "number")", "true", "!must be a number"}});
}

TEST(Conversions, BooleansInTheWordsOfForms) {
  expect_all({{R"("type": "boolean")", R"("Yes")", "true"},
              {R"("type": "boolean")", "0", "false"},
              {R"("type": "boolean")", R"("off")", "false"},
              {R"("type": "boolean")", R"("maybe")", "!"},
              {R"("type": "boolean")", "2", "!"}});
}

TEST(Conversions, MoneyBecomesMinorUnitsAndIsNeverRounded) {
  const std::string usd = R"("type": "money")";
  const std::string euro = R"("type": "money", "currency": "EUR", "decimal": ",")";
  expect_all({{usd, R"("$1,234.50")", "123450"},
              {usd, "12.34", "1234"},
              {usd, "0.1", "10"},
              {usd, "19", "1900"},
              {usd, R"("12.5")", "1250"},
              {usd, R"("12.500")", "1250"},
              {usd, R"("12.345")", "!has more than 2 decimals"},
              {usd, "12.345", "!has more than 2 decimals"},
              {usd, R"("-3.00")", "-300"},
              {usd, R"-("(3.00)")-", "-300"},
              {usd, R"("(3.00")", "!"},
              {usd, R"("free")", "!must be an amount of money, written like 1234.50"},
              {usd, R"("1.2.3")", "!"},
              {usd, R"("5e3")", "!"},
              {usd, R"(".50")", "!"},
              {usd, R"("999999999999999999999")", "!is too large an amount"},
              {usd, "1e300", "!is too large an amount"},
              {euro, R"("1.234,50 €")", "123450"},
              {euro, "12.34", "1234"},
              {R"("type": "money", "currency": "JPY")", R"("1,200")", "1200"},
              {R"("type": "money", "currency": "JPY")", R"("12.5")", "!has more than 0 decimals"},
              {R"("type": "money", "currency": "KWD")", R"("1.234")", "1234"}});
}

TEST(Conversions, TheCurrencyMayBeInTheDocument) {
  auto mapping = Mapping::parse(R"({"fields": [{"to": "/minor", "from": "/price/amount",
      "type": "money", "currency_from": "/price/currency"}]})");
  ASSERT_TRUE(mapping) << mapping.error().detail;
  auto yen = mapping->apply(*parse_json(R"({"price": {"amount": "500", "currency": "JPY"}})"));
  EXPECT_EQ(json::serialize(yen.value), R"({"minor":500})");
  auto odd = mapping->apply(*parse_json(R"({"price": {"amount": "500", "currency": "coins"}})"));
  ASSERT_EQ(odd.problems.size(), 1u);
  EXPECT_EQ(odd.problems[0].field, "/price/amount");
}

TEST(Conversions, PhoneNumbersAreE164) {
  expect_all({{R"("type": "phone")", R"("(212) 555-0100")", R"("+12125550100")"},
              {R"("type": "phone")", "12125550100", R"("+12125550100")"},
              {R"("type": "phone")", R"("+49 30 901820")", R"("+4930901820")"},
              {R"("type": "phone")", R"("call me")", "!"}});
}

std::string time_in(const std::string& formats, const std::string& zone) {
  return R"("type": "date_time", "formats": )" + formats + R"(, "zone": ")" + zone + '"';
}

TEST(Conversions, NamedFormatsBecomeRfc3339InUtc) {
  const std::string utc = R"("type": "date_time")";
  const std::string new_york = "America/New_York";
  expect_all(
      {{utc, R"("2026-03-04T10:20:30+01:00")", R"("2026-03-04T09:20:30.000Z")"},
       {utc, R"("04.03.2026")", "!is not a time written as rfc3339"},
       {time_in(R"("iso")", new_york), R"("2026-03-04T10:20")", R"("2026-03-04T15:20:00.000Z")"},
       {time_in(R"("iso")", new_york), R"("2026-07-04 10:20:05")", R"("2026-07-04T14:20:05.000Z")"},
       {time_in(R"("iso")", new_york), R"("2026-07-04")", R"("2026-07-04T04:00:00.000Z")"},
       {time_in(R"("us")", new_york), R"("03/04/2026 2:30 PM")", R"("2026-03-04T19:30:00.000Z")"},
       {time_in(R"("day_first")", "UTC"), R"("04/03/2026 14:30")", R"("2026-03-04T14:30:00.000Z")"},
       {time_in(R"("dotted")", "Europe/Berlin"), R"("04.03.2026 14:30")",
        R"("2026-03-04T13:30:00.000Z")"},
       {time_in(R"("compact")", "UTC"), R"("20260304T143005")", R"("2026-03-04T14:30:05.000Z")"},
       {time_in(R"("mail")", "UTC"), R"("Wed, 04 Mar 2026 14:30:05 +0100")",
        R"("2026-03-04T13:30:05.000Z")"},
       {time_in(R"("mail")", "UTC"), R"("Wed, 04 Mar 2026 14:30:05 GMT")",
        R"("2026-03-04T14:30:05.000Z")"},
       {time_in(R"("unix_seconds")", "UTC"), "1772634605", R"("2026-03-04T14:30:05.000Z")"},
       {time_in(R"("unix_milliseconds")", "UTC"), R"("1772634605123")",
        R"("2026-03-04T14:30:05.123Z")"},
       {time_in(R"(["us", "iso"])", "UTC"), R"("2026-03-04T14:30")",
        R"("2026-03-04T14:30:00.000Z")"},
       {time_in(R"(["us", "iso"])", "UTC"), R"("soon")", "!is not a time written as us or iso"},
       {time_in(R"("iso")", "UTC"), R"("2026-03-04T14:30:05.25")", R"("2026-03-04T14:30:05.250Z")"},
       {time_in(R"("iso")", "UTC"), R"("2026-03-04T14:30.5")", "!"},
       {time_in(R"("mail")", "UTC"), R"("Wed, 00 Mar 2026 14:30:0\u00a7 +0100")", "!"},
       {time_in(R"("us")", "UTC"), R"("02/30/2026")", "!"},
       {time_in(R"("iso")", "UTC"), R"("2026-03-04T14:30 and more")", "!"},
       {time_in(R"("unix_seconds")", "UTC"), "1e30", "!"},
       {time_in(R"("unix_seconds")", "UTC"), "-99999999999999", "!"}});
}

TEST(Conversions, DaylightSavingSkipsATimeAndRepeatsAnother) {
  auto iso = time_in(R"("iso")", "America/New_York");
  expect_all({{iso, R"("2026-03-08T02:30")",
               "!does not occur in America/New_York: daylight saving skips it"},
              {iso, R"("2026-11-01T01:30")", R"("2026-11-01T05:30:00.000Z")"},
              // In Chile the day itself begins at one o'clock.
              {time_in(R"("iso_date")", "America/Santiago"), R"("2026-09-06")",
               R"("2026-09-06T04:00:00.000Z")"}});
}

TEST(Conversions, DatesAreCivilDays) {
  expect_all({{R"("type": "date", "formats": "us")", R"("03/04/2026")", R"("2026-03-04")"},
              {R"("type": "date", "formats": "rfc3339", "zone": "America/New_York")",
               R"("2026-03-04T02:00:00Z")", R"("2026-03-03")"},
              {R"("type": "date", "formats": "iso_date", "zone": "America/Santiago")",
               R"("2026-09-06")", R"("2026-09-06")"}});
}

TEST(Conversions, ValuesAreMappedWithADefault) {
  const std::string strict = R"("values": {"new": "open", "1": true})";
  expect_all({{strict, R"("new")", R"("open")"},
              {strict, "1", "true"},
              {strict, R"("mew")", "!is not a known value; the nearest is 'new'"},
              {strict, R"("something else")", "!is not a known value; there are: new, 1"},
              {strict + R"(, "otherwise": "other")", R"("x")", R"("other")"},
              {strict + R"(, "if_invalid": "drop", "default": "none")", R"("x")", R"("none")"}});
}

TEST(Conversions, CleaningInOrder) {
  const std::string html = R"("clean": ["strip_html", "trim"])";
  const std::string all = R"("clean": ["trim", "strip_html", "strip_control", "collapse_spaces"])";
  expect_all({{html, R"(" <b>Hi</b> Tom &amp; Jerry<br/> ")", R"("Hi Tom & Jerry")"},
              {html, R"-("<script>alert('</b>')</script>shown")-", R"("shown")"},
              {html, R"("<style>a{}</STYLE >shown<!-- <b> --> too")", R"("shown too")"},
              {html, R"("3 < 5 > 2")", R"("3 < 5 > 2")"},
              {html, R"-("<<b>script>alert(1)")-", R"-("script>alert(1)")-"},
              {html, R"-("<<<b>script>alert(1)")-", R"-("script>alert(1)")-"},
              {html, R"("<a title='>'>x</a>")", R"("x")"},
              {html, R"("&lt;b&gt;")", R"("&lt;b&gt;")"},
              {html, R"("open <b")", R"("open")"},
              {html, R"("<b></b>")", "absent"},
              {all, R"("a\u0000b\u202ec\r\n  d")", R"("abc d")"},
              {all, R"("<scr\u0001ipt>x</script>y")", R"("y")"},
              {R"("max_length": 3)", R"("abcd")", "!must be at most 3 characters"},
              {R"("max_length": 3, "too_long": "cut")", R"("äöüß")", R"("äöü")"}});
}

}  // namespace
}  // namespace parley::transform
