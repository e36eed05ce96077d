#pragma once
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <filesystem>
#include <fstream>

#include "parley/base/strings.hpp"
#include "parley/store/objects.hpp"

namespace parley::testkit {

/// What an implementation of ObjectStore needs to be tried.
class ObjectStoreWorld {
 public:
  virtual ~ObjectStoreWorld() = default;
  virtual store::ObjectStore& objects() = 0;
  asio::io_context io;
};

/// What every ObjectStore has to do: include this in a test program and
///   INSTANTIATE_TEST_SUITE_P(InAFolder, ObjectStoreSuite, ::testing::Values(&make_world));
class ObjectStoreSuite : public ::testing::TestWithParam<std::unique_ptr<ObjectStoreWorld> (*)()> {
 protected:
  using Bytes = std::vector<std::byte>;

  void SetUp() override {
    auto name = (std::filesystem::temp_directory_path() / "parley-suite-XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    folder = name;
    world = GetParam()();
  }
  void TearDown() override {
    world.reset();
    std::filesystem::remove_all(folder);
  }
  template <class T>
  Result<T> run(Task<T> task) {
    auto future = asio::co_spawn(world->io, std::move(task), asio::use_future);
    world->io.restart();
    while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      world->io.run_one();
    return future.get();
  }
  Result<void> put(std::string key, std::string_view text) {
    auto bytes = as_bytes(text);
    return run(world->objects().put({}, key, Bytes(bytes.begin(), bytes.end())));
  }
  static Result<std::string> text_of(Result<Bytes> bytes) {
    if (!bytes) return std::unexpected(bytes.error());
    return std::string(as_text(*bytes));
  }
  Result<std::string> get(std::string key) { return text_of(run(world->objects().get({}, key))); }
  Result<std::string> part(std::string key, std::uint64_t first, std::size_t size) {
    return text_of(run(world->objects().get_part({}, key, first, size)));
  }
  Result<std::uint64_t> size(std::string key) { return run(world->objects().size({}, key)); }
  Result<void> remove(std::string key) { return run(world->objects().remove({}, key)); }
  /// A file that is `text`, said to have `size` bytes.
  Result<void> put_file(std::string key, std::string_view head, std::string_view text,
                        std::uint64_t size) {
    auto file = folder / "file";
    std::ofstream(file, std::ios::binary) << text;
    auto bytes = as_bytes(head);
    return run(world->objects().put_file(
        {}, key, store::ObjectFile{Bytes(bytes.begin(), bytes.end()), file, size}));
  }

  std::filesystem::path folder;
  std::unique_ptr<ObjectStoreWorld> world;
};

TEST_P(ObjectStoreSuite, PutGetReplaceRemove) {
  ASSERT_TRUE(put("org_1/recordings/a.wav", "one"));
  EXPECT_EQ(get("org_1/recordings/a.wav").value(), "one");
  ASSERT_TRUE(put("org_1/recordings/a.wav", "two, longer"));
  EXPECT_EQ(get("org_1/recordings/a.wav").value(), "two, longer");
  EXPECT_EQ(size("org_1/recordings/a.wav").value(), 11u);
  ASSERT_TRUE(remove("org_1/recordings/a.wav"));
  ASSERT_TRUE(remove("org_1/recordings/a.wav"));
  EXPECT_EQ(get("org_1/recordings/a.wav").error().code, Errc::not_found);
  EXPECT_EQ(size("org_1/recordings/a.wav").error().code, Errc::not_found);
  EXPECT_EQ(part("org_1/recordings/a.wav", 0, 5).error().code, Errc::not_found);
  ASSERT_TRUE(put("empty", ""));
  EXPECT_EQ(get("empty").value(), "");
  EXPECT_EQ(size("empty").value(), 0u);
  EXPECT_EQ(part("empty", 0, 5).value(), "");
}

TEST_P(ObjectStoreSuite, PartsOfAnObject) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  ASSERT_TRUE(put("a.bin", all_bytes));
  EXPECT_EQ(get("a.bin").value(), all_bytes);
  EXPECT_EQ(part("a.bin", 0, 256).value(), all_bytes);
  EXPECT_EQ(part("a.bin", 250, 3).value(), all_bytes.substr(250, 3));
  EXPECT_EQ(part("a.bin", 250, 1000).value(), all_bytes.substr(250));
  EXPECT_EQ(part("a.bin", 256, 1).value(), "");
  EXPECT_EQ(part("a.bin", 1'000'000, 1).value(), "");
  EXPECT_EQ(part("a.bin", 3, 0).value(), "");
}

TEST_P(ObjectStoreSuite, AnObjectOfAHeadAndAFile) {
  ASSERT_TRUE(put_file("a.wav", "RIFF", "sound and more", 5));
  EXPECT_EQ(get("a.wav").value(), "RIFFsound");
  EXPECT_TRUE(std::filesystem::exists(folder / "file")) << "the caller's to remove";
  ASSERT_TRUE(put_file("a.wav", "", "", 0));
  EXPECT_EQ(get("a.wav").value(), "");
}

TEST_P(ObjectStoreSuite, ALargeFileIsAnObjectToo) {
  std::string sound((12u << 20) + 7, ' ');
  for (std::size_t i = 0; i < sound.size(); ++i) sound[i] = static_cast<char>(i * 31 >> 8);
  ASSERT_TRUE(put_file("large.wav", "head", sound, sound.size()));
  EXPECT_EQ(size("large.wav").value(), sound.size() + 4);
  EXPECT_TRUE(get("large.wav").value() == "head" + sound);
  EXPECT_EQ(part("large.wav", (8u << 20) - 5, 10).value(), sound.substr((8u << 20) - 9, 10));
}

TEST_P(ObjectStoreSuite, AFileThatIsNotAsSaidLeavesTheOldObject) {
  ASSERT_TRUE(put("a.wav", "old"));
  EXPECT_EQ(put_file("a.wav", "RIFF", "short", 6).error().code, Errc::corrupt);
  EXPECT_EQ(put_file("a.wav", "RIFF", "short", 20u << 20).error().code, Errc::corrupt);
  store::ObjectFile missing{{}, folder / "nothing", 5};
  EXPECT_EQ(run(world->objects().put_file({}, "a.wav", missing)).error().code, Errc::not_found);
  EXPECT_EQ(get("a.wav").value(), "old");
}

TEST_P(ObjectStoreSuite, KeysThatAreNoneAreInvalid) {
  for (const std::string& key :
       std::vector<std::string>{"", "/", "/etc/passwd", "../secret", "a/../../secret", "a//b", "a/",
                                "./a", "a b", "ü", ".tmp-1", "a\\b", "a\nb"}) {
    EXPECT_EQ(put(key, "x").error().code, Errc::invalid) << key;
    EXPECT_EQ(put_file(key, "x", "", 0).error().code, Errc::invalid) << key;
    EXPECT_EQ(get(key).error().code, Errc::invalid) << key;
    EXPECT_EQ(part(key, 0, 1).error().code, Errc::invalid) << key;
    EXPECT_EQ(size(key).error().code, Errc::invalid) << key;
    EXPECT_EQ(remove(key).error().code, Errc::invalid) << key;
  }
  EXPECT_EQ(put(std::string(600, 'a'), "x").error().code, Errc::invalid);
}

}  // namespace parley::testkit
