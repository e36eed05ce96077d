#include <gmock/gmock.h>

#include "calls_fixture.hpp"

namespace parley::calls {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using namespace testing;  // fakes

PARLEY_ON_BOTH_DATABASES(CallsDbTest);

TEST_P(CallsDbTest, ACallIsRecordedFromRingToRecording) {
  auto token = token_of(ring());
  ASSERT_TRUE(talk(token, hung_up));
  auto call =
      await_call([](auto& c) { return c.status == CallStatus::completed && c.has_recording; });
  EXPECT_EQ(call.from, "+12125550199");
  EXPECT_EQ(call.end_reason, "caller_hung_up");
  EXPECT_EQ(call.outcome, "answered");
  EXPECT_EQ(call.summary, "Said hello.");
  EXPECT_TRUE(call.answered && call.ended);
  EXPECT_EQ(dialogues.started.at(0).caller_phone, "+12125550199");
  EXPECT_EQ(dialogues.started.at(0).call, call.id);
  auto transcript = run([&] { return service->transcript(ctx, call.id); });
  ASSERT_TRUE(transcript);
  ASSERT_EQ(transcript->size(), 1u);
  EXPECT_EQ(transcript->at(0).who, "agent");
  auto timeline = run([&] { return service->timeline(ctx, call.id); });
  std::vector<std::string> kinds;
  for (auto& item : *timeline) kinds.push_back(item.kind);
  EXPECT_THAT(kinds, Contains("tool"));
  EXPECT_EQ(kinds.back(), "session.ended");
  auto audio = audio::read_wav(recording_of(call.id));
  ASSERT_TRUE(audio);
  EXPECT_EQ(audio->channels, 2);
  EXPECT_TRUE(std::filesystem::is_empty(folder() / "spool"));
  EXPECT_THAT(event_types(),
              ElementsAre("call.started", "call.answered", "call.ended", "call.recorded"));
}

TEST_P(CallsDbTest, ACallNamesTheVersionOfItsAgent) {
  auto call_of = [&](const std::string& sid) {
    auto list = run([&] { return service->list(ctx, {}); });
    for (auto& call : list->items)
      if (call.carrier_call_id == sid) return call;
    return Call{};
  };
  (void)ring("CA1");
  EXPECT_EQ(call_of("CA1").agent_version, 1) << "no other was ever published";
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute(
        "INSERT INTO agent_versions (organization_id, business_id, number, state, agent, revision, "
        "note, created_at, created_by, updated_at) VALUES (?1, ?2, 4, 'published', '{}', 1, '', "
        "?3, '', ?3)",
        {businesses.profile->organization, businesses.profile->id, tx.now()});
  }));
  (void)ring("CA2");
  EXPECT_EQ(call_of("CA2").agent_version, 4);
}

TEST_P(CallsDbTest, ARehearsalIsHeldWithItsOwnAgentWhateverNumberItCalls) {
  auto tried = std::make_shared<business::Profile>(*businesses.profile);
  tried->agent.name = "Draft";
  service->rehearse("CA1", {tried, 7});
  ASSERT_TRUE(talk(token_of(ring("CA1", "+19995550000")), hung_up));
  auto call = await_call([](auto& c) { return c.status == CallStatus::completed; });
  EXPECT_EQ(call.agent_version, 7);
  EXPECT_EQ(dialogues.started_with.at(0)->agent.name, "Draft");
  service->forget_rehearsal("CA1");
  EXPECT_THAT(std::get<SayAndHangUp>(ring("CA2", "+19995550000")).text,
              HasSubstr("not in service"));
}

TEST_P(CallsDbTest, EveryCallerHearsSomething) {
  EXPECT_THAT(std::get<SayAndHangUp>(ring("CA1", "+19995550000")).text,
              HasSubstr("not in service"));
  businesses.profile->status = business::BusinessStatus::suspended;
  EXPECT_THAT(std::get<SayAndHangUp>(ring()).text, HasSubstr("not available"));
  businesses.profile->status = business::BusinessStatus::active;
  businesses.failing = true;
  businesses.failure = Errc::unavailable;
  EXPECT_THAT(std::get<SayAndHangUp>(ring()).text, HasSubstr("call again"));
}

