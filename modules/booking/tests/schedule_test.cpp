#include "schedule.hpp"

#include <gtest/gtest.h>

namespace parley::booking {
namespace {

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }

TEST(BusyTimes, SeesOverlapsOfAnyShape) {
  ResourceId lee("res_lee");
  // A long one that covers later short ones: only possible after an import.
  BusyTimes busy({{lee, at("2026-03-03T10:00:00Z"), at("2026-03-03T14:00:00Z")},
                  {lee, at("2026-03-03T11:00:00Z"), at("2026-03-03T11:30:00Z")},
                  {lee, at("2026-03-03T16:00:00Z"), at("2026-03-03T17:00:00Z")}});
  auto free = [&](std::string_view from, std::string_view until) {
    return busy.free(lee, at(from), at(until));
  };
  EXPECT_TRUE(free("2026-03-03T09:00:00Z", "2026-03-03T10:00:00Z"));
  EXPECT_FALSE(free("2026-03-03T09:00:00Z", "2026-03-03T10:00:01Z"));
  EXPECT_FALSE(free("2026-03-03T13:00:00Z", "2026-03-03T13:30:00Z"));
  EXPECT_TRUE(free("2026-03-03T14:00:00Z", "2026-03-03T16:00:00Z"));
  EXPECT_FALSE(free("2026-03-03T09:00:00Z", "2026-03-03T18:00:00Z"));
  EXPECT_TRUE(free("2026-03-03T17:00:00Z", "2026-03-03T18:00:00Z"));
  EXPECT_TRUE(
      busy.free(ResourceId("res_kim"), at("2026-03-03T10:00:00Z"), at("2026-03-03T14:00:00Z")));
  EXPECT_EQ(busy.load(lee, at("2026-03-03T11:00:00Z"), at("2026-03-03T16:30:00Z")), 4h);
}

TEST(Schedule, ASlotMayEndAtMidnight) {
  business::Profile profile;
  profile.hours[2] = {{20h, 24h}};
  business::Service service;
  profile.services = {service};
  auto schedule = Schedule::make(profile, at("2026-03-02T15:00:00Z"));
  ASSERT_TRUE(schedule);
  auto start = calendar::parse_local("2026-03-03T23:30").value();
  auto placed = schedule->place(service, start);
  ASSERT_TRUE(placed);
  EXPECT_EQ(calendar::to_text(placed->end), "2026-03-04T00:00");
  EXPECT_EQ(schedule->place(service, start + std::chrono::minutes{1}).error(), Refusal::closed);
}

TEST(Schedule, AWrongZoneIsAnError) {
  business::Profile profile;
  profile.time_zone = "Nowhere";
  auto schedule = Schedule::make(profile, at("2026-03-02T15:00:00Z"));
  ASSERT_FALSE(schedule);
  EXPECT_EQ(schedule.error().code, Errc::invalid);
}

TEST(Names, OfSourcesAndRefusals) {
  for (auto source : {Source::voice_agent, Source::web, Source::staff, Source::api, Source::import})
    EXPECT_EQ(parse_source(to_string(source)), source);
  EXPECT_EQ(parse_source("fax").error().code, Errc::invalid);
  EXPECT_EQ(to_string(Refusal::unknown_service), "unknown_service");
  EXPECT_EQ(to_string(Refusal::taken), "taken");
  EXPECT_EQ(to_string(AppointmentStatus::cancelled), "cancelled");
}

}  // namespace
}  // namespace parley::booking
