#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "call_records.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"

namespace parley::calls {
namespace {

class RecordingFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto name = (std::filesystem::temp_directory_path() / "parley-recording-XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    folder = name;
    std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    open();
  }
  void TearDown() override {
    allow(before.rlim_cur);
    std::filesystem::remove_all(folder);
  }
  void open(Duration begins = {}) {
    recording = std::make_shared<RecordingFile>(pool, folder / "call.s16", begins);
  }
  void allow(rlim_t bytes) {
    rlimit now{bytes, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  /// Two seconds of both sides, all of one value.
  void append(std::int16_t value) { recording->append(audio::Samples(32'000, value)); }
  /// What would be stored.
  std::vector<std::byte> file() {
    auto from = wav_of_spooled(folder / "call.s16");
    EXPECT_TRUE(from);
    std::ifstream in(from->file, std::ios::binary);
    std::string sound(from->size_bytes, ' ');
    in.read(sound.data(), static_cast<std::streamsize>(sound.size()));
    EXPECT_TRUE(in);
    auto bytes = from->head;
    std::ranges::copy(as_bytes(sound), std::back_inserter(bytes));
    return bytes;
  }
  /// The first sample of each two seconds.
  std::vector<int> pieces() {
    auto wav = audio::read_wav(file());
    EXPECT_TRUE(wav);
    std::vector<int> found;
    for (std::size_t at = 0; at < wav->samples.size(); at += 32'000) {
      found.push_back(wav->samples[at]);
      EXPECT_EQ(wav->samples[at], wav->samples[std::min(at + 31'999, wav->samples.size() - 1)]);
    }
    return found;
  }

  std::filesystem::path folder;
  rlimit before{};
  WorkerPool pool{{.name = "files", .threads = 0}};
  std::shared_ptr<RecordingFile> recording;
};

TEST_F(RecordingFileTest, WhatAFullDiskDidNotTakeIsWrittenWhenThereIsRoom) {
  append(1);
  allow(100'000);
  append(2);
  append(3);
  EXPECT_EQ(pieces().at(0), 1);
  allow(before.rlim_cur);
  append(4);
  EXPECT_EQ(pieces(), (std::vector<int>{1, 2, 3, 4}));
}

TEST_F(RecordingFileTest, WhatWaitsTooLongBecomesSilenceInItsPlace) {
  append(1);
  allow(100'000);
  for (int i = 0; i < 62; ++i) append(2);
  allow(before.rlim_cur);
  append(3);
  auto found = pieces();
  ASSERT_EQ(found.size(), 64u);
  EXPECT_EQ(std::ranges::count(found, 0), 2);
  EXPECT_EQ(std::vector(found.begin(), found.begin() + 4), (std::vector<int>{1, 0, 0, 2}));
  EXPECT_EQ(found.back(), 3);
}

TEST_F(RecordingFileTest, AnotherConnectionGoesOnInTheSameFile) {
  append(1);
  open();
  append(2);
  EXPECT_EQ(pieces(), (std::vector<int>{1, 2}));
}

TEST_F(RecordingFileTest, TheTimeBetweenConnectionsIsSilence) {
  append(1);
  std::ofstream(folder / "call.s16", std::ios::binary | std::ios::app) << "abc";  // a crash
  open(6s);
  append(2);
  auto found = audio::read_wav(file())->samples;
  ASSERT_EQ(found.size(), 4u * 32'000);
  EXPECT_EQ(found[31'999], 1);
  EXPECT_EQ(std::ranges::count(std::span(found).subspan(32'000, 64'000), 0), 64'000);
  EXPECT_EQ(found[96'000], 2);
  EXPECT_EQ(spooled_length(folder / "call.s16"), 8s);
}

TEST_F(RecordingFileTest, WhatIsThereIsKeptWhateverTheClockSays) {
  append(1);
  append(2);
  open(1s);
  append(3);
  EXPECT_EQ(pieces(), (std::vector<int>{1, 2, 3}));
}

TEST_F(RecordingFileTest, NothingRecordedIsNotFound) {
  EXPECT_EQ(wav_of_spooled(folder / "call.s16").error().code, Errc::not_found);
  EXPECT_EQ(spooled_length(folder / "call.s16"), 0s);
}

}  // namespace
}  // namespace parley::calls
