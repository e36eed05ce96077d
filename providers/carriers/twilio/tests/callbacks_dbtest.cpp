// Callbacks from the signature to their effect: the real inbox and queue on both databases.
#include <gmock/gmock.h>

#include <algorithm>

#include "parley/base/strings.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/providers/twilio/inbox_callbacks.hpp"
#include "parley/providers/twilio/signature.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::providers::twilio {
namespace {

using ::testing::ElementsAre;
using webhooks::InboxStatus;

/// Knows the call CA1. What it is told is rows, so that they are there as often as the transactions
/// that wrote them were committed.
struct CallsInATable final : telephony::CallHandler {
  asio::awaitable<telephony::CallAnswer> incoming(Context, telephony::IncomingCall) override {
    co_return telephony::SayAndHangUp{"hello"};
  }
  Result<OrganizationId> organization_of(store::Tx&, const std::string& carrier,
                                         const std::string& id) override {
    if (carrier != "twilio" || id != "CA1") return fail(Errc::not_found, "no such call");
    return OrganizationId("org_test");
  }
  Result<void> status_changed(store::Tx& tx, const telephony::CallStatusUpdate& update) override {
    auto seconds = update.duration ? "/" + std::to_string(update.duration->count()) : "";
    return told(tx, std::string(telephony::to_string(update.status)) + seconds);
  }
  Result<void> recording_changed(store::Tx& tx, const telephony::CarrierRecording& r) override {
    return told(tx, r.recording_id + "/" + r.status + "/" + r.url);
  }
  Result<void> answer_detected(store::Tx& tx, const telephony::CarrierAnswer& answer) override {
    return told(tx, answer.word + " is " + std::string(telephony::to_string(answer.found)));
  }
  Task<void> media_opened(Context, std::string, std::string,
                          std::unique_ptr<telephony::MediaStream>) override {
    co_return Result<void>{};
  }
  asio::awaitable<std::optional<telephony::CallAnswer>> media_ended(Context, std::string,
                                                                    std::string) override {
    co_return std::nullopt;
  }
  static Result<void> told(store::Tx& tx, const std::string& what) {
    EXPECT_EQ(tx.context().organization.str(), "org_test");
    auto put = tx.execute("INSERT INTO told VALUES (?1)", {what});
    if (!put) return std::unexpected(put.error());
    return {};
  }
};

struct NoHttp final : net::HttpClient {
  Task<net::HttpResponse> send(Context, net::OutgoingRequest) override {
    co_return fail(Errc::unavailable, "no network");
  }
};

class CallbacksDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    ASSERT_TRUE(write([](store::Tx& tx) { return tx.execute("CREATE TABLE told (what TEXT)"); }));
    queue::Queue::Options options;
    options.poll = 1h;
    options.workers = {{"default", 8}};
    queue = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry, tracer}, options);
    inbox = std::make_unique<webhooks::Inbox>(
        webhooks::Inbox::Parts{clock, random, db(), *queue, registry});
    callbacks = make_inbox_callbacks(db(), *inbox, calls);
    carrier = std::make_unique<TwilioCarrier>(
        Options{"AC1", "secret", "http://api.test", "https://voice.test"}, clock, http,
        policies.add("twilio", {}), calls, *callbacks);
    carrier->mount(router);
  }
  void TearDown() override {
    run([&]() -> Task<void> {
      auto ending = queue->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
    carrier.reset();
    callbacks.reset();
    inbox.reset();
    queue.reset();
    DatabaseTest::TearDown();
  }

  enum class Signed { right, wrong };
  Task<net::HttpResponse> post(std::string path, net::Fields form, Signed is = Signed::right) {
    net::HttpRequest request;
    request.method = net::Method::post;
    request.target = request.path = path;
    for (auto& [name, value] : form)
      request.body +=
          (request.body.empty() ? "" : "&") + url_encode(name) + "=" + url_encode(value);
    auto key = is == Signed::right ? "secret" : "guess";
    request.headers.set("X-Twilio-Signature", sign(key, "https://voice.test" + path, form));
    auto match = router.match(net::Method::post, path);
    auto handling = (*std::get<net::Router::HttpMatch>(match).handler)(std::move(request));
    co_return co_await std::move(handling);
  }
  int status_of(std::string path, net::Fields form, Signed is = Signed::right) {
    return run([&] { return post(path, form, is); })->status;
  }
  /// All at once; their statuses.
  std::vector<int> post_all(std::string path, const std::vector<net::Fields>& forms) {
    std::vector<int> statuses;
    for (auto& form : forms)
      asio::co_spawn(io, post(path, form),
                     [&](const std::exception_ptr& thrown, const Result<net::HttpResponse>& got) {
                       statuses.push_back(!thrown && got ? got->status : 0);
                     });
    until([&] { return statuses.size() == forms.size(); });
    return statuses;
  }
  std::vector<webhooks::Received> kept() {
    return run([&] { return inbox->list(ctx, {.sort = "receivedAt"}); }).value().items;
  }
  void process_all() {
    queue->start();
    until([&] {
      auto all = kept();
      return std::ranges::none_of(
          all, [](auto& event) { return event.status == InboxStatus::received; });
    });
  }
  std::vector<std::string> told() {
    auto rows = read([](store::Tx& tx) { return tx.query("SELECT what FROM told"); });
    std::vector<std::string> all;
    for (auto& row : *rows) all.push_back(row.text("what"));
    std::ranges::sort(all);
    return all;
  }
  static net::Fields status(std::string word, int sequence) {
    return {{"CallSid", "CA1"},
            {"From", "+12125550199"},
            {"CallStatus", std::move(word)},
            {"SequenceNumber", std::to_string(sequence)}};
  }
  static net::Fields recording(std::string word) {
    return {{"CallSid", "CA1"},
            {"RecordingSid", "RE1"},
            {"RecordingStatus", std::move(word)},
            {"RecordingUrl", "https://api.test/RE1"},
            {"RecordingDuration", "12"}};
  }
  const std::string status_path = "/webhooks/twilio/status";
  const std::string recording_path = "/webhooks/twilio/recording";

  CallsInATable calls;
  NoHttp http;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  net::Router router;
  resilience::Policies policies{clock, random, registry, tracer};
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<webhooks::Inbox> inbox;
  std::unique_ptr<Callbacks> callbacks;
  std::unique_ptr<TwilioCarrier> carrier;
};
PARLEY_ON_BOTH_DATABASES(CallbacksDbTest);

TEST_P(CallbacksDbTest, AreStoredBeforeTheyAreAcknowledgedAndProcessedAfterwards) {
  auto done = status("completed", 3);
  done.emplace_back("CallDuration", "42");
  EXPECT_EQ(status_of(status_path, done), 204);
  EXPECT_EQ(status_of(recording_path, recording("completed")), 204);
  auto all = kept();
  ASSERT_EQ(all.size(), 2u);
  for (auto& event : all) {
    EXPECT_EQ(event.status, InboxStatus::received);
    EXPECT_EQ(event.what.source, "twilio");
    EXPECT_EQ(event.what.body.find("2125550199"), std::string::npos) << "no person's number";
  }
  EXPECT_TRUE(told().empty()) << "no job has run yet";
  process_all();
  EXPECT_THAT(told(), ElementsAre("RE1/completed/https://api.test/RE1", "completed/42"));
}

TEST_P(CallbacksDbTest, AWrongSignatureIs403AndNothingIsKept) {
  EXPECT_EQ(status_of(status_path, status("completed", 3), Signed::wrong), 403);
  EXPECT_EQ(status_of(recording_path, recording("completed"), Signed::wrong), 403);
  EXPECT_TRUE(kept().empty());
  EXPECT_EQ(carrier->refused(), 2u);
}

TEST_P(CallbacksDbTest, TheSameTenTimesAtOnceTakesEffectOnce) {
  queue->start();
  auto statuses = post_all(status_path, std::vector(10, status("completed", 3)));
  EXPECT_EQ(std::ranges::count(statuses, 204), 10);
  statuses = post_all(recording_path, std::vector(10, recording("completed")));
  EXPECT_EQ(std::ranges::count(statuses, 204), 10);
  process_all();
  EXPECT_THAT(told(), ElementsAre("RE1/completed/https://api.test/RE1", "completed"));
  auto all = kept();
  ASSERT_EQ(all.size(), 2u);
  for (auto& event : all) EXPECT_EQ(event.repeats, 9);
  // Long after it took effect, too.
  EXPECT_EQ(status_of(status_path, status("completed", 3)), 204);
  process_all();
  EXPECT_EQ(told().size(), 2u);
}

TEST_P(CallbacksDbTest, WhatComesOutOfOrderEndsAsTheNewestSays) {
  queue->start();
  EXPECT_EQ(status_of(status_path, status("completed", 3)), 204);
  process_all();
  std::vector<net::Fields> late;
  for (int i = 0; i < 10; ++i) {
    late.push_back(status("in-progress", 2));
    late.push_back(status("ringing", 1));
    late.push_back(status("completed", 3));
    late.push_back(status("initiated", 0));
  }
  auto statuses = post_all(status_path, late);
  EXPECT_EQ(std::ranges::count(statuses, 204), 40);
  EXPECT_EQ(status_of(recording_path, recording("completed")), 204);
  process_all();
  EXPECT_EQ(status_of(recording_path, recording("in-progress")), 204);
  process_all();
  EXPECT_THAT(told(), ElementsAre("RE1/completed/https://api.test/RE1", "completed"));
  auto all = kept();
  EXPECT_EQ(std::ranges::count(all, InboxStatus::applied, &webhooks::Received::status), 2);
  EXPECT_EQ(std::ranges::count(all, InboxStatus::stale, &webhooks::Received::status), 4);
}

TEST_P(CallbacksDbTest, WhatIsNotOursOrSaysNothingIsAcknowledged) {
  auto strange = status("completed", 3);
  strange[0].second = "CA9";
  EXPECT_EQ(status_of(status_path, strange), 204);
  EXPECT_EQ(status_of(status_path, {{"CallStatus", "completed"}}), 204);
  EXPECT_EQ(status_of(recording_path, {{"CallSid", "CA1"}}), 204);
  EXPECT_TRUE(kept().empty());
  // Twilio may add statuses: stored, and nobody knows what to do with them.
  EXPECT_EQ(status_of(status_path, status("teleported", 4)), 204);
  process_all();
  auto all = kept();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].status, InboxStatus::ignored);
  // Without a sequence number there is no order, but each status still counts once.
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(status_of(status_path, {{"CallSid", "CA1"}, {"CallStatus", "busy"}}), 204);
  process_all();
  EXPECT_THAT(told(), ElementsAre("busy"));
}

TEST_P(CallbacksDbTest, WhoAnsweredIsToldOnceAndInOurWords) {
  queue->start();
  for (auto* word : {"machine_start", "machine_end_beep", "human", "fax", "of a new kind"}) {
    net::Fields form{
        {"CallSid", "CA1"}, {"AnsweredBy", word}, {"MachineDetectionDuration", "2400"}};
    for (int i = 0; i < 3; ++i) EXPECT_EQ(status_of("/webhooks/twilio/amd", form), 204);
  }
  EXPECT_EQ(status_of("/webhooks/twilio/amd", {{"CallSid", "CA1"}}), 204) << "it says nothing";
  EXPECT_EQ(status_of("/webhooks/twilio/amd", {{"CallSid", "CA1"}, {"AnsweredBy", "human"}},
                      Signed::wrong),
            403);
  process_all();
  EXPECT_THAT(told(),
              ElementsAre("fax is fax", "human is human", "machine_end_beep is machine_ready",
                          "machine_start is machine", "of a new kind is unknown"));
}

}  // namespace
}  // namespace parley::providers::twilio
