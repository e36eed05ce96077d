#include "parley/webhooks/signature.hpp"

#include <gtest/gtest.h>

#include "parley/base/strings.hpp"

namespace parley::webhooks {
namespace {

WallTime at(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

// Published by the libraries standardwebhooks and svix.
TEST(StandardSecret, SignsAsThePublishedVectors) {
  auto first = StandardSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").value();
  EXPECT_EQ(first.sign("msg_2Lh9KRb0pzN4LePd3XiA4v9Axj", at(1768480496),
                       R"({"type":"lead.created","timestamp":"2026-01-15T12:34:56Z",)"
                       R"("data":{"id":"ld_42"}})"),
            "v1,oXDlgNmAGrwl7zMLGfvLSRK4cKdXYkdirMqVn/8jRE8=");
  auto second = StandardSecret::parse("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").value();
  EXPECT_EQ(second.sign("msg_0001", at(1700000000), "{}"),
            "v1,OblPHTnSFWGEp1F7CHaqoZ3/0gIuMyZLe/LhmkZsI6c=");
  EXPECT_EQ(second.text(), "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
}

TEST(StandardSecret, EachIsItsOwnAndReadBackTheSame) {
  SystemRandom random;
  auto one = StandardSecret::make(random);
  auto other = StandardSecret::make(random);
  EXPECT_NE(one.text(), other.text());
  auto again = StandardSecret::parse(one.text()).value();
  EXPECT_EQ(again.sign("a", at(1), "b"), one.sign("a", at(1), "b"));
}

TEST(StandardSecret, WhatIsNoneIsInvalid) {
  for (auto* text : {"", "whsec_", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "whsec_c2hvcnQ=",
                     "whsec_!!!!"})
    EXPECT_EQ(StandardSecret::parse(text).error().code, Errc::invalid) << text;
}

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
TEST(HmacSha256, PublishedVectors) {
  auto hex = [](std::string_view key, std::string_view text) {
    return to_hex(as_bytes(hmac_sha256(key, text)));
  };
  EXPECT_EQ(hex(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

class GenericSignature : public ::testing::Test {
 protected:
  Verdict check(std::string_view signature, std::string_view timestamp) {
    return check_generic("secret", {signature, timestamp}, body, now);
  }
  std::string body = R"({"id":"1"})";
  WallTime now = at(1'700'000'000);
};

TEST_F(GenericSignature, FiveMinutesEitherWay) {
  for (auto [offset, verdict] :
       std::initializer_list<std::pair<int, Verdict>>{{0, Verdict::good},
                                                      {300, Verdict::good},
                                                      {-300, Verdict::good},
                                                      {301, Verdict::stale},
                                                      {-301, Verdict::stale},
                                                      {-86400 * 365, Verdict::stale}}) {
    auto timestamp = std::to_string(1'700'000'000 + offset);
    auto signature = generic_signature("secret", timestamp, body);
    EXPECT_EQ(check(signature, timestamp), verdict) << offset;
    EXPECT_EQ(check("sha256=" + signature, timestamp), verdict) << offset;
  }
}

TEST_F(GenericSignature, AnythingElseIsRefused) {
  auto right = generic_signature("secret", "1700000000", body);
  EXPECT_EQ(check("", "1700000000"), Verdict::bad_signature);
  EXPECT_EQ(check(right.substr(1), "1700000000"), Verdict::bad_signature);
  EXPECT_EQ(check(right, "1700000001"), Verdict::bad_signature) << "the time is signed";
  EXPECT_EQ(check(generic_signature("other", "1700000000", body), "1700000000"),
            Verdict::bad_signature);
  body += " ";
  EXPECT_EQ(check(right, "1700000000"), Verdict::bad_signature) << "the body is signed";
}

TEST_F(GenericSignature, ATimeThatIsNoneIsStaleHoweverSigned) {
  for (auto* timestamp : {"", "now", "1700000000x", " 1700000000", "-5", "99999999999999999999",
                          "253402300800", "1700000000.5", "1700000000000"})
    EXPECT_EQ(check(generic_signature("secret", timestamp, body), timestamp), Verdict::stale)
        << timestamp;
}

}  // namespace
}  // namespace parley::webhooks
