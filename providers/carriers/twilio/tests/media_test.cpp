#include "parley/providers/twilio/media.hpp"

#include <gtest/gtest.h>

#include "fake_socket.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/next_event.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::providers::twilio {
namespace {

using telephony::MediaAudio;
using telephony::MediaDigit;
using telephony::MediaEvent;
using telephony::MediaMark;
using testing::FakeSocket;

constexpr auto connected = R"({"event":"connected","protocol":"Call","version":"1.0.0"})";
constexpr auto start =
    R"({"event":"start","sequenceNumber":"1","streamSid":"MZ1","start":{"streamSid":"MZ1",)"
    R"("accountSid":"AC1","callSid":"CA1","tracks":["inbound"],"customParameters":{},)"
    R"("mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}})";

std::string media(int chunk, std::string_view payload = "f39/fw==") {
  return R"({"event":"media","sequenceNumber":"2","streamSid":"MZ1","media":{"track":"inbound",)"
         R"("chunk":")" +
         std::to_string(chunk) + R"(","timestamp":")" + std::to_string(chunk * 20) +
         R"(","payload":")" + std::string(payload) + "\"}}";
}

struct MediaTest : ::testing::Test {
  testkit::SimWorld world;
  std::shared_ptr<FakeSocket::Shared> socket = std::make_shared<FakeSocket::Shared>();

  Result<OpenedStream> open() {
    return world.run([this] {
      return open_media_stream(world.context(), world.clock(),
                               std::make_unique<FakeSocket>(socket));
    });
  }
  std::unique_ptr<telephony::MediaStream> opened() {
    socket->bring(connected);
    socket->bring(start);
    auto stream = open();
    EXPECT_TRUE(stream);
    return std::move(stream->media);
  }
  Result<MediaEvent> next(telephony::MediaStream& stream) {
    return world.run([&] { return testkit::next_event(stream); });
  }
};

TEST_F(MediaTest, OpensWithTheCallsIdentity) {
  socket->bring(connected);
  socket->bring(start);
  auto stream = open();
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->start.call_sid, "CA1");
  EXPECT_EQ(stream->start.stream_sid, "MZ1");
}

TEST_F(MediaTest, ASocketThatSaysNothingIsGivenUp) {
  auto stream = open();
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().code, Errc::timeout);
  EXPECT_EQ(world.elapsed(), 10s);
  EXPECT_NE(socket->closed_with, 0);
}

TEST_F(MediaTest, AnotherCodecIsRefused) {
  socket->bring(R"({"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CA1",)"
                R"("mediaFormat":{"encoding":"audio/opus","sampleRate":48000,"channels":1}}})");
  EXPECT_EQ(open().error().code, Errc::unsupported);
}

TEST_F(MediaTest, GarbageBeforeTheStartIsBounded) {
  for (int i = 0; i < 60; ++i) socket->bring("garbage");
  EXPECT_EQ(open().error().code, Errc::corrupt);
}

TEST_F(MediaTest, AStartWithoutItsPartsIsCorrupt) {
  socket->bring(R"({"event":"start","start":{"mediaFormat":{"encoding":"audio/x-mulaw",)"
                R"("sampleRate":8000,"channels":1}}})");
  EXPECT_EQ(open().error().code, Errc::corrupt);
}

TEST_F(MediaTest, GivesAudioDigitsAndMarks) {
  auto stream = opened();
  socket->bring(media(1));
  socket->bring(
      R"({"event":"dtmf","streamSid":"MZ1","dtmf":{"track":"inbound_track","digit":"#"}})");
  ASSERT_TRUE(stream->send_mark("turn-1"));
  socket->bring(R"({"event":"mark","streamSid":"MZ1","mark":{"name":"turn-1"}})");
  socket->bring(R"({"event":"stop","streamSid":"MZ1","stop":{"callSid":"CA1"}})");
  auto audio = next(*stream);
  EXPECT_EQ(std::get<MediaAudio>(*audio).payload.size(), 4u);
  EXPECT_EQ(std::get<MediaAudio>(*audio).timestamp, 20ms);
  EXPECT_EQ(std::get<MediaDigit>(*next(*stream)).digit, '#');
  EXPECT_EQ(std::get<MediaMark>(*next(*stream)).name, "turn-1");
  EXPECT_EQ(next(*stream).error().code, Errc::end_of_stream);
}

TEST_F(MediaTest, BadFramesAreDroppedAndCounted) {
  auto stream = opened();
  socket->bring(media(1));
  socket->bring(media(1));                 // duplicated
  socket->bring(media(5));                 // 2, 3, 4 missing
  socket->bring(media(3));                 // late
  socket->bring(media(6, "not base64!"));  // not base64
  socket->bring(media(7, ""));             // empty
  socket->bring("{\"event\":\"media\"}");  // without media
  socket->bring("\x01\x02", true);         // binary
  socket->bring("{not json");              // not JSON
  socket->bring(std::string(5000, '['));   // deep
  socket->bring(R"({"event":"media","streamSid":"MZ2","media":{"chunk":"8","payload":"fw=="}})");
  socket->bring(R"({"event":"dtmf","streamSid":"MZ1","dtmf":{"digit":"12"}})");
  socket->bring(R"({"event":"surprise","streamSid":"MZ1"})");
  socket->bring(media(9));
  EXPECT_EQ(std::get<MediaAudio>(*next(*stream)).timestamp, 20ms);
  EXPECT_EQ(std::get<MediaAudio>(*next(*stream)).timestamp, 100ms);
  EXPECT_EQ(std::get<MediaAudio>(*next(*stream)).timestamp, 180ms);
  auto counters = stream->counters();
  EXPECT_EQ(counters.duplicated, 1u);
  EXPECT_EQ(counters.out_of_order, 1u);
  EXPECT_EQ(counters.missing, 6u);
  EXPECT_EQ(counters.malformed, 9u);
}

TEST_F(MediaTest, NonsensePlacesInTimeDoNotMuteTheCaller) {
  auto stream = opened();
  auto odd = [&](std::string_view chunk, std::string_view timestamp) {
    socket->bring(R"({"event":"media","streamSid":"MZ1","media":{"chunk":")" + std::string(chunk) +
                  R"(","timestamp":")" + std::string(timestamp) + R"(","payload":"fw=="}})");
  };
  socket->bring(media(1));
  odd("9223372036854775807", "40");
  odd("99999999999999999999", "40");
  odd("-3", "40");
  odd("one", "40");
  odd("2", "9223372036854775807");
  odd("2", "-9223372036854775808");
  socket->bring(media(2));
  EXPECT_EQ(std::get<MediaAudio>(*next(*stream)).timestamp, 20ms);
  EXPECT_EQ(std::get<MediaAudio>(*next(*stream)).timestamp, 40ms);
  EXPECT_EQ(stream->counters().malformed, 6u);
  EXPECT_EQ(stream->counters().missing, 0u);
}

