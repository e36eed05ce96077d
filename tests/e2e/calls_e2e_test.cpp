// Real calls: the shipped program in a process of its own, the carrier's protocol over sockets, in
// real time, with synthesised callers through the telephone band and noise.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>

#include "booking_caller.hpp"
#include "parley/base/run_to_end.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/calendar/zone.hpp"
#include "parley/providers/espeak/espeak_synthesizer.hpp"
#include "parley/providers/flite/flite_synthesizer.hpp"
#include "parley/testkit/caller_audio.hpp"
#include "parley/testkit/postgres_server.hpp"
#include "phone_call.hpp"
#include "server_process.hpp"

namespace parley::e2e {
namespace {

using callers::BookingCaller;
using callers::BookingWish;
using simulators::LineEnd;
using ::testing::AnyOf;
using ::testing::HasSubstr;

/// One server for all calls of this program, as one business has.
class CallsE2e : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { server = std::make_unique<ServerProcess>(); }
  static void TearDownTestSuite() {
    if (!server) return;
    EXPECT_EQ(server->stop(), 0) << "SIGTERM ends the server cleanly";
    server.reset();
  }

  /// Runs coroutines on this test's own loop.
  template <class Start>
  auto run(Start start) {
    return run_to_end(io, std::move(start), [this](const bool& done) {
      io.restart();
      while (!done && io.run_one() > 0) {
      }
    });
  }

  std::unique_ptr<PhoneCall> phone(CallerSound sound, std::string from = "+12125550142") {
    std::map<std::string, speech::Synthesizer*> voices{{"flite", &flite}, {"espeak", &espeak}};
    return std::make_unique<PhoneCall>(clock, random, *http, *server, voices, sound,
                                       std::move(from));
  }
  Result<CallResult> call(CallerSound sound, std::vector<Rule> rules, Duration limit,
                          std::string from = "+12125550142") {
    auto caller = phone(std::move(sound), std::move(from));
    auto answers = by_rules(std::move(rules));
    return run([&] { return caller->hold(answers, limit); });
  }
  struct Booking {
    CallerSound sound;
    Answers answers;
    std::string from;
  };
  /// Several calls, `at_once` of them at a time.
  std::vector<Result<CallResult>> hold_all(std::vector<Booking> calls, int at_once,
                                           Duration limit) {
    std::vector<Result<CallResult>> results(calls.size(), fail(Errc::unavailable, "not run"));
    run([&]() -> Task<int> {
      auto executor = co_await asio::this_coro::executor;
      TaskGroup group(executor);
      int running = 0;
      Signal ended;
      for (std::size_t i = 0; i < calls.size(); ++i) {
        while (running >= at_once) co_await ended.wait();
        ++running;
        group.spawn("call", [&, i]() -> asio::awaitable<void> {
          auto caller = phone(calls[i].sound, calls[i].from);
          auto holding = caller->hold(calls[i].answers, limit);
          results[i] = co_await std::move(holding);
          --running;
          ended.notify();
        });
      }
      while (running > 0) co_await ended.wait();
      co_await group.stop();
      co_return 0;
    });
    return results;
  }
  void sign_in() {
    auto answer = run([&] {
      return api.post("/auth/login",
                      {{"email", "owner@demo.example"}, {"password", server->password()}});
    });
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->status, 200) << json::serialize(answer->body);
    api.use(text_at(answer->body, "/data/accessToken"));
  }
  std::string business() {
    auto list = run([&] { return api.get("/businesses"); });
    return list ? text_at(list->body, "/data/0/id") : "";
  }

  static std::unique_ptr<ServerProcess> server;
  asio::io_context io{1};
  SystemClock clock;
  SystemRandom random;
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
  WorkerPool pool{{.name = "voices", .threads = 2}};
  providers::flite::FliteSynthesizer flite{pool};
  providers::espeak::EspeakSynthesizer espeak{clock, pool};
  ApiClient api{*http, server->url(), server->command_line_key()};
};
std::unique_ptr<ServerProcess> CallsE2e::server;

