#include "parley/audio/stereo_recorder.hpp"

#include <gtest/gtest.h>

namespace parley::audio {
namespace {

using Track = StereoRecorder::Track;

Samples filled(std::size_t count, int value) {
  return Samples(count, static_cast<std::int16_t>(value));
}

TEST(StereoRecorder, PutsTheCallerLeftAndTheAgentRight) {
  StereoRecorder recorder;
  recorder.add(Track::caller, 0ms, filled(2, 1));
  recorder.add(Track::agent, 0ms, filled(2, 2));
  EXPECT_EQ(recorder.drain_all(), (Samples{1, 2, 1, 2}));
}

TEST(StereoRecorder, GapsAreSilenceAndTracksStayInStep) {
  StereoRecorder recorder;
  recorder.add(Track::caller, 1ms, filled(8, 1));
  recorder.add(Track::agent, 3ms, filled(8, 2));
  EXPECT_EQ(recorder.length(), 4ms);
  auto audio = recorder.drain_all();
  ASSERT_EQ(audio.size(), 64U);
  EXPECT_EQ(audio[0], 0);
  EXPECT_EQ(audio[16], 1);
  EXPECT_EQ(audio[17], 0);
  EXPECT_EQ(audio[48], 0);
  EXPECT_EQ(audio[49], 2);
}

TEST(StereoRecorder, ADuplicateChangesNothing) {
  StereoRecorder recorder;
  for (int i = 0; i < 3; ++i) recorder.add(Track::agent, 20ms, filled(160, 7));
  EXPECT_EQ(recorder.length(), 40ms);
  auto audio = recorder.drain_all();
  EXPECT_EQ(audio.at(2 * 160 + 1), 7);
}

TEST(StereoRecorder, DrainsWhileTheCallRuns) {
  StereoRecorder recorder;
  recorder.add(Track::caller, 0ms, filled(320, 1));
  auto first = recorder.drain(20ms);
  EXPECT_EQ(first.size(), 320U);
  recorder.add(Track::caller, 40ms, filled(160, 2));
  auto second = recorder.drain_all();
  ASSERT_EQ(second.size(), 640U);
  EXPECT_EQ(second[0], 1);
  EXPECT_EQ(second[320], 2);
  EXPECT_EQ(recorder.length(), 60ms);
  EXPECT_TRUE(recorder.drain_all().empty());
}

TEST(StereoRecorder, LateAudioIsCutToWhatIsStillOpen) {
  StereoRecorder recorder;
  recorder.drain(20ms);
  recorder.add(Track::caller, 0ms, filled(160, 9));  // wholly late
  EXPECT_EQ(recorder.length(), 20ms);
  recorder.add(Track::caller, 10ms, filled(160, 9));  // half late
  EXPECT_EQ(recorder.length(), 30ms);
  EXPECT_FALSE(recorder.truncated());
}

TEST(StereoRecorder, DrainingPastTheEndGivesSilence) {
  StereoRecorder recorder;
  recorder.add(Track::agent, 0ms, filled(80, 3));
  auto audio = recorder.drain(20ms);
  ASSERT_EQ(audio.size(), 320U);
  EXPECT_EQ(audio[1], 3);
  EXPECT_EQ(audio[319], 0);
}

TEST(StereoRecorder, BoundsAreKept) {
  StereoRecorder recorder({.max_length = 1s, .max_buffered = 100ms});
  recorder.add(Track::caller, 90ms, filled(160, 1));
  EXPECT_EQ(recorder.length(), 100ms);
  EXPECT_TRUE(recorder.truncated());
  recorder.add(Track::caller, 10h, filled(160, 1));
  EXPECT_EQ(recorder.length(), 100ms);
  EXPECT_EQ(recorder.drain(100h).size(), 16000U);
  recorder.add(Track::caller, 1s, filled(160, 1));
  EXPECT_TRUE(recorder.drain_all().empty());
}

TEST(StereoRecorder, NegativeTimesCountAsTheStart) {
  StereoRecorder recorder;
  recorder.add(Track::caller, -5s, filled(8, 4));
  EXPECT_EQ(recorder.length(), 1ms);
}

}  // namespace
}  // namespace parley::audio