TEST_F(MediaTest, ClearOvertakesAudioAndReturnsEveryMark) {
  auto stream = opened();
  std::vector<std::byte> audio(160, std::byte{0x7f});
  ASSERT_TRUE(stream->send_audio(audio));
  ASSERT_TRUE(stream->send_mark("turn-1"));
  ASSERT_TRUE(stream->clear());
  EXPECT_TRUE(socket->normal.empty()) << "what was queued is dropped";
  ASSERT_EQ(socket->urgent.size(), 1u);
  EXPECT_EQ(socket->urgent[0], R"({"event":"clear","streamSid":"MZ1"})");
  EXPECT_EQ(std::get<MediaMark>(*next(*stream)).name, "turn-1");
  // The carrier's own echo of it says nothing new.
  socket->bring(R"({"event":"mark","streamSid":"MZ1","mark":{"name":"turn-1"}})");
  socket->bring(media(1));
  EXPECT_TRUE(std::holds_alternative<MediaAudio>(*next(*stream)));
}

TEST_F(MediaTest, SendsWhatTwilioExpects) {
  auto stream = opened();
  std::vector<std::byte> audio(3, std::byte{0xff});
  ASSERT_TRUE(stream->send_audio(audio));
  ASSERT_TRUE(stream->send_mark("a\"b"));
  EXPECT_EQ(socket->normal[0], R"({"event":"media","streamSid":"MZ1","media":{"payload":"////"}})");
  EXPECT_EQ(socket->normal[1], R"({"event":"mark","streamSid":"MZ1","mark":{"name":"a\"b"}})");
  socket->full = true;
  EXPECT_EQ(stream->send_audio(audio).error().code, Errc::rate_limited);
}

TEST_F(MediaTest, AStreamThatBreaksEnds) {
  auto stream = opened();
  socket->gone = true;
  EXPECT_EQ(next(*stream).error().code, Errc::unavailable);
}

TEST_F(MediaTest, MediaInAnyFormOfJsonIsTheSame) {
  auto stream = opened();
  auto bring = [&](const std::string& fields) {
    socket->bring(R"({ "media" : {)" + fields + R"(}, "streamSid":"MZ1", "event":"media" })");
    auto event = next(*stream);
    EXPECT_TRUE(event);
    return std::get<MediaAudio>(*event);
  };
  // As it comes, with numbers that are numbers, with an escape, with a field nobody knows.
  for (const char* fields :
       {R"("track":"inbound","chunk":"1","timestamp":"20","payload":"f39/fw==")",
        R"("chunk":2,"timestamp":20,"payload":"f39/fw==","track":"inbound")",
        R"("chunk":"3","timestamp":"20","payload":"f39\/fw==")",
        R"("chunk":"4","timestamp":"20","payload":"f39/fw==","new":{"a":[1,2]})"}) {
    auto audio = bring(fields);
    EXPECT_EQ(audio.payload.size(), 4u) << fields;
    EXPECT_EQ(audio.timestamp, 20ms) << fields;
  }
  EXPECT_EQ(stream->counters().malformed, 0u);
}

TEST_F(MediaTest, BrokenMediaIsCountedWhicheverWayItIsRead) {
  auto stream = opened();
  for (const char* broken :
       {R"({"event":"media","streamSid":"MZ2","media":{"chunk":"1","payload":"f39/fw=="}})",
        R"({"event":"media","streamSid":"MZ1","media":{"chunk":"1","payload":"f39/fw=="})",
        R"({"event":"media","streamSid":"MZ1","media":{"chunk":"1","payload":"f39/fw=="}}})",
        R"({"event":"media","streamSid":"MZ1","media":{"chunk":"-1","payload":"f39/fw=="}})",
        R"({"event":"media","streamSid":"MZ1","media":{"chunk":"1","payload":"no base64!"}})",
        R"({"event":"media","streamSid":"MZ1","media":{"chunk":"1","payload":""}})",
        R"({"event":"media","streamSid":"MZ1","media":{"chunk":"1","chunk":"x","payload":"ff"}})"})
    socket->bring(broken);
  socket->bring(media(1));
  EXPECT_TRUE(next(*stream));
  EXPECT_EQ(stream->counters().malformed, 7u);
}

}  // namespace
}  // namespace parley::providers::twilio
