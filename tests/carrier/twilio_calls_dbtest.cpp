// Calls through Twilio's REST API, webhooks and media as the stand-in has them, into the real
// product of calls: recordings by the carrier, answers it detects, keys that are sent.
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "fakes.hpp"
#include "parley/audio/tones.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/calls/carrier_recordings.hpp"
#include "parley/calls/live_calls.hpp"
#include "parley/net/server.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/providers/twilio/inbox_callbacks.hpp"
#include "parley/providers/twilio/recorder.hpp"
#include "parley/simulators/twilio_simulator.hpp"
#include "parley/telemetry/log.hpp"
#include "parley/testkit/database_test.hpp"

namespace parley::carrier {
namespace {

using namespace std::chrono_literals;
using calls::Call;
using calls::LiveCalls;

constexpr auto account = "AC00000000000000000000000000000001";
constexpr auto token = "0123456789abcdef0123456789abcdef";

/// How much of the sound is this frequency: 1 for it alone.
double share_of(std::span<const std::int16_t> samples, double hz) {
  double re = 0, im = 0, all = 1;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    double angle = 2 * std::numbers::pi * hz * static_cast<double>(i) / 8000.0;
    re += samples[i] * std::cos(angle);
    im += samples[i] * std::sin(angle);
    all += static_cast<double>(samples[i]) * samples[i];
  }
  return 2 * (re * re + im * im) / (static_cast<double>(samples.size()) * all);
}

/// The keys that stand in the sound as tones.
std::string keys_in(const audio::Samples& samples) {
  std::string keys;
  char last = 0;
  for (std::size_t at = 0; at + 320 <= samples.size(); at += 320) {
    auto piece = std::span(samples).subspan(at, 320);
    char found = 0;
    for (char key : std::string_view("0123456789*#")) {
      auto [low, high] = audio::key_frequencies_hz(key);
      if (share_of(piece, low) > 0.35 && share_of(piece, high) > 0.35) found = key;
    }
    if (found != 0 && found != last) keys += found;
    last = found;
  }
  return keys;
}

class TwilioCallsDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    ASSERT_TRUE(log::configure({.level = log::Level::off}));
    http = net::make_http_client(io.get_executor());
    businesses.profile->id = BusinessId("biz_1");
    businesses.profile->organization = ctx.organization;
    businesses.profile->agent.record_calls = false;
    objects = std::move(store::open_folder_objects(files, folder() / "objects").value());
    queue = std::make_unique<queue::Queue>(
        queue::Queue::Parts{io.get_executor(), clock, random, db(), registry, tracer});
    inbox = std::make_unique<webhooks::Inbox>(
        webhooks::Inbox::Parts{clock, random, db(), *queue, registry});
    start_simulator();
    providers::twilio::Options options{account, token,
                                       "http://127.0.0.1:" + std::to_string(simulator->port())};
    auto& policy = policies.add("twilio", {});
    recorder = std::make_unique<providers::twilio::TwilioRecorder>(options, clock, *http, policy);
    recordings = std::make_unique<calls::CarrierRecordings>(
        calls::CarrierRecordings::Parts{db(), *queue, *objects, *recorder});
    calls::CallServiceParts parts{
        db(),       clock, random, businesses, *objects,          dialogues,
        recognizer, beep,  files,  tracer,     io.get_executor(), recordings.get()};
    calls::CallServiceOptions call_options;
    call_options.spool = folder() / "spool";
    service = calls::make_call_service(parts, call_options);
    callbacks = providers::twilio::make_inbox_callbacks(db(), *inbox, *service);
    carrier = std::make_unique<providers::twilio::TwilioCarrier>(options, clock, *http, policy,
                                                                 *service, *callbacks);
    carrier->mount(router);
    net::ServerOptions where;
    where.port = 0;
    server = std::make_unique<net::HttpServer>(
        std::vector<asio::any_io_executor>{io.get_executor()}, router, clock, random, where);
    ASSERT_TRUE(server->start());
    url = "http://127.0.0.1:" + std::to_string(server->port());
    carrier->set_public_url(url);
    recorder->set_public_url(url);
    queue->start();
  }
  void TearDown() override {
    run([&]() -> Task<void> {
      auto cutting = simulator->stop(clock.now());
      co_await std::move(cutting);
      auto stopping = service->stop(clock.now() + 10s);
      co_await std::move(stopping);
      auto closing = server->stop(clock.now());
      co_await std::move(closing);
      auto ending = queue->stop();
      co_await std::move(ending);
      co_return Result<void>{};
    });
    server.reset();
    carrier.reset();
    callbacks.reset();
    service.reset();
    recordings.reset();
    recorder.reset();
    simulator.reset();
    inbox.reset();
    queue.reset();
    DatabaseTest::TearDown();
  }
  void start_simulator() {
    simulators::TwilioSimulatorOptions options;
    options.numbers = {"+12125550177"};
    options.callee.rings = 50ms;
    options.callee.answered_by = "machine_start";
    options.callee.says.assign(8000 * 20, 0);
    for (std::size_t i = 0; i < options.callee.says.size(); ++i)
      options.callee.says[i] = static_cast<std::int16_t>(
          4000 * std::sin(2 * std::numbers::pi * 300 * static_cast<double>(i) / 8000));
    simulator = std::make_unique<simulators::TwilioSimulator>(io.get_executor(), clock, random,
                                                              *http, options);
    ASSERT_TRUE(simulator->start());
  }

  /// The stand-in calls our number.
  void place_call(net::Fields extra = {}) {
    net::Fields form{{"From", "+12125550177"},
                     {"To", "+12125550100"},
                     {"Url", url + "/webhooks/twilio/call"},
                     {"StatusCallback", url + "/webhooks/twilio/status"}};
    for (auto* event : {"initiated", "ringing", "answered", "completed"})
      form.emplace_back("StatusCallbackEvent", event);
    form.insert(form.end(), extra.begin(), extra.end());
    net::OutgoingRequest request;
    request.method = net::Method::post;
    request.url = "http://127.0.0.1:" + std::to_string(simulator->port()) +
                  "/2010-04-01/Accounts/" + account + "/Calls.json";
    auto credentials = std::string(account) + ":" + token;
    request.headers.set("Authorization", "Basic " + base64_encode(as_bytes(credentials)));
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    for (auto& [name, value] : form)
      request.body +=
          (request.body.empty() ? "" : "&") + url_encode(name) + "=" + url_encode(value);
    auto answer = run([&] { return http->send({}, request); });
    ASSERT_TRUE(answer && answer->status == 201) << (answer ? answer->body : "no answer");
  }
  Call await_call(std::function<bool(const Call&)> good) {
    auto limit = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < limit) {
      auto list = run([&] { return service->list(ctx, {}); });
      if (list && !list->items.empty() && good(list->items[0])) return list->items[0];
      pause();
    }
    ADD_FAILURE() << "the call never became as awaited";
    return {};
  }
  std::string await_recording(const CallId& id, std::string status) {
    auto limit = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < limit) {
      auto all = run([&] { return recordings->list(ctx, id); });
      if (all && !all->empty() && all->back().status == status) return all->back().recording_id;
      pause();
    }
    ADD_FAILURE() << "no recording became " << status;
    return "";
  }
  /// Lets the world go on a little between two looks.
  void pause() {
    run([&]() -> Task<int> {
      co_await clock.sleep_for(20ms);
      co_return 0;
    });
  }
  Result<calls::CarrierRecordingState> record(const CallId& id, LiveCalls::Record what) {
    return run([&] { return service->live().record(ctx, id, what); });
  }
  Call hang_up_and_wait(const CallId& id) {
    EXPECT_TRUE(run([&] { return service->hang_up(ctx, id); }));
    return await_call([](auto& c) { return c.status == calls::CallStatus::completed; });
  }
  bool has_line(const CallId& id, std::string_view kind) {
    auto timeline = run([&] { return service->timeline(ctx, id); });
    return timeline &&
           std::ranges::find(*timeline, kind, &calls::TimelineItem::kind) != timeline->end();
  }

  calls::testing::OneBusiness businesses;
  calls::testing::Greeter dialogues;
  calls::testing::DeafRecognizer recognizer;
  calls::testing::Beep beep;
  WorkerPool files{{.name = "files", .threads = 1}};
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  resilience::Policies policies{clock, random, registry, tracer};
  net::Router router;
  std::unique_ptr<net::HttpClient> http;
  std::unique_ptr<store::ObjectStore> objects;
  std::unique_ptr<queue::Queue> queue;
  std::unique_ptr<webhooks::Inbox> inbox;
  std::unique_ptr<simulators::TwilioSimulator> simulator;
  std::unique_ptr<providers::twilio::TwilioRecorder> recorder;
  std::unique_ptr<calls::CarrierRecordings> recordings;
  std::unique_ptr<calls::CallService> service;
  std::unique_ptr<providers::twilio::Callbacks> callbacks;
  std::unique_ptr<providers::twilio::TwilioCarrier> carrier;
  std::unique_ptr<net::HttpServer> server;
  std::string url;
};
PARLEY_ON_BOTH_DATABASES(TwilioCallsDbTest);