TEST_F(CallsE2e, AnAppointmentIsBookedByVoice) {
  auto zone = calendar::Zone::find("America/New_York");
  ASSERT_TRUE(zone);
  auto today = calendar::Date{std::chrono::floor<std::chrono::days>(zone->to_local(clock.wall()))};
  const auto people_calling = callers::booking_callers();
  std::vector<BookingWish> wishes;
  std::vector<std::shared_ptr<BookingCaller>> people;
  std::vector<Booking> calls;
  for (std::size_t i = 0; i < people_calling.size(); ++i) {
    wishes.push_back(callers::wish_of(i, people_calling[i].name, today));
    people.push_back(std::make_shared<BookingCaller>(wishes.back()));
    Answers answers = [person = people.back()](const std::string& said) {
      return person->answer(said);
    };
    calls.push_back(
        {people_calling[i].sound, std::move(answers), "+121255502" + std::to_string(10 + i)});
  }
  auto results = hold_all(std::move(calls), 10, std::chrono::minutes(4));
  auto list = run([&] { return api.get("/appointments?source=voice_agent&limit=50"); });
  ASSERT_TRUE(list);
  boost::system::error_code ec;
  auto* items = list->body.find_pointer("/data", ec);
  ASSERT_TRUE(items && items->is_array()) << json::serialize(list->body);
  // What each call left in the calendar, against what its caller wanted.
  std::size_t booked = 0, by_voice_alone = 0, appointments = 0;
  std::string log;
  for (std::size_t i = 0; i < people_calling.size(); ++i) {
    ASSERT_TRUE(results[i]) << results[i].error().detail;
    auto call_id = text_at(results[i]->call, "/id");
    ASSERT_THAT(call_id, HasSubstr("call_"));
    std::string made;
    for (auto& item : items->get_array()) {
      if (text_at(item, "/callId") != call_id) continue;
      ++appointments;
      made += text_at(item, "/serviceName") + " " + text_at(item, "/localStart") + "; ";
      EXPECT_EQ(text_at(item, "/serviceName"), "Teeth cleaning") << results[i]->transcript();
      EXPECT_EQ(text_at(item, "/localStart").substr(0, wishes[i].start.size()), wishes[i].start)
          << results[i]->transcript();
    }
    bool good = made.starts_with("Teeth cleaning " + wishes[i].start) &&
                text_at(results[i]->call, "/outcome") == "booked";
    booked += good ? 1 : 0;
    by_voice_alone += good && people[i]->keys() == 0 ? 1 : 0;
    log += fmt::format("{} at {:.0f} dB, wants {} {}: {} ({} keys) {}\n{}\n",
                       people_calling[i].sound.voice, people_calling[i].sound.noise_db,
                       wishes[i].day_said, wishes[i].time_said, good ? "booked" : "NOT booked",
                       people[i]->keys(), made, results[i]->transcript());
  }
  std::printf("%s%zu of %zu callers got their appointment, %zu of them by voice alone\n",
              log.c_str(), booked, people_calling.size(), by_voice_alone);
  EXPECT_GE(booked, 9U);
  EXPECT_GE(by_voice_alone, 4U);
  EXPECT_EQ(appointments, items->get_array().size()) << "an appointment that no call made";
  EXPECT_EQ(appointments, booked) << "an appointment that nobody wanted";
}

/// A minimal one-page PDF with this text, a line each.
std::string make_pdf(const std::vector<std::string>& lines) {
  std::string content = "BT /F1 12 Tf 14 TL 50 760 Td ";
  for (auto& line : lines) content += "(" + line + ") Tj T* ";
  content += "ET";
  std::vector<std::string> objects{
      "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << "
      "/F1 5 0 R >> >> >>",
      "<< /Length " + std::to_string(content.size()) + " >>\nstream\n" + content + "\nendstream",
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"};
  std::string pdf = "%PDF-1.4\n";
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    offsets.push_back(pdf.size());
    pdf += std::to_string(i + 1) + " 0 obj\n" + objects[i] + "\nendobj\n";
  }
  auto xref = pdf.size();
  pdf += "xref\n0 6\n0000000000 65535 f \n";
  for (auto offset : offsets) {
    char entry[24];
    std::snprintf(entry, sizeof entry, "%010zu 00000 n \n", offset);
    pdf += entry;
  }
  return pdf + "trailer << /Size 6 /Root 1 0 R >>\nstartxref\n" + std::to_string(xref) +
         "\n%%EOF\n";
}