TEST_P(CallsDbTest, ACallWithoutANumberIsForTheBusinessItNames) {
  auto answer = run([&]() -> Task<CallAnswer> {
    telephony::IncomingCall visitor{"browser", "web_1",          "",
                                    "",        ctx.organization, businesses.profile->id};
    auto asking = service->incoming(Context{}, std::move(visitor));
    co_return co_await std::move(asking);
  });
  ASSERT_TRUE(talk(token_of(answer.value()), hung_up, {}, "web_1"));
  auto call = await_call([](auto& c) { return c.status == CallStatus::completed; });
  EXPECT_EQ(call.carrier, "browser");
  EXPECT_EQ(call.carrier_call_id, "web_1");
  EXPECT_EQ(call.business, businesses.profile->id);
  EXPECT_EQ(call.to, "");
}

TEST_P(CallsDbTest, ARepeatedWebhookIsTheSameCall) {
  auto first = token_of(ring());
  auto second = token_of(ring());
  EXPECT_EQ(first, second);
  EXPECT_EQ(run([&] { return service->list(ctx, {}); })->total, 1);
  EXPECT_THAT(event_types(), ElementsAre("call.started"));
}

TEST_P(CallsDbTest, AMediaTokenWorksOnceAndForItsCallOnly) {
  auto token = token_of(ring());
  EXPECT_EQ(talk("made up", hung_up).error().code, Errc::not_found);
  EXPECT_TRUE(line->closed);
  EXPECT_EQ(talk(token, hung_up, {}, "CA2").error().code, Errc::not_found);
  EXPECT_TRUE(talk(token, hung_up));
  EXPECT_EQ(talk(token, hung_up).error().code, Errc::not_found);
}

TEST_P(CallsDbTest, ABrokenConnectionComesBack) {
  ASSERT_TRUE(talk(token_of(ring()), broke));
  await_call([](auto& c) { return c.status == CallStatus::interrupted; });
  auto next = what_next();
  ASSERT_TRUE(next);
  ASSERT_TRUE(talk(token_of(*next), hung_up));
  auto call = await_call([](auto& c) { return c.status == CallStatus::completed; });
  EXPECT_EQ(call.agent_turns, 2);
  EXPECT_FALSE(what_next()) << "the call is over: hang up";
}

TEST_P(CallsDbTest, AConnectionThatKeepsBreakingIsApologisedFor) {
  auto token = token_of(ring());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(talk(token, broke));
    auto next = what_next();
    ASSERT_TRUE(next);
    if (auto* media = std::get_if<ConnectMedia>(&*next)) {
      token = media->media_token;
      continue;
    }
    EXPECT_EQ(i, 3);
    EXPECT_THAT(std::get<SayAndHangUp>(*next).text, HasSubstr("technical problem"));
  }
}

TEST_P(CallsDbTest, AnAgentThatCannotStartIsApologisedFor) {
  dialogues.failing = true;
  auto token = token_of(ring());
  line = std::make_shared<Line>();
  ASSERT_TRUE(run([&] {
    return service->media_opened(Context{}, token, "CA1", std::make_unique<QuietLine>(line));
  }));
  EXPECT_TRUE(line->closed);
  auto next = what_next();
  ASSERT_TRUE(next);
  EXPECT_THAT(std::get<SayAndHangUp>(*next).text, HasSubstr("technical problem"));
}