TEST_P(TwilioCallsDbTest, ADualChannelRecordingIsMadeFetchedAndPlayedAndHasTheKeysWeSent) {
  place_call();
  auto call = await_call([](auto& c) { return c.status == calls::CallStatus::in_progress; });
  auto started = record(call.id, LiveCalls::Record::start);
  ASSERT_TRUE(started) << started.error().detail;
  auto again = record(call.id, LiveCalls::Record::start);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->recording_id, started->recording_id) << "what runs is not begun twice";
  ASSERT_TRUE(run([&] { return service->live().press_keys(ctx, call.id, "12#"); }));
  auto limit = clock.now() + 3s;
  while (clock.now() < limit) pause();
  ASSERT_TRUE(record(call.id, LiveCalls::Record::stop));
  EXPECT_EQ(await_recording(call.id, "stored"), started->recording_id);
  call = hang_up_and_wait(call.id);
  EXPECT_TRUE(call.has_recording) << "it has no other";
  auto kept = run([&] { return service->recording(ctx, call.id); });
  ASSERT_TRUE(kept);
  auto bytes = run([&] { return service->recording_part(ctx, *kept, 0, kept->size_bytes); });
  auto wav = audio::read_wav(*bytes);
  ASSERT_TRUE(wav);
  ASSERT_EQ(wav->channels, 2);
  audio::Samples callee, agent;
  for (std::size_t i = 0; i + 1 < wav->samples.size(); i += 2) {
    callee.push_back(wav->samples[i]);
    agent.push_back(wav->samples[i + 1]);
  }
  ASSERT_GT(callee.size(), 8000u);
  EXPECT_GT(share_of(std::span(callee).first(4000), 300), 0.9) << "the callee is left";
  EXPECT_EQ(keys_in(agent), "12#") << "the agent is right";
  EXPECT_TRUE(has_line(call.id, "keys.sent"));
}

