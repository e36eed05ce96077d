#include "object_storage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "settings.hpp"

namespace parley::app {
namespace {

using ::testing::HasSubstr;

struct NoNetwork final : net::HttpClient {
  Task<net::HttpResponse> send(Context, net::OutgoingRequest) override {
    co_return fail(Errc::unavailable, "no network in this test");
  }
};

class ObjectStorageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto name = (std::filesystem::temp_directory_path() / "parley-storage-XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    folder = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  Result<std::unique_ptr<store::ObjectStore>> open(std::vector<std::string> assignments) {
    Settings settings(setting_specs());
    for (auto& assignment : assignments) EXPECT_TRUE(settings.set(assignment)) << assignment;
    policies.emplace(clock, random, registry, tracer);
    ServicePolicies services(settings, clock, nullptr, *policies);
    return open_object_storage({settings, folder, http, services, files, clock});
  }

  std::filesystem::path folder;
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  std::optional<resilience::Policies> policies;
  WorkerPool files{{.name = "files", .threads = 0}};
  NoNetwork http;
};

TEST_F(ObjectStorageTest, AFolderUnlessABucketIsNamed) {
  EXPECT_TRUE(open({}));
  EXPECT_TRUE(std::filesystem::is_directory(folder / "objects"));
  std::filesystem::remove_all(folder / "objects");
  EXPECT_TRUE(open({"objects.url=s3://sound/p", "objects.endpoint=http://127.0.0.1:9000",
                    "s3.access_key_id=AKIA", "s3.secret_access_key=secret"}));
  EXPECT_FALSE(std::filesystem::exists(folder / "objects"));
}

TEST_F(ObjectStorageTest, WhatIsWrongIsNamed) {
  auto wrong = [&](std::vector<std::string> assignments) {
    auto opened = open(std::move(assignments));
    EXPECT_FALSE(opened);
    if (opened) return std::string();
    EXPECT_EQ(opened.error().code, Errc::invalid);
    return opened.error().detail;
  };
  EXPECT_THAT(wrong({"objects.url=/srv/sound"}), HasSubstr("objects.url"));
  EXPECT_THAT(wrong({"objects.url=s3://sound"}), HasSubstr("s3.access_key_id"));
  EXPECT_THAT(wrong({"objects.url=s3://sound", "objects.addressing=dns"}),
              HasSubstr("objects.addressing"));
  EXPECT_THAT(wrong({"objects.url=s3://sound", "objects.endpoint=127.0.0.1:9000",
                     "s3.access_key_id=AKIA", "s3.secret_access_key=secret"}),
              HasSubstr("objects.endpoint"));
}

}  // namespace
}  // namespace parley::app
