#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "parley/base/strings.hpp"
#include "parley/store/objects.hpp"
#include "parley/testkit/object_store_suite.hpp"
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

/// The suite of all object stores, on a folder.
class FolderWorld final : public testkit::ObjectStoreWorld {
 public:
  FolderWorld() {
    auto name = (std::filesystem::temp_directory_path() / "parley-objects-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no folder");
    folder_ = name;
    objects_ = open_folder_objects(pool_, folder_).value();
  }
  ~FolderWorld() override { std::filesystem::remove_all(folder_); }
  ObjectStore& objects() override { return *objects_; }

 private:
  std::filesystem::path folder_;
  WorkerPool pool_{{.name = "objects", .threads = 0}};
  std::unique_ptr<ObjectStore> objects_;
};
std::unique_ptr<testkit::ObjectStoreWorld> in_a_folder() { return std::make_unique<FolderWorld>(); }

}  // namespace
}  // namespace parley::store

namespace parley::testkit {
INSTANTIATE_TEST_SUITE_P(InAFolder, ObjectStoreSuite, ::testing::Values(&store::in_a_folder));
}

namespace parley::store {
namespace {

TEST(OpenFolderObjects, AFileInTheWayIsUnavailable) {
  WorkerPool pool{{.name = "objects", .threads = 0}};
  EXPECT_EQ(open_folder_objects(pool, "/dev/null/objects").error().code, Errc::unavailable);
}

}  // namespace
}  // namespace parley::store