TEST_P(TwilioCallsDbTest, ARecordingThatTheHangUpEndsIsFetchedToo) {
  place_call();
  auto call = await_call([](auto& c) { return c.status == calls::CallStatus::in_progress; });
  ASSERT_TRUE(record(call.id, LiveCalls::Record::start));
  auto limit = clock.now() + 500ms;
  while (clock.now() < limit) pause();
  hang_up_and_wait(call.id);
  await_recording(call.id, "stored");
  EXPECT_EQ(record(call.id, LiveCalls::Record::start).error().code, Errc::conflict);
}

TEST_P(TwilioCallsDbTest, WhatTwilioDetectsIsKnownOfTheCall) {
  place_call({{"MachineDetection", "Enable"},
              {"AsyncAmd", "true"},
              {"AsyncAmdStatusCallback", url + "/webhooks/twilio/amd"}});
  // It may be told before the call is known here: Twilio's callback comes once, and is passed over.
  auto call = await_call([](auto& c) { return c.status == calls::CallStatus::in_progress; });
  auto form = net::Fields{{"CallSid", call.carrier_call_id},
                          {"AccountSid", account},
                          {"AnsweredBy", "machine_start"},
                          {"MachineDetectionDuration", "2400"}};
  for (int i = 0; i < 3; ++i)
    EXPECT_TRUE(run(
        [&] { return callbacks->keep({}, {providers::twilio::Callback::Kind::answer, form}); }));
  auto known = await_call([](auto& c) { return !c.answered_by.empty(); });
  EXPECT_EQ(known.answered_by, "machine");
  hang_up_and_wait(call.id);
  EXPECT_TRUE(has_line(call.id, "carrier.answered_by"));
}

}  // namespace
}  // namespace parley::carrier
