#include "parley/net/retry_after.hpp"

#include <gtest/gtest.h>

namespace parley::net {
namespace {

std::chrono::milliseconds asked(std::string retry, std::string date = "") {
  HttpResponse response;
  response.headers.set("Retry-After", std::move(retry));
  if (!date.empty()) response.headers.set("Date", std::move(date));
  // 2026-03-02 15:00:00
  return retry_after(response, WallTime(std::chrono::seconds(1'772'463'600)));
}

TEST(RetryAfter, IsReadInSecondsAndAsADate) {
  EXPECT_EQ(retry_after(HttpResponse{}, WallTime{}), 0ms);
  EXPECT_EQ(asked("7"), 7s);
  EXPECT_EQ(asked("Mon, 02 Mar 2026 15:01:30 GMT"), 90s);
  // By the clock that wrote it.
  EXPECT_EQ(asked("Mon, 02 Mar 2026 15:01:30 GMT", "Mon, 02 Mar 2026 15:01:20 GMT"), 10s);
}

TEST(RetryAfter, WhatMakesNoSenseAsksForNothing) {
  for (std::string text : {"", "-5", "soon", "7s", "99999999999999999999", "1.5",
                           "Mon, 02 Mar 2026 14:00:00 GMT", "Mon, 02 Mar 2026 15:01:30 GMT or so"})
    EXPECT_EQ(asked(text), 0ms) << text;
  EXPECT_EQ(asked("9000000000"), 24h);
}

}  // namespace
}  // namespace parley::net