TEST_P(CallsDbTest, HangingUpFromTheApiEndsTheSession) {
  auto meanwhile = [&]() -> Task<int> {
    auto listing = service->list(ctx, {.active_only = true});
    auto list = co_await std::move(listing);
    EXPECT_EQ(list->items.at(0).status, CallStatus::in_progress);
    auto hanging = service->hang_up(ctx, list->items.at(0).id);
    EXPECT_TRUE(co_await std::move(hanging));
    while (!line->closed) co_await asio::post(io, asio::use_awaitable);
    co_return 0;
  };
  ASSERT_TRUE(talk(token_of(ring()), hung_up, meanwhile));
  auto call = await_call([](auto& c) { return c.status == CallStatus::completed; });
  EXPECT_EQ(call.end_reason, "hung_up_by_us");
}

TEST_P(CallsDbTest, CarrierStatusesMayComeTwiceAndOutOfOrder) {
  ring();
  auto update = [&](telephony::CarrierCallStatus status, std::int64_t sequence) {
    return write([&](store::Tx& tx) {
      return service->status_changed(
          tx,
          {.carrier = "twilio", .carrier_call_id = "CA1", .status = status, .sequence = sequence});
    });
  };
  ASSERT_TRUE(update(telephony::CarrierCallStatus::no_answer, 3));
  ASSERT_TRUE(update(telephony::CarrierCallStatus::ringing, 1));
  ASSERT_TRUE(update(telephony::CarrierCallStatus::no_answer, 3));
  ASSERT_TRUE(update(telephony::CarrierCallStatus::completed, 4));
  auto call = await_call([](auto&) { return true; });
  EXPECT_EQ(call.status, CallStatus::no_answer);
  EXPECT_THAT(event_types(), ElementsAre("call.started", "call.ended"));
  auto unknown = write([&](store::Tx& tx) {
    return service->status_changed(tx, {.carrier = "twilio", .carrier_call_id = "CA9"});
  });
  EXPECT_EQ(unknown.error().code, Errc::not_found);
}

TEST_P(CallsDbTest, ACarriersRecordingIsAnEventOfItsCall) {
  ring();
  auto owner = read([&](store::Tx& tx) { return service->organization_of(tx, "twilio", "CA1"); });
  EXPECT_EQ(owner.value(), ctx.organization);
  telephony::CarrierRecording recording{.carrier = "twilio",
                                        .carrier_call_id = "CA1",
                                        .recording_id = "RE1",
                                        .status = "completed",
                                        .url = "https://api.twilio.test/RE1",
                                        .duration = 12s};
  ASSERT_TRUE(write([&](store::Tx& tx) { return service->recording_changed(tx, recording); }));
  EXPECT_THAT(event_types(), ElementsAre("call.started", "call.carrier_recording"));
  recording.carrier_call_id = "CA9";
  auto unknown = write([&](store::Tx& tx) { return service->recording_changed(tx, recording); });
  EXPECT_EQ(unknown.error().code, Errc::not_found);
  owner = read([&](store::Tx& tx) { return service->organization_of(tx, "twilio", "CA9"); });
  EXPECT_EQ(owner.error().code, Errc::not_found);
}

