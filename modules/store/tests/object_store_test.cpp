#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "parley/base/strings.hpp"
#include "parley/store/objects.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::store {
namespace {

class ObjectStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto name = (std::filesystem::temp_directory_path() / "parley-objects-XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    folder = name;
    objects = open_folder_objects(pool, folder / "objects").value();
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Result<void> put(std::string key, std::string_view text) {
    auto bytes = as_bytes(text);
    return world.run([&] {
      return objects->put(world.context(), key, std::vector<std::byte>(bytes.begin(), bytes.end()));
    });
  }
  Result<std::string> get(std::string key) {
    auto bytes = world.run([&] { return objects->get(world.context(), key); });
    if (!bytes) return std::unexpected(bytes.error());
    return std::string(as_text(*bytes));
  }
  Result<void> remove(std::string key) {
    return world.run([&] { return objects->remove(world.context(), key); });
  }
  std::size_t files() {
    std::size_t many = 0;
    for (auto& entry : std::filesystem::recursive_directory_iterator(folder))
      many += entry.is_regular_file();
    return many;
  }

  std::filesystem::path folder;
  testkit::SimWorld world;
  WorkerPool pool{{.name = "objects", .threads = 0}};
  std::unique_ptr<ObjectStore> objects;
};

TEST_F(ObjectStoreTest, PutGetReplaceRemove) {
  ASSERT_TRUE(put("org_1/recordings/a.wav", "one"));
  EXPECT_EQ(get("org_1/recordings/a.wav").value(), "one");
  ASSERT_TRUE(put("org_1/recordings/a.wav", "two, longer"));
  EXPECT_EQ(get("org_1/recordings/a.wav").value(), "two, longer");
  EXPECT_EQ(files(), 1u);
  ASSERT_TRUE(remove("org_1/recordings/a.wav"));
  ASSERT_TRUE(remove("org_1/recordings/a.wav"));
  EXPECT_EQ(get("org_1/recordings/a.wav").error().code, Errc::not_found);
  ASSERT_TRUE(put("empty", ""));
  EXPECT_EQ(get("empty").value(), "");
}

TEST_F(ObjectStoreTest, KeysThatLeaveTheFolderAreInvalid) {
  std::ofstream(folder / "secret") << "x";
  for (const std::string& key :
       std::vector<std::string>{"", "/", "/etc/passwd", "../secret", "a/../../secret", "a//b", "a/",
                                "./a", "a b", "ü", ".tmp-1", "a\\b", "a\nb"}) {
    EXPECT_EQ(put(key, "x").error().code, Errc::invalid) << key;
    EXPECT_EQ(get(key).error().code, Errc::invalid) << key;
    EXPECT_EQ(remove(key).error().code, Errc::invalid) << key;
  }
  EXPECT_EQ(put(std::string(600, 'a'), "x").error().code, Errc::invalid);
}

TEST_F(ObjectStoreTest, AKeyIsAFileOrAFolder) {
  ASSERT_TRUE(put("a/b", "x"));
  EXPECT_EQ(put("a", "x").error().code, Errc::conflict);
  EXPECT_EQ(get("a").error().code, Errc::not_found);
  EXPECT_FALSE(put("a/b/c", "x"));
  EXPECT_EQ(get("a/b/c").error().code, Errc::not_found);
  ASSERT_TRUE(remove("a"));
  EXPECT_EQ(get("a/b").value(), "x");
}

TEST_F(ObjectStoreTest, AFullDiskLeavesTheOldObject) {
  ASSERT_TRUE(put("big", "old"));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small{64 * 1024, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  auto failed = put("big", std::string(200000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(failed.error().code, Errc::resource_exhausted);
  EXPECT_EQ(get("big").value(), "old");
  EXPECT_EQ(files(), 1u) << "no unfinished file is left";
  ASSERT_TRUE(put("big", std::string(200000, 'x')));
}

TEST(OpenFolderObjects, AFileInTheWayIsUnavailable) {
  WorkerPool pool{{.name = "objects", .threads = 0}};
  EXPECT_EQ(open_folder_objects(pool, "/dev/null/objects").error().code, Errc::unavailable);
}

}  // namespace
}  // namespace parley::store
