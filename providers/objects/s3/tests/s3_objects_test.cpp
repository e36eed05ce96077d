#include <gmock/gmock.h>

#include <thread>

#include "parley/providers/s3/object_store.hpp"
#include "parley/simulators/s3_simulator.hpp"
#include "parley/testkit/object_store_suite.hpp"

namespace parley::s3 {
namespace {

using simulators::S3Simulator;
using ::testing::HasSubstr;

/// A bucket of the simulator, which serves on a thread of its own.
class BucketWorld final : public testkit::ObjectStoreWorld {
 public:
  explicit BucketWorld(simulators::S3SimulatorOptions stand_in = {})
      : simulator(serving_.get_executor(), clock_, random_, std::move(stand_in)) {
    if (!simulator.start()) throw std::runtime_error("the simulator does not start");
    thread_ = std::jthread([this, guard = asio::make_work_guard(serving_)] { serving_.run(); });
    options.bucket = "parley";
    options.prefix = "node/1";
    options.endpoint = "http://127.0.0.1:" + std::to_string(simulator.port());
    options.credentials = simulators::S3SimulatorOptions{}.credentials;
    open();
  }
  ~BucketWorld() override {
    asio::co_spawn(serving_, simulator.stop(TimePoint::min()), asio::use_future).get();
    serving_.stop();
    thread_.join();
  }
  void open() { objects_ = open_bucket({*http_, policy_, pool_, clock_}, options).value(); }
  store::ObjectStore& objects() override { return *objects_; }

 private:
  static resilience::PolicyOptions impatient() {
    resilience::PolicyOptions options;
    options.retry.first_pause = std::chrono::milliseconds(1);
    options.breaker.failure_percent = 0;
    return options;
  }

  SystemClock clock_;
  SystemRandom random_;
  asio::io_context serving_;
  std::jthread thread_;
  metrics::Registry registry_;
  trace::NoSpanSink spans_;
  trace::Tracer tracer_{clock_, random_, spans_};
  resilience::Policies policies_{clock_, random_, registry_, tracer_};
  resilience::Policy& policy_ = policies_.add("objects", impatient());
  WorkerPool pool_{{.name = "files", .threads = 1}};
  std::unique_ptr<net::HttpClient> http_ = net::make_http_client(io.get_executor());
  std::unique_ptr<store::ObjectStore> objects_;

 public:
  S3Simulator simulator;
  BucketOptions options;
};

std::unique_ptr<testkit::ObjectStoreWorld> in_a_bucket() { return std::make_unique<BucketWorld>(); }

}  // namespace
}  // namespace parley::s3

namespace parley::testkit {
INSTANTIATE_TEST_SUITE_P(InABucket, ObjectStoreSuite, ::testing::Values(&s3::in_a_bucket));
}

