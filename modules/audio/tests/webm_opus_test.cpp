#include "parley/audio/webm_opus.hpp"

#include <gtest/gtest.h>
#include <opus/opus.h>

#include <cmath>
#include <numbers>

#include "webm_maker.hpp"

namespace parley::audio {
namespace {

using testing::WebmMaker;

/// A tone of 440 Hz as packets of 20 ms at 48 kHz.
std::vector<std::string> tone_packets(int count, int channels = 1) {
  int error = OPUS_OK;
  auto* encoder = opus_encoder_create(48000, channels, OPUS_APPLICATION_VOIP, &error);
  std::vector<std::string> packets;
  std::vector<opus_int16> frame(static_cast<std::size_t>(960 * channels));
  for (int n = 0; n < count; ++n) {
    for (int i = 0; i < 960; ++i) {
      double t = (n * 960 + i) / 48000.0;
      auto value = static_cast<opus_int16>(8000 * std::sin(2 * std::numbers::pi * 440 * t));
      for (int c = 0; c < channels; ++c) frame[static_cast<std::size_t>(i * channels + c)] = value;
    }
    std::string packet(4000, '\0');
    auto size = opus_encode(encoder, frame.data(), 960,
                            reinterpret_cast<unsigned char*>(packet.data()), 4000);
    packet.resize(static_cast<std::size_t>(size));
    packets.push_back(std::move(packet));
  }
  opus_encoder_destroy(encoder);
  return packets;
}

std::string recording(int packets, int channels = 1) {
  WebmMaker webm;
  webm.header().segment().tracks(channels).cluster();
  for (auto& packet : tone_packets(packets, channels)) webm.block(packet);
  return webm.bytes();
}

Result<Samples> decode(std::string_view bytes, std::size_t piece) {
  auto decoder = WebmOpusDecoder::create().value();
  Samples all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto samples = decoder.feed(as_bytes(bytes.substr(at, piece)));
    if (!samples) return samples;
    all.insert(all.end(), samples->begin(), samples->end());
  }
  return all;
}

/// How much of the loudness is at this frequency: 1 for a pure tone.
double share_at(std::span<const std::int16_t> samples, double hz) {
  double real = 0;
  double imaginary = 0;
  double power = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double phase = 2 * std::numbers::pi * hz * static_cast<double>(i) / 8000;
    real += samples[i] * std::cos(phase);
    imaginary += samples[i] * std::sin(phase);
    power += static_cast<double>(samples[i]) * samples[i];
  }
  auto count = static_cast<double>(samples.size());
  return 2 * (real * real + imaginary * imaginary) / (count * power);
}

Errc code_of(std::string_view bytes, std::size_t piece = 1000) {
  auto decoded = decode(bytes, piece);
  return decoded ? Errc::end_of_stream : decoded.error().code;
}

TEST(WebmOpus, ATonesRecordingIsThatTone) {
  for (int channels : {1, 2}) {
    auto samples = decode(recording(50, channels), 1000).value();
    // A second, without the 312 samples at 48 kHz that come before the sound.
    EXPECT_EQ(samples.size(), 8000u - 52u) << channels;
    EXPECT_GT(share_at(std::span(samples).subspan(800), 440), 0.95) << channels;
  }
}

TEST(WebmOpus, HoweverItIsCutItIsTheSame) {
  auto bytes = recording(10);
  auto whole = decode(bytes, bytes.size()).value();
  for (std::size_t piece : {1u, 2u, 3u, 7u, 64u, 1001u}) EXPECT_EQ(decode(bytes, piece), whole);
}

