#include <libical/ical.h>

#include "fixture.hpp"

namespace parley::booking {
namespace {

class FeedDbTest : public BookingFixture {
 protected:
  std::string feed() {
    return run([&] { return booking->calendar_feed(ctx, profile->id); }).value();
  }

  using Parsed = std::unique_ptr<icalcomponent, decltype(&icalcomponent_free)>;
  static Parsed parsed(const std::string& text) {
    Parsed component(icalparser_parse_string(text.c_str()), &icalcomponent_free);
    EXPECT_TRUE(component) << text;
    if (component) EXPECT_EQ(icalcomponent_count_errors(component.get()), 0) << text;
    return component;
  }
  static std::vector<icalcomponent*> events_of(const Parsed& calendar) {
    std::vector<icalcomponent*> all;
    for (auto* e = icalcomponent_get_first_component(calendar.get(), ICAL_VEVENT_COMPONENT); e;
         e = icalcomponent_get_next_component(calendar.get(), ICAL_VEVENT_COMPONENT))
      all.push_back(e);
    return all;
  }
};
PARLEY_ON_BOTH_DATABASES(FeedDbTest);

TEST_P(FeedDbTest, ParsesBackWithTimesUidAndSequence) {
  auto a = booked("2026-03-03T14:00");
  ASSERT_TRUE(run([&] { return booking->move(ctx, a.id, local("2026-03-04T15:00"), 0); }));
  auto gone = booked("2026-03-05T14:00");
  ASSERT_TRUE(run([&] { return booking->cancel(ctx, gone.id); }));
  auto text = feed();
  auto calendar = parsed(text);
  auto all = events_of(calendar);
  ASSERT_EQ(all.size(), 1u) << "cancelled ones are not shown";
  auto* e = all[0];
  EXPECT_EQ(icalcomponent_get_uid(e), a.id.str() + "@parley");
  EXPECT_EQ(icalcomponent_get_sequence(e), 1);
  EXPECT_STREQ(icaltime_as_ical_string(icalcomponent_get_dtstart(e)), "20260304T200000Z");
  EXPECT_STREQ(icaltime_as_ical_string(icalcomponent_get_dtend(e)), "20260304T203000Z");
  EXPECT_STREQ(icalcomponent_get_summary(e), "Cleaning: Ann Smith (Dr. Kim)");
  EXPECT_STREQ(icalcomponent_get_location(e), "1 Main St, New York");
  EXPECT_EQ(icalcomponent_get_status(e), ICAL_STATUS_CONFIRMED);
  EXPECT_NE(text.find("VERSION:2.0\r\n"), std::string::npos);
  EXPECT_NE(text.find("PRODID:"), std::string::npos);
}

TEST_P(FeedDbTest, NothingACustomerSaysBecomesALine) {
  change_profile([](auto& p) { p.name = "Smiles; \"Bright\", Ltd\\n"; });
  auto request = wish("2026-03-03T14:00");
  request.customer.name = "Ann; ATTENDEE:mailto:x@y, \\n Grüße";
  request.notes = "line one\nEND:VEVENT\r\nBEGIN:VEVENT\nSUMMARY:forged; " + std::string(300, 'x');
  ASSERT_EQ(outcome(book(request)), "ok");
  auto text = feed();
  auto calendar = parsed(text);
  auto all = events_of(calendar);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(std::string(icalcomponent_get_summary(all[0])),
            "Cleaning: Ann; ATTENDEE:mailto:x@y, \\n Grüße (Dr. Kim)");
  EXPECT_EQ(icalcomponent_count_properties(all[0], ICAL_ATTENDEE_PROPERTY), 0);
  EXPECT_NE(
      std::string(icalcomponent_get_description(all[0])).find("\nBEGIN:VEVENT\nSUMMARY:forged"),
      std::string::npos);
  // Each line ends in CRLF and has at most 75 octets.
  std::size_t begin = 0;
  while (begin < text.size()) {
    auto end = text.find('\n', begin);
    ASSERT_NE(end, std::string::npos);
    EXPECT_EQ(text[end - 1], '\r');
    EXPECT_LE(end - 1 - begin, 75u) << text.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST_P(FeedDbTest, GoesBackThirtyDays) {
  booked("2026-03-03T14:00");
  clock.advance(std::chrono::days{29});
  EXPECT_EQ(events_of(parsed(feed())).size(), 1u);
  clock.advance(std::chrono::days{3});
  EXPECT_EQ(events_of(parsed(feed())).size(), 0u);
}

}  // namespace
}  // namespace parley::booking