TEST_F(CallsE2e, AQuestionIsAnsweredFromAnUploadedPdf) {
  sign_in();
  auto practice = business();
  auto pdf = make_pdf({"Mouth guards for sports", "",
                       "We make mouth guards for sports. A mouth guard costs 95 dollars.",
                       "It is ready after one week. Bring it to every check-up."});
  auto uploaded =
      run([&] { return api.upload("/documents/upload", practice, "mouth-guards.pdf", pdf); });
  ASSERT_TRUE(uploaded);
  ASSERT_THAT(uploaded->status, AnyOf(200, 201, 202)) << json::serialize(uploaded->body);
  auto id = text_at(uploaded->body, "/data/id");
  std::string status;
  auto limit = clock.now() + std::chrono::seconds(30);
  while (status != "completed" && clock.now() < limit) {
    auto document = run([&] { return api.get("/documents/" + id); });
    ASSERT_TRUE(document);
    status = text_at(document->body, "/data/status");
    ASSERT_NE(status, "failed") << json::serialize(document->body);
  }
  ASSERT_EQ(status, "completed");
  auto result =
      call({"flite:slt", 30},
           {{"95 dollars", "@hangup", 1},
            {"how can i help|didn't|don't know|still there", "how much is a mouth guard", 4}},
           std::chrono::seconds(60));
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_THAT(result->transcript(), HasSubstr("95")) << result->transcript();
}

/// Where in the recording the voice begins: its first frame that is as loud as speech.
Duration onset_of(const audio::Samples& samples) {
  constexpr double speech_dbfs = -40;
  constexpr std::size_t frame = audio::telephone_frame_samples;
  std::size_t at = 0;
  while (at + frame <= samples.size() &&
         testkit::speech_level_dbfs(std::span(samples).subspan(at, frame),
                                    audio::telephone_rate_hz) < speech_dbfs)
    at += frame;
  return std::chrono::microseconds(125) * static_cast<std::int64_t>(at);
}

TEST_F(CallsE2e, TheAgentStopsWhenTheCallerSpeaks) {
  auto caller = phone({"flite:slt", 100});
  Duration began{}, stopped{};
  auto result = run([&]() -> Task<CallResult> {
    auto preparing = caller->speak("excuse me i have a question");
    auto words = co_await std::move(preparing);
    auto dialling = caller->line().dial(Context{});
    auto dialled = co_await std::move(dialling);
    if (!dialled) co_return std::unexpected(dialled.error());
    auto executor = co_await asio::this_coro::executor;
    TaskGroup group(executor);
    group.spawn("caller", [&]() -> asio::awaitable<void> {
      auto& line = caller->line();
      while (!line.agent_speaking()) co_await line.changed().wait();
      co_await clock.sleep_for(std::chrono::milliseconds(1200));
      line.say(words->samples);
      began = line.elapsed() + onset_of(words->samples);
      while (line.clears() == 0 && line.ended() == LineEnd::none) co_await line.changed().wait();
      stopped = line.elapsed();
      co_await clock.sleep_for(std::chrono::seconds(2));
      line.hang_up();
    });
    auto carrying = caller->line().run(Context{});
    co_await std::move(carrying);
    co_await group.stop();
    co_await clock.sleep_for(std::chrono::milliseconds(1500));
    auto looking = caller->look();
    co_return co_await std::move(looking);
  });
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_GE(result->clears, 1);
  std::printf("barge-in: cleared %lld ms after the caller's first sound\n",
              static_cast<long long>((stopped - began) / std::chrono::milliseconds(1)));
  boost::system::error_code ec;
  auto* first = result->call.find_pointer("/transcript/0/interrupted", ec);
  ASSERT_TRUE(first && first->is_bool()) << json::serialize(result->call);
  EXPECT_TRUE(first->get_bool());
}