TEST(WebmOpus, ClustersOfKnownSizeAndBlockGroupsAreReadToo) {
  auto packets = tone_packets(4);
  WebmMaker webm;
  webm.header().segment_of(100'000).tracks(1).cluster_of(100);
  webm.block(packets[0]).group(packets[1]).nothing(300).cluster().block(packets[2]);
  auto samples = decode(webm.bytes(), 13).value();
  EXPECT_EQ(samples.size(), 3u * 160 - 52);
}

TEST(WebmOpus, ANewFileMayBeginWhereOneIs) {
  auto samples = decode(recording(10) + recording(10), 50).value();
  EXPECT_EQ(samples.size(), 2u * (1600 - 52));
}

TEST(WebmOpus, OtherTracksArePassedOver) {
  auto packets = tone_packets(2);
  WebmMaker webm;
  webm.header().segment().tracks(1).cluster();
  webm.block(packets[0]).block("video", {.track = 2}).block(packets[1]);
  EXPECT_EQ(decode(webm.bytes(), 10).value().size(), 320u - 52);
}

TEST(WebmOpus, WhatIsNoneIsRefused) {
  auto packets = tone_packets(1);
  EXPECT_EQ(code_of(std::string(100, 'g')), Errc::corrupt);
  EXPECT_EQ(code_of(std::string(100, '\0')), Errc::corrupt);
  EXPECT_EQ(code_of("OggS" + std::string(100, 'x')), Errc::corrupt);
  EXPECT_EQ(code_of(WebmMaker().header("mp4").bytes()), Errc::unsupported);
  EXPECT_EQ(code_of(WebmMaker().header().segment().tracks(1, "A_VORBIS").bytes()),
            Errc::unsupported);
  EXPECT_EQ(code_of(WebmMaker().header().segment().tracks(1, "A_OPUS", "OpusTail").bytes()),
            Errc::corrupt);
  EXPECT_EQ(code_of(WebmMaker().header().segment().cluster().block(packets[0]).bytes()),
            Errc::corrupt);
  WebmMaker laced;
  laced.header().segment().tracks(1).cluster().block(packets[0], {.flags = 0x86});
  EXPECT_EQ(code_of(laced.bytes()), Errc::unsupported);
  WebmMaker huge;
  huge.header().segment().tracks(1).cluster().head("\xA3", 1u << 20);
  EXPECT_EQ(code_of(huge.bytes()), Errc::too_large);
  WebmMaker empty_ocean;
  empty_ocean.header().segment().head("\xEC", 1ull << 40);
  EXPECT_EQ(code_of(empty_ocean.bytes()), Errc::too_large);
}

TEST(WebmOpus, ABrokenPacketIsLostAndManyAreNoOpus) {
  auto packets = tone_packets(3);
  WebmMaker webm;
  webm.header().segment().tracks(1).cluster();
  // Code 3 with a count of 63 frames, of which there is nothing.
  std::string broken("\xFF\xFF", 2);
  webm.block(packets[0]).block(broken).block(packets[1]);
  EXPECT_EQ(decode(webm.bytes(), 10).value().size(), 320u - 52);
  for (int i = 0; i < 10; ++i) webm.block(broken);
  EXPECT_EQ(code_of(webm.bytes()), Errc::corrupt);
}

TEST(WebmOpus, AfterAnErrorThereIsNoSound) {
  auto decoder = WebmOpusDecoder::create().value();
  EXPECT_EQ(decoder.feed(as_bytes("nonsense, and more of it")).error().code, Errc::corrupt);
  auto good = recording(2);
  EXPECT_EQ(decoder.feed(as_bytes(good)).error().code, Errc::corrupt);
}

TEST(WebmOpus, MoreThanTenSecondsAtOnceIsRefused) {
  WebmMaker webm;
  webm.header().segment().tracks(1).cluster();
  auto packet = tone_packets(1)[0];
  for (int i = 0; i < 600; ++i) webm.block(packet);
  EXPECT_EQ(code_of(webm.bytes(), webm.bytes().size()), Errc::too_large);
  EXPECT_EQ(decode(webm.bytes(), 4000).value().size(), 600u * 160 - 52);
}

}  // namespace
}  // namespace parley::audio
