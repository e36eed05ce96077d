#include "parley/providers/twilio/signature.hpp"

#include <gtest/gtest.h>

#include "parley/providers/twilio/twiml.hpp"

namespace parley::providers::twilio {
namespace {

constexpr std::string_view token = "0123456789abcdef0123456789abcdef";
const std::string call_url = "https://voice.example.test/twilio/inbound?tenant=42&x=a%20b";
const net::Fields call_form{{"CallSid", "CA00000000000000000000000000000001"},
                            {"AccountSid", "AC00000000000000000000000000000001"},
                            {"From", "+15550001111"},
                            {"To", "+15550002222"},
                            {"CallStatus", "ringing"},
                            {"Direction", "inbound"},
                            {"ApiVersion", "2010-04-01"}};

// Vectors made with npm twilio 6.2.0.
TEST(TwilioSignature, MatchesTheVendorsLibrary) {
  EXPECT_EQ(sign(token, call_url, call_form), "SAoi9LVT/k6euqJs0SEM1BRD2RA=");
  EXPECT_EQ(sign(token, "https://voice.example.test/twilio/inbound?tenant=42&CallSid=CA1", {}),
            "y5hQ+dAh0n6+VhvBuBjoXNrFR78=");
  EXPECT_EQ(sign(token, "https://voice.example.test/s",
                 {{"Body", "Grüße ☎ 1+1"},
                  {"Digits", ""},
                  {"MediaUrl", "b"},
                  {"MediaUrl", "a"},
                  {"MediaUrl", "b"}}),
            "ATlO1Hi6R7MBpiM6fPURB8I0fzA=");
  EXPECT_EQ(sign(token, "https://voice.example.test/s",
                 {{"a", "1"}, {"B", "2"}, {"A", "3"}, {"_x", "4"}, {"A1", "5"}}),
            "aFSLLH0mcE82llLIw2R4n5lyFjs=");
  EXPECT_EQ(sign(token, "wss://voice.example.test/media", {}), "Q+82Zh+6h3XUYGulJvqj0Cl5hC4=");
}

TEST(TwilioSignature, AcceptsTheUrlWithItsPort) {
  EXPECT_TRUE(verify(token, call_url, call_form, "SAoi9LVT/k6euqJs0SEM1BRD2RA="));
  EXPECT_TRUE(verify(token, call_url, call_form, "dTdC729ljZogkcnGIH2WF9akHuo="));
  EXPECT_TRUE(verify(token, "https://voice.example.test:443/twilio/inbound?tenant=42&x=a%20b",
                     call_form, "SAoi9LVT/k6euqJs0SEM1BRD2RA="));
}

TEST(TwilioSignature, RefusesEverythingElse) {
  auto changed = call_form;
  changed[2].second = "+15550001112";
  EXPECT_FALSE(verify(token, call_url, changed, "SAoi9LVT/k6euqJs0SEM1BRD2RA="));
  EXPECT_FALSE(verify(token, call_url + "0", call_form, "SAoi9LVT/k6euqJs0SEM1BRD2RA="));
  EXPECT_FALSE(verify("other", call_url, call_form, "SAoi9LVT/k6euqJs0SEM1BRD2RA="));
  EXPECT_FALSE(verify(token, call_url, call_form, ""));
  EXPECT_FALSE(verify(token, call_url, call_form, "SAoi9LVT/k6euqJs0SEM1BRD2RA"));
}

TEST(TwilioSignature, JsonBodiesAreSignedThroughTheirHash) {
  const std::string url =
      "https://voice.example.test/hook?bodySHA256="
      "451bcf4ede3755ed5e310a6444870be209c3fcd72f4040120e2234f4d8afca22";
  EXPECT_TRUE(verify_body(token, url, R"({"event":"done","n":1})", "SkIsirisEL+Gy9qytlHrTdyOdGk="));
  EXPECT_FALSE(
      verify_body(token, url, R"({"event":"done","n":2})", "SkIsirisEL+Gy9qytlHrTdyOdGk="));
  EXPECT_FALSE(verify_body(token, "https://voice.example.test/hook", "", "x"));
}

TEST(Twiml, EscapesAndConnects) {
  PublicUrls urls{"https://voice.example.test"};
  EXPECT_EQ(render_twiml(telephony::SayAndHangUp{"Tom & <Jerry>\x01"}, urls),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Say>Tom &amp; &lt;Jerry&gt;</Say>"
            "<Hangup/></Response>");
  auto connect = render_twiml(telephony::ConnectMedia{"tok_1"}, urls);
  EXPECT_NE(connect.find("<Stream url=\"wss://voice.example.test/media/twilio/tok_1\"/>"),
            std::string::npos);
  EXPECT_NE(connect.find("action=\"https://voice.example.test/webhooks/twilio/continue\""),
            std::string::npos);
  EXPECT_EQ(PublicUrls{"http://127.0.0.1:8080"}.media("t"), "ws://127.0.0.1:8080/media/twilio/t");
  EXPECT_NE(render_twiml(std::nullopt, urls).find("<Hangup/>"), std::string::npos);
}

}  // namespace
}  // namespace parley::providers::twilio