namespace parley::s3 {
namespace {

/// What only a bucket can do, with the suite's ways to ask.
class BucketTest : public testkit::ObjectStoreSuite {
 protected:
  BucketWorld& bucket() { return static_cast<BucketWorld&>(*world); }
  void fail(std::string plan) {
    auto set = bucket().simulator.server().faults().set(std::move(plan));
    ASSERT_TRUE(set) << set.error().detail;
  }
  void restart(simulators::S3SimulatorOptions stand_in) {
    world = std::make_unique<BucketWorld>(std::move(stand_in));
  }
};
INSTANTIATE_TEST_SUITE_P(InABucket, BucketTest, ::testing::Values(&in_a_bucket));

TEST_P(BucketTest, SlowDownIsWaitedForAndTriedAgain) {
  fail("status 503 first 2");
  ASSERT_TRUE(put("a", "one"));
  EXPECT_EQ(bucket().simulator.counts().requests, 3u);
  fail("status 500 first 2");
  EXPECT_EQ(get("a").value(), "one");
  fail("status 503 first 3");
  EXPECT_EQ(size("a").error().code, Errc::unavailable);
}

TEST_P(BucketTest, WhatAPersonCanMendIsSaid) {
  bucket().options.credentials.secret_key = "guess";
  bucket().open();
  auto wrong = put("a", "x").error();
  EXPECT_EQ(wrong.code, Errc::forbidden);
  EXPECT_THAT(wrong.detail, HasSubstr("s3.secret_access_key"));
  EXPECT_EQ(bucket().simulator.counts().requests, 1u) << "not tried again";
  EXPECT_EQ(size("a").error().code, Errc::forbidden) << "without a body to say why";
  bucket().options.credentials.access_key = "AKIAOTHER";
  bucket().open();
  EXPECT_THAT(put("a", "x").error().detail, HasSubstr("s3.access_key_id"));
  bucket().options.credentials = simulators::S3SimulatorOptions{}.credentials;
  bucket().options.region = "eu-west-1";
  bucket().open();
  auto elsewhere = get("a").error();
  EXPECT_EQ(elsewhere.code, Errc::invalid);
  EXPECT_THAT(elsewhere.detail, HasSubstr("objects.region"));
  bucket().options.region = "us-east-1";
  bucket().options.bucket = "missing";
  bucket().open();
  auto missing = get("a").error();
  EXPECT_EQ(missing.code, Errc::invalid) << "nobody takes it for a missing object";
  EXPECT_THAT(missing.detail, HasSubstr("objects.url"));
}

TEST_P(BucketTest, AFullStorageIsAFullDisk) {
  simulators::S3SimulatorOptions small;
  small.max_stored_bytes = 10u << 20;
  restart(small);
  ASSERT_TRUE(put("old", "old"));
  EXPECT_EQ(put("a", std::string(11u << 20, 'x')).error().code, Errc::resource_exhausted);
  EXPECT_EQ(put_file("old", "", std::string(12u << 20, 'x'), 12u << 20).error().code,
            Errc::resource_exhausted);
  EXPECT_EQ(get("old").value(), "old");
  EXPECT_EQ(bucket().simulator.counts().uploads, 0u) << "the parts that had room are gone";
}

TEST_P(BucketTest, AnUploadThatFailsIsAborted) {
  std::string text(17u << 20, 'x');
  fail("status 403 code AccessDenied on partNumber=2 first 1");
  EXPECT_EQ(put_file("a", "", text, text.size()).error().code, Errc::forbidden);
  EXPECT_EQ(bucket().simulator.counts().uploads, 0u);
  EXPECT_EQ(bucket().simulator.counts().objects, 0u);
  fail("status 503 on partNumber=2 first 1");
  ASSERT_TRUE(put_file("a", "", text, text.size())) << "one part again, not the whole";
  EXPECT_EQ(size("a").value(), text.size());
  EXPECT_EQ(bucket().simulator.counts().uploads, 0u);
}

TEST_P(BucketTest, TheEndOfAnUploadIsTriedAgainAndLookedAt) {
  std::string text(9u << 20, 'x');
  // S3 may find out after it has answered 200.
  fail(R"(status 200 code InternalError on "POST /parley/node/1/a?uploadId" first 1)");
  ASSERT_TRUE(put_file("a", "", text, text.size()));
  // It was done, and only the answer is lost: the second try finds no upload, but the object.
  fail(R"(status 500 lost on "POST /parley/node/1/b?uploadId" first 1)");
  ASSERT_TRUE(put_file("b", "", text, text.size()));
  EXPECT_TRUE(get("b").value() == text);
  EXPECT_EQ(bucket().simulator.counts().uploads, 0u);
}

/// An hour's recording: nothing is asked for or sent in pieces larger than a part.
TEST_P(BucketTest, AHundredMegabytesGoUpInParts) {
  constexpr std::size_t size_bytes = 100u << 20;
  auto file = folder / "hour";
  std::ofstream(file, std::ios::binary) << "begin";
  std::filesystem::resize_file(file, size_bytes);
  auto header = as_bytes("head");
  store::ObjectFile from{Bytes(header.begin(), header.end()), file, size_bytes};
  ASSERT_TRUE(run(world->objects().put_file({}, "hour.wav", from)));
  EXPECT_EQ(size("hour.wav").value(), size_bytes + 4);
  EXPECT_EQ(part("hour.wav", 0, 9).value(), "headbegin");
  EXPECT_EQ(part("hour.wav", size_bytes, 100).value().size(), 4u);
  EXPECT_LE(bucket().simulator.counts().largest_body, 8u << 20);
  EXPECT_GE(bucket().simulator.counts().requests, 13u);
}

/// Keeps what would have been sent, and answers 200.
struct Recorder final : net::HttpClient {
  Task<net::HttpResponse> send(Context, net::OutgoingRequest request) override {
    sent.push_back(std::move(request));
    net::HttpResponse response;
    response.headers.set("Content-Length", "7");
    co_return response;
  }
  std::vector<net::OutgoingRequest> sent;
};

TEST(BucketAddress, InThePathOrInTheHostsName) {
  using Addressing = BucketOptions::Addressing;
  struct Case {
    std::string endpoint;
    Addressing addressing;
    std::string prefix;
    std::string url;
    std::string host;
  };
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  resilience::Policies policies{clock, random, registry, tracer};
  auto& policy = policies.add("objects", {});
  WorkerPool pool{{.name = "files", .threads = 0}};
  for (auto& one : std::vector<Case>{
           {"", Addressing::by_choice, "", "https://sound.s3.eu-west-1.amazonaws.com/a/b.wav",
            "sound.s3.eu-west-1.amazonaws.com"},
           {"", Addressing::path, "p/q", "https://s3.eu-west-1.amazonaws.com/sound/p/q/a/b.wav",
            "s3.eu-west-1.amazonaws.com"},
           {"http://storage:9000/", Addressing::by_choice, "p",
            "http://storage:9000/sound/p/a/b.wav", "storage:9000"},
           {"https://storage:443", Addressing::host, "", "https://sound.storage/a/b.wav",
            "sound.storage"}}) {
    Recorder http;
    BucketOptions options;
    options.bucket = "sound";
    options.prefix = one.prefix;
    options.endpoint = one.endpoint;
    options.region = "eu-west-1";
    options.addressing = one.addressing;
    options.credentials = {"AKIA", "secret", "session"};
    auto objects = open_bucket({http, policy, pool, clock}, options).value();
    asio::io_context io;
    auto size = asio::co_spawn(io, objects->size({}, "a/b.wav"), asio::use_future);
    io.run();
    EXPECT_EQ(size.get().value(), 7u);
    ASSERT_EQ(http.sent.size(), 1u);
    EXPECT_EQ(http.sent[0].url, one.url);
    EXPECT_EQ(http.sent[0].headers.get("Host"), one.host);
    EXPECT_EQ(http.sent[0].headers.get("x-amz-security-token"), "session");
    EXPECT_THAT(std::string(http.sent[0].headers.get("Authorization").value_or("")),
                HasSubstr("/eu-west-1/s3/aws4_request, SignedHeaders=host;"));
  }
}

TEST(BucketAddress, UrlsAndOptionsThatCannotBeAreRefused) {
  EXPECT_EQ(parse_bucket_url("s3://sound/a/b/")->prefix, "a/b");
  EXPECT_EQ(parse_bucket_url("s3://sound")->bucket, "sound");
  for (auto* url : {"", "sound", "s3://", "s3://UPPER", "s3://ab", "s3://a..b", "s3://sound/a b",
                    "s3://sound/../x", "https://sound"})
    EXPECT_EQ(parse_bucket_url(url).error().code, Errc::invalid) << url;
}

}  // namespace
}  // namespace parley::s3
