// An outbound call over the carrier's real protocol, from REST to the message in a mailbox:
// Twilio's stand-in rings, is picked up by a mailbox, and asks this server for media.
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "fakes.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"
#include "parley/net/server.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/simulators/twilio_simulator.hpp"
#include "parley/testkit/real_world.hpp"

namespace parley::carrier {
namespace {

using namespace std::chrono_literals;
using audio::AnswerKind;

constexpr auto account = "AC00000000000000000000000000000001";
constexpr auto token = "0123456789abcdef0123456789abcdef";

struct Timeline final : voice::Journal {
  void add(voice::TimelineEntry entry) override { entries.push_back(std::move(entry)); }
  std::optional<Duration> at(std::string_view kind) const {
    for (const auto& entry : entries)
      if (entry.kind == kind) return entry.at;
    return std::nullopt;
  }
  std::vector<voice::TimelineEntry> entries;
};

/// Holds each call itself, as one that we made.
struct OurCalls final : telephony::CallHandler {
  explicit OurCalls(Clock& c) : clock(c) {
    settings.answering =
        voice::AnswerPolicy{.on_machine = voice::AnswerPolicy::OnMachine::leave_message,
                            .message = "Please call us back.",
                            .who_calls = "This is the dentist."};
  }
  asio::awaitable<telephony::CallAnswer> incoming(Context, telephony::IncomingCall) override {
    co_return telephony::ConnectMedia{"token"};
  }
  Result<OrganizationId> organization_of(store::Tx&, const std::string&,
                                         const std::string&) override {
    return fail(Errc::not_found, "no database here");
  }
  Result<void> status_changed(store::Tx&, const telephony::CallStatusUpdate&) override {
    return {};
  }
  Result<void> recording_changed(store::Tx&, const telephony::CarrierRecording&) override {
    return {};
  }
  Task<void> media_opened(Context ctx, std::string, std::string,
                          std::unique_ptr<telephony::MediaStream> stream) override {
    voice::SessionParts parts{clock,
                              recognizer,
                              beep,
                              std::move(stream),
                              std::make_unique<calls::testing::Greeter::Conversation>(),
                              timeline,
                              nullptr};
    voice::CallSession session(std::move(parts), settings);
    auto running = session.run(std::move(ctx));
    report = co_await std::move(running);
    co_return Result<void>{};
  }
  asio::awaitable<std::optional<telephony::CallAnswer>> media_ended(Context, std::string,
                                                                    std::string) override {
    co_return std::nullopt;
  }

  Clock& clock;
  voice::SessionSettings settings;
  calls::testing::DeafRecognizer recognizer;
  calls::testing::Beep beep;
  Timeline timeline;
  std::optional<voice::SessionReport> report;
};

struct NoCallbacks final : providers::twilio::Callbacks {
  Task<void> keep(Context, providers::twilio::Callback) override { co_return Result<void>{}; }
};

/// A buzz with the harmonics and the rhythm of a voice.
void add_voice(audio::Samples& samples, Duration length) {
  for (std::int64_t i = 0; i < length / 125us; ++i) {
    double t = static_cast<double>(i) / 8000.0, sum = 0;
    for (int k = 2; k < 24; ++k) sum += std::sin(2 * std::numbers::pi * 130 * k * t) / k;
    samples.push_back(static_cast<std::int16_t>(
        4000 * sum * (0.6 + 0.4 * std::sin(2 * std::numbers::pi * 4 * t))));
  }
}
void add_silence(audio::Samples& samples, Duration length) {
  samples.resize(samples.size() + static_cast<std::size_t>(length / 125us), 0);
}
void add_beep(audio::Samples& samples, Duration length) {
  for (std::int64_t i = 0; i < length / 125us; ++i)
    samples.push_back(static_cast<std::int16_t>(
        6000 * std::sin(2 * std::numbers::pi * 1000 * static_cast<double>(i) / 8000.0)));
}

struct AnsweringLine : ::testing::Test {
  void call(audio::Samples says) {
    simulators::TwilioSimulatorOptions options;
    options.numbers = {"+12125550177"};
    options.callee.rings = 50ms;
    options.callee.stays = 25s;
    options.callee.says = std::move(says);
    auto executor = world.io.get_executor();
    auto http = net::make_http_client(executor);
    simulators::TwilioSimulator simulator(executor, clock, random, *http, options);
    ASSERT_TRUE(simulator.start());
    NoCallbacks callbacks;
    providers::twilio::Options ours{account, token,
                                    "http://127.0.0.1:" + std::to_string(simulator.port())};
    providers::twilio::TwilioCarrier carrier(ours, clock, *http, policies.add("twilio", {}), calls,
                                             callbacks);
    net::Router router;
    carrier.mount(router);
    net::ServerOptions where;
    where.port = 0;
    net::HttpServer server(std::vector<asio::any_io_executor>{executor}, router, clock, random,
                           where);
    ASSERT_TRUE(server.start());
    auto url = "http://127.0.0.1:" + std::to_string(server.port());
    carrier.set_public_url(url);
    net::OutgoingRequest request;
    request.method = net::Method::post;
    request.url = ours.api_url + "/2010-04-01/Accounts/" + account + "/Calls.json";
    auto credentials = std::string(account) + ":" + token;
    request.headers.set("Authorization", "Basic " + base64_encode(as_bytes(credentials)));
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body =
        "From=%2B12125550177&To=%2B12125550100&Url=" + url_encode(url + "/webhooks/twilio/call");
    world.run([&]() -> Task<int> {
      auto asking = http->send({}, request);
      auto answer = co_await std::move(asking);
      EXPECT_TRUE(answer && answer->status == 201);
      auto limit = clock.now() + 40s;
      while (!calls.report && clock.now() < limit) co_await clock.sleep_for(20ms);
      auto cutting = simulator.stop(clock.now());
      co_await std::move(cutting);
      auto closing = server.stop(clock.now());
      co_await std::move(closing);
      co_return 0;
    });
    ASSERT_TRUE(calls.report) << "the call never ended";
  }

  testkit::RealWorld world;
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  resilience::Policies policies{clock, random, registry, tracer};
  OurCalls calls{clock};
};

TEST_F(AnsweringLine, AMailboxGetsItsMessageAfterTheBeep) {
  audio::Samples says;
  add_silence(says, 400ms);
  add_voice(says, 4s);
  add_silence(says, 600ms);
  add_beep(says, 400ms);
  call(std::move(says));
  EXPECT_EQ(calls.report->answered_by, AnswerKind::machine);
  EXPECT_EQ(calls.report->outcome.kind, "voicemail");
  auto left = calls.timeline.at("message.left");
  ASSERT_TRUE(left);
  EXPECT_GT(*left, 5300ms) << "not before the beep was over";
  EXPECT_LT(*left, 15s);
}

TEST_F(AnsweringLine, APersonIsNotTakenForOne) {
  audio::Samples says;
  add_silence(says, 400ms);
  add_voice(says, 600ms);
  calls.settings.longest_call = 4s;
  call(std::move(says));
  EXPECT_EQ(calls.report->answered_by, AnswerKind::human);
  EXPECT_EQ(calls.report->outcome.kind, "answered");
  EXPECT_FALSE(calls.timeline.at("message.left"));
}

}  // namespace
}  // namespace parley::carrier