TEST_F(CallsE2e, KeysAloneReachAnAnswer) {
  auto result =
      call({"flite:slt", 100}, {{"we're open", "@hangup", 1}, {"how can i help", "@press 2", 1}},
           std::chrono::seconds(60));
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_THAT(result->transcript(), HasSubstr("We're open")) << result->transcript();
}

TEST_F(CallsE2e, SilenceAndNoiseEndWithGoodbye) {
  std::vector<Booking> calls;
  // Nobody speaks: once on a quiet line, once in noise nearly as loud as a voice.
  for (double noise_db : {100.0, 5.0})
    calls.push_back({{"flite:slt", noise_db}, by_rules({}), "+12125550142"});
  for (auto& result : hold_all(std::move(calls), 2, std::chrono::seconds(100))) {
    ASSERT_TRUE(result) << result.error().detail;
    EXPECT_EQ(result->end, LineEnd::hung_up_by_server) << result->transcript();
  }
}

TEST_F(CallsE2e, OnPostgresqlACallIsTheSame) {
  auto& postgres = testkit::PostgresServer::instance();
  auto database = postgres.make_empty_database();
  ServerProcess other({{"PARLEY_DATABASE_URL", postgres.url(database)}});
  auto zone = calendar::Zone::find("America/New_York");
  ASSERT_TRUE(zone);
  auto today = calendar::Date{std::chrono::floor<std::chrono::days>(zone->to_local(clock.wall()))};
  auto person = callers::booking_callers()[1];
  BookingCaller visitor(callers::wish_of(1, person.name, today));
  PhoneCall caller(clock, random, *http, other, {{"flite", &flite}}, person.sound, "+12125550142");
  Answers answers = [&visitor](const std::string& said) { return visitor.answer(said); };
  auto result = run([&] { return caller.hold(answers, std::chrono::seconds(120)); });
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(text_at(result->call, "/outcome"), "booked") << result->transcript();
  ApiClient reader(*http, other.url(), other.command_line_key());
  auto list = run([&] { return reader.get("/appointments?source=voice_agent"); });
  ASSERT_TRUE(list);
  EXPECT_EQ(text_at(list->body, "/data/0/localStart").substr(0, 16),
            callers::wish_of(1, person.name, today).start);
  EXPECT_EQ(other.stop(), 0);
}

TEST_F(CallsE2e, AHangUpInMidSentenceIsRecorded) {
  auto result =
      call({"flite:slt", 100}, {{"help|riverside", "@hangup", 1}}, std::chrono::seconds(30));
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(text_at(result->call, "/status"), "completed");
  EXPECT_EQ(text_at(result->call, "/endReason"), "caller_hung_up");
}

TEST_F(CallsE2e, ANumberNobodyOwnsIsApologisedFor) {
  simulators::TwilioLine line(
      clock, random, *http,
      {server->url(), "", server->auth_token(), "+12125550142", "+19995550000"});
  auto dialled = run([&] { return line.dial(Context{}); });
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, Errc::conflict);
  EXPECT_THAT(line.said(), HasSubstr("not in service"));
}

TEST_F(CallsE2e, AForgedCallIsRefused) {
  simulators::TwilioLine line(clock, random, *http,
                              {server->url(), "", "forged", "+12125550142", "+12125550100"});
  auto dialled = run([&] { return line.dial(Context{}); });
  ASSERT_FALSE(dialled);
  EXPECT_EQ(dialled.error().code, Errc::forbidden);
}