TEST_P(CallsDbTest, AnotherOrganizationSeesNothing) {
  ring();
  auto call = await_call([](auto&) { return true; });
  Context other = ctx;
  other.organization = OrganizationId("org_other");
  EXPECT_EQ(run([&] { return service->get(other, call.id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return service->timeline(other, call.id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return service->recording(other, call.id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return service->hang_up(other, call.id); }).error().code, Errc::not_found);
  EXPECT_EQ(run([&] { return service->list(other, {}); })->total, 0);
}

TEST_P(CallsDbTest, AKilledServerTakesItsCallersBackIntoOneRecording) {
  auto call = die_in_a_call(8000 * 4 + 3);
  make_service();
  start_service();
  EXPECT_FALSE(
      await_call([](auto& c) { return c.status == CallStatus::interrupted; }).has_recording)
      << "the caller may come back";
  clock.advance(5s);
  // The carrier, whose connection broke, asks what next: the caller is taken back.
  auto next = what_next();
  ASSERT_TRUE(next);
  ASSERT_TRUE(talk(token_of(*next), hung_up));
  await_call([](auto& c) { return c.status == CallStatus::completed && c.has_recording; });
  auto wav = audio::read_wav(recording_of(call.id));
  ASSERT_TRUE(wav);
  auto agent = wav->channel(1);
  ASSERT_GT(agent.size(), 40'000u);
  EXPECT_EQ(std::ranges::count(std::span(agent).first(8000), 0x0101), 8000) << "the first part";
  EXPECT_EQ(std::ranges::count(std::span(agent).subspan(8000, 32'000), 0), 32'000) << "the gap";
  // What was said then is where the transcript says it is.
  auto said = run([&] { return service->transcript(ctx, call.id); }).value().at(0);
  EXPECT_GE(said.at, 5s);
  auto sound = std::ranges::find_if(agent.begin() + 8000, agent.end(), [](auto s) { return s; });
  auto heard_at = std::chrono::milliseconds((sound - agent.begin()) / 8);
  EXPECT_LE(std::chrono::abs(heard_at - said.at), 500ms) << heard_at.count();
  EXPECT_TRUE(std::filesystem::is_empty(folder() / "spool"));
}

TEST_P(CallsDbTest, ACallerWhoNeverComesBackLeavesWhatWasRecorded) {
  auto call = die_in_a_call(8000 * 4);
  make_service();
  start_service();
  auto ended = await_call([&](auto& c) {
    clock.advance(10s);
    return c.has_recording;
  });
  EXPECT_EQ(ended.end_reason, "media_lost");
  EXPECT_EQ(audio::read_wav(recording_of(call.id))->samples.size(), 16'000u);
}

TEST_P(CallsDbTest, ACallThatTheCarrierEndsInBetweenKeepsItsRecording) {
  auto call = die_in_a_call(8000 * 4);
  make_service();
  start_service();
  await_call([](auto& c) { return c.status == CallStatus::interrupted; });
  telephony::CallStatusUpdate over{.carrier = "twilio", .carrier_call_id = "CA1"};
  over.status = telephony::CarrierCallStatus::completed;
  over.sequence = 5;
  ASSERT_TRUE(write([&](store::Tx& tx) { return service->status_changed(tx, over); }));
  await_call([&](auto& c) {
    clock.advance(10s);
    return c.status == CallStatus::completed && c.has_recording;
  });
  EXPECT_EQ(audio::read_wav(recording_of(call.id))->samples.size(), 16'000u);
}

/// An hour's recording goes to the object store as a file, and comes back in parts.
TEST_P(CallsDbTest, AHundredMegabytesAreNeverInMemory) {
  constexpr std::size_t size = 100u << 20;
  auto call = die_in_a_call(size);
  ASSERT_TRUE(write([&](store::Tx& tx) {
    return tx.execute("UPDATE calls SET status = 'completed' WHERE id = ?1", {call.id});
  }));
  make_service();
  start_service();
  await_call([](auto& c) { return c.has_recording; });
  auto recording = run([&] { return service->recording(ctx, call.id); });
  ASSERT_TRUE(recording);
  EXPECT_EQ(recording->size_bytes, size + 44);
  auto part = run([&] { return service->recording_part(ctx, *recording, size, 1000); });
  EXPECT_EQ(part.value().size(), 44u) << "to the end";
  EXPECT_LE(objects->largest, 1000u);
}

TEST_P(CallsDbTest, AFullDatabaseDoesNotEndTheCallAndItsRecordWaits) {
  start_service();
  auto token = token_of(ring());
  auto hold = [&](std::string_view sqlite, std::vector<std::string> postgres) {
    auto done = write([&](store::Tx& tx) -> Result<void> {
      if (!on_postgres()) postgres = {std::string(sqlite)};
      for (auto& sql : postgres)
        if (auto ran = tx.query(sql); !ran) return std::unexpected(ran.error());
      return {};
    });
    ASSERT_TRUE(done) << done.error().detail;
  };
  bool refused = false;
  auto meanwhile = [&]() -> Task<int> {
    // SQLite is held to what it has; PostgreSQL says what it says when a file cannot grow.
    std::vector<std::string> sqls{
        "CREATE FUNCTION no_room() RETURNS trigger AS $body$ BEGIN RAISE EXCEPTION 'no room' USING "
        "ERRCODE = '53100'; END $body$ LANGUAGE plpgsql",
        "CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON calls EXECUTE FUNCTION no_room()",
        "CREATE TRIGGER no_room BEFORE INSERT ON call_timeline EXECUTE FUNCTION no_room()"};
    if (!on_postgres()) sqls = {"PRAGMA max_page_count = 1"};
    auto fill = [&](store::Tx& tx) -> Result<int> {
      for (auto& sql : sqls)
        if (auto ran = tx.query(sql); !ran) return std::unexpected(ran.error());
      return 0;
    };
    auto filling = db().write(ctx, fill);
    auto filled = co_await std::move(filling);
    EXPECT_TRUE(filled) << filled.error().detail;
    // More than SQLite has free pages for.
    auto use = [&](store::Tx& tx) {
      return tx.execute(
          "INSERT INTO call_timeline (call_id, sequence, at_ms, kind, data) VALUES "
          "('call_other', 1, 0, 'x', ?1)",
          {std::string(400'000, 'x')});
    };
    auto using_up = db().write(ctx, use);
    auto used = co_await std::move(using_up);
    refused = !used && used.error().code == Errc::resource_exhausted;
    co_return 0;
  };
  ASSERT_TRUE(talk(token, hung_up, meanwhile));
  EXPECT_TRUE(refused);
  EXPECT_TRUE(line->closed) << "the call went its way";
  hold("PRAGMA max_page_count = 1000000",
       {"DROP TRIGGER no_room ON calls", "DROP TRIGGER no_room ON call_timeline"});
  clock.advance(30s);
  auto call = await_call([](auto& c) { return c.status == CallStatus::completed; });
  EXPECT_EQ(call.summary, "Said hello.");
  // Its timeline is written in batches of its own.
  auto give_up = std::chrono::steady_clock::now() + 20s;
  std::string last;
  while (last != "session.ended" && std::chrono::steady_clock::now() < give_up) {
    auto timeline = run([&] { return service->timeline(ctx, call.id); });
    ASSERT_TRUE(timeline) << timeline.error().detail;
    if (!timeline->empty()) last = timeline->back().kind;
  }
  EXPECT_EQ(last, "session.ended");
}

TEST_P(CallsDbTest, ARecordingWaitsForRoomAndNeedsNoRestart) {
  objects->full = true;
  ASSERT_TRUE(talk(token_of(ring()), hung_up));
  auto call =
      await_call([&](auto& c) { return c.status == CallStatus::completed && objects->puts > 0; });
  EXPECT_FALSE(call.has_recording);
  EXPECT_FALSE(std::filesystem::is_empty(folder() / "spool"));
  objects->full = false;
  auto stored = await_call([&](auto& c) {
    clock.advance(1s);
    return c.has_recording;
  });
  EXPECT_TRUE(run([&] { return service->recording(ctx, stored.id); }));
  EXPECT_TRUE(std::filesystem::is_empty(folder() / "spool"));
}

TEST_P(CallsDbTest, FiltersAndPages) {
  for (int i = 0; i < 5; ++i) ring("CA" + std::to_string(i));
  auto page = run([&] { return service->list(ctx, {.page = 2, .limit = 2}); });
  EXPECT_EQ(page->total, 5);
  EXPECT_EQ(page->items.size(), 2u);
  EXPECT_EQ(run([&] { return service->list(ctx, {.status = CallStatus::completed}); })->total, 0);
  EXPECT_EQ(run([&] { return service->list(ctx, {.phone = "+12125550199"}); })->total, 5);
  EXPECT_EQ(run([&] { return service->list(ctx, {.business = BusinessId("biz_2")}); })->total, 0);
}

}  // namespace
}  // namespace parley::calls
