#include "parley/audio/wav.hpp"

#include <gtest/gtest.h>

#include <random>

#include "parley/base/strings.hpp"

namespace parley::audio {
namespace {

using Bytes = std::vector<std::byte>;

Bytes from_hex(std::string_view hex) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

Bytes operator+(Bytes left, const Bytes& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

void set32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
}

const std::string_view pcm_header =
    "52494646a43e000057415645666d74201000000001000100401f0000803e00000200100064617461803e0000";
const std::string_view mulaw_header =
    "52494646721f000057415645666d74201200000007000100401f0000401f0000010008000000666163740400000040"
    "1f000064617461401f0000";

TEST(Wav, WritesThePublishedHeader) { EXPECT_EQ(wav_header({}, 16000), from_hex(pcm_header)); }

TEST(Wav, ReadsWhatItWrites) {
  const Samples samples{0, 1, -1, 32767, -32768, 256};
  for (int channels : {1, 2}) {
    auto wav = read_wav(write_wav(samples, {.rate_hz = 16000, .channels = channels}));
    ASSERT_TRUE(wav);
    EXPECT_EQ(wav->samples, samples);
    EXPECT_EQ(wav->rate_hz, 16000);
    EXPECT_EQ(wav->channels, channels);
  }
}

TEST(Wav, GivesChannelsAndTheirMiddle) {
  Wav wav{.samples = {10, 20, 30, 40}, .rate_hz = 8000, .channels = 2};
  EXPECT_EQ(wav.channel(0), (Samples{10, 30}));
  EXPECT_EQ(wav.channel(1), (Samples{20, 40}));
  EXPECT_EQ(wav.mono(), (Samples{15, 35}));
}

TEST(Wav, ReadsTelephoneCodings) {
  auto file = from_hex(mulaw_header) + Bytes(8000, std::byte{0xAA});
  auto wav = read_wav(file);
  ASSERT_TRUE(wav);
  EXPECT_EQ(wav->samples, Samples(8000, 5372));
  file[20] = std::byte{6};
  wav = read_wav(file);
  ASSERT_TRUE(wav);
  EXPECT_EQ(wav->samples, Samples(8000, 32256));
}

TEST(Wav, ReadsExtensibleFormat) {
  auto extensible = from_hex(
      "52494646ffffffff57415645666d742028000000feff0100803e0000007d000002001000"
      "160010000400000001000000000010008000"
      "00aa00389b71");
  auto file = extensible + from_hex("6461746104000000") + from_hex("01000200");
  auto wav = read_wav(file);
  ASSERT_TRUE(wav) << wav.error().detail;
  EXPECT_EQ(wav->rate_hz, 16000);
  EXPECT_EQ(wav->samples, (Samples{1, 2}));
}

TEST(Wav, SkipsUnknownChunksAndTheirPadding) {
  const auto whole = write_wav(Samples{5, 6});

  auto file = Bytes(whole.begin(), whole.begin() + 12) + from_hex("4c4953540300000041414100") +
              from_hex("4a554e4b00000000") + Bytes(whole.begin() + 12, whole.end());
  auto wav = read_wav(file);
  ASSERT_TRUE(wav) << wav.error().detail;
  EXPECT_EQ(wav->samples, (Samples{5, 6}));
}

TEST(Wav, StreamedSizesMeanToTheEnd) {
  for (std::uint32_t size : {0U, 0xFFFFFFFFU}) {
    auto file = write_wav(Samples{1, 2, 3});
    set32(file, 40, size);
    auto wav = read_wav(file);
    ASSERT_TRUE(wav);
    EXPECT_EQ(wav->samples, (Samples{1, 2, 3}));
  }
  auto streamed = read_wav(streamed_wav_header({}) + from_hex("0700"));
  ASSERT_TRUE(streamed);
  EXPECT_EQ(streamed->samples, Samples{7});
}

TEST(Wav, CutOffDataIsReadAsFarAsItGoes) {
  auto file = write_wav(Samples{1, 2, 3});
  file.pop_back();
  auto wav = read_wav(file);
  ASSERT_TRUE(wav);
  EXPECT_EQ(wav->samples, (Samples{1, 2}));
}

TEST(Wav, RecordingsPastFourGibibytesAreStreamed) {
  EXPECT_EQ(wav_header({}, std::size_t{5} << 30U), streamed_wav_header({}));
}

struct Bad {
  std::string name;
  Bytes file;
  Errc code;
};

std::vector<Bad> bad_files() {
  const auto good = write_wav(Samples{1, 2, 3});
  auto with = [&good](std::size_t at, unsigned value) {
    auto file = good;
    file[at] = static_cast<std::byte>(value);
    return file;
  };
  auto long_chunk = good;
  set32(long_chunk, 16, 0x7FFFFFFF);
  auto slow = good;
  set32(slow, 24, 3);
  auto no_rate = good;
  set32(no_rate, 24, 0);
  Bytes data_first(good.begin(), good.begin() + 12);
  data_first = data_first + Bytes(good.begin() + 36, good.end());
  Bytes short_extensible = with(20, 0xFE);
  short_extensible[21] = std::byte{0xFF};
  return {{"empty", {}, Errc::corrupt},
          {"not riff", with(0, 'X'), Errc::corrupt},
          {"not wave", with(8, 'X'), Errc::corrupt},
          {"only the head", Bytes(good.begin(), good.begin() + 12), Errc::corrupt},
          {"format chunk longer than the file", long_chunk, Errc::corrupt},
          {"format chunk too short", with(16, 8), Errc::corrupt},
          {"extensible without its tail", short_extensible, Errc::corrupt},
          {"no channels", with(22, 0), Errc::corrupt},
          {"no rate", no_rate, Errc::corrupt},
          {"data before format", data_first, Errc::corrupt},
          {"three channels", with(22, 3), Errc::unsupported},
          {"rate of three hertz", slow, Errc::unsupported},
          {"float", with(20, 3), Errc::unsupported},
          {"twenty-four bits", with(34, 24), Errc::unsupported}};
}

TEST(Wav, BadFilesAreRefusedByName) {
  for (const auto& bad : bad_files()) {
    auto wav = read_wav(bad.file);
    ASSERT_FALSE(wav) << bad.name;
    EXPECT_EQ(wav.error().code, bad.code) << bad.name << ": " << wav.error().detail;
  }
}

TEST(Wav, LimitIsKept) {
  auto wav = read_wav(write_wav(Samples(101)), {.max_samples = 100});
  ASSERT_FALSE(wav);
  EXPECT_EQ(wav.error().code, Errc::too_large);
}

TEST(Wav, DamageNeverReadsOutside) {
  std::mt19937 random(7);
  const auto good = from_hex(mulaw_header) + Bytes(64, std::byte{0x55});
  for (int round = 0; round < 20000; ++round) {
    auto file = good;
    for (int change = 0; change < 4; ++change)
      file[random() % file.size()] = static_cast<std::byte>(random());
    file.resize(random() % (file.size() + 1));
    auto wav = read_wav(file, {.max_samples = 1000});
    if (wav) {
      EXPECT_LE(wav->samples.size(), file.size());
    }
  }
}

}  // namespace
}  // namespace parley::audio