TEST_F(CallsE2e, HostileMediaDoesNotDisturbTheCall) {
  auto caller = phone({"flite:slt", 100});
  auto result = run([&]() -> Task<CallResult> {
    auto executor = co_await asio::this_coro::executor;
    TaskGroup group(executor);
    group.spawn("hostile", [&]() -> asio::awaitable<void> {
      auto& line = caller->line();
      while (!line.agent_speaking()) co_await line.changed().wait();
      for (auto* text :
           {"", "{", "[]", "null", "{\"event\":7}",
            "{\"event\":\"media\",\"media\":{\"payload\":\"%%%\"}}",
            "{\"event\":\"media\",\"media\":{\"chunk\":\"1\",\"payload\":\"AAAA\"}}",
            "{\"event\":\"dtmf\",\"dtmf\":{\"digit\":\"xyz\"}}", "{\"event\":\"mark\"}"})
        line.send_raw(text);
      line.send_raw(std::string(10'000, '['));
    });
    auto holding =
        caller->hold(by_rules({{"open|close|hours", "@hangup", 1},
                               {"help|riverside|sorry", "what are your opening hours", 3}}),
                     std::chrono::seconds(60));
    auto held = co_await std::move(holding);
    co_await group.stop();
    co_return held;
  });
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_THAT(result->transcript(), HasSubstr("caller: ")) << result->transcript();
}

TEST_F(CallsE2e, AKilledServerTakesItsCallersBack) {
  auto caller = phone({"flite:slt", 100});
  auto result = run([&]() -> Task<CallResult> {
    auto dialling = caller->line().dial(Context{});
    auto dialled = co_await std::move(dialling);
    if (!dialled) co_return std::unexpected(dialled.error());
    auto executor = co_await asio::this_coro::executor;
    TaskGroup group(executor);
    bool agent_came_back = false;
    group.spawn("operator", [&]() -> asio::awaitable<void> {
      auto& line = caller->line();
      while (!line.agent_speaking()) co_await line.changed().wait();
      // The carrier finds the server back by the time it asks what next.
      server->kill_hard();
      server->restart();
      while (line.agent_speaking()) co_await line.changed().wait();
      while (!line.agent_speaking() && line.ended() == LineEnd::none)
        co_await line.changed().wait();
      agent_came_back = line.ended() == LineEnd::none;
      line.hang_up();
    });
    auto carrying = caller->line().run(Context{});
    co_await std::move(carrying);
    co_await group.stop();
    EXPECT_TRUE(agent_came_back);
    auto looking = caller->look();
    co_return co_await std::move(looking);
  });
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_THAT(text_at(result->call, "/status"), AnyOf("completed", "in_progress", "interrupted"));
}

TEST_F(CallsE2e, TenCallsAtOnceAreAllHeard) {
  std::vector<Booking> calls;
  for (int i = 0; i < 10; ++i)
    calls.push_back({{i % 2 ? "flite:rms" : "flite:slt", 30},
                     by_rules({{"we're open", "@hangup", 1},
                               {"how can i help|didn't|still there|can't hear|press 1",
                                "what are your opening hours", 4}}),
                     "+121255503" + std::to_string(10 + i)});
  auto results = hold_all(std::move(calls), 10, std::chrono::seconds(90));
  int heard = 0;
  std::int64_t slowest = 0;
  for (auto& result : results) {
    ASSERT_TRUE(result) << result.error().detail;
    if (result->transcript().find("caller: ") != std::string::npos) ++heard;
    boost::system::error_code ec;
    auto* turns = result->call.find_pointer("/transcript", ec);
    if (!turns || !turns->is_array()) continue;
    for (auto& turn : turns->get_array()) {
      auto* total = turn.find_pointer("/latency/totalMs", ec);
      if (total && total->is_int64()) slowest = std::max(slowest, total->get_int64());
    }
  }
  std::printf("ten calls at once: %d heard; slowest answer %lld ms after the caller's last word\n",
              heard, static_cast<long long>(slowest));
  EXPECT_EQ(heard, 10);
}

}  // namespace
}  // namespace parley::e2e
