// The protocol of /voice/sessions and /voice/{sessionId}, against a real server.
#include "browser_world.hpp"
#include "parley/audio/frame.hpp"
#include "parley/base/strings.hpp"
#include "parley/testkit/next_event.hpp"

namespace parley::webvoice {
namespace {

using namespace testing;
using telephony::MediaAudio;
using telephony::MediaDigit;
using telephony::MediaMark;
using telephony::MediaText;

using WebVoiceProtocol = BrowserWorld;

std::string pcm_bytes(std::size_t samples, std::int16_t value = 1000) {
  audio::Samples tone(samples, value);
  return std::string(as_text(std::as_bytes(std::span(tone))));
}

/// Shows what it hears: "heard <samples>" for audio, typed turns and keys as transcripts.
Task<void> echo(telephony::MediaStream& stream) {
  auto& companion = *stream.companion();
  std::size_t samples = 0;
  while (true) {
    auto waiting = testkit::next_event(stream);
    auto event = co_await std::move(waiting);
    if (!event) co_return Result<void>{};
    if (auto* audio = std::get_if<MediaAudio>(&*event)) {
      samples += audio->payload.size() / 2;
      companion.hearing(std::to_string(samples));
    } else if (auto* text = std::get_if<MediaText>(&*event)) {
      companion.heard(text->text, 1.0, "text");
      companion.saying("You wrote " + text->text);
    } else if (auto* key = std::get_if<MediaDigit>(&*event)) {
      companion.heard(std::string(1, key->digit), 1.0, "keys");
    } else {
      companion.saying("mark " + std::get<MediaMark>(*event).name);
    }
  }
}

TEST_F(WebVoiceProtocol, APageMakesASessionAndTalksOverIt) {
  switchboard.hold = echo;
  auto session = make_session();
  EXPECT_EQ(text_in(session.at("business").as_object(), "name"), "Riverside Dental");
  EXPECT_TRUE(text_in(session, "url").starts_with("ws://127.0.0.1:"));
  auto socket = start(session, pcm(48000));
  auto ready = socket->next("session.ready");
  EXPECT_EQ(ready.at("mode").as_string(), "voice");
  EXPECT_EQ(ready.at("audio").at("rate").as_int64(), 8000);
  EXPECT_FALSE(ready.at("resumed").as_bool());
  // Half a second at 48 kHz are 4,000 samples of the telephone, save what the filter still holds.
  for (int i = 0; i < 25; ++i) socket->send_binary(pcm_bytes(960));
  std::size_t heard = 0;
  while (heard < 3900) heard = std::stoul(text_in(socket->next("transcript.partial"), "text"));
  EXPECT_LE(heard, 4000u);
  socket->send({{"type", "text"}, {"text", "  two o'clock "}});
  EXPECT_EQ(text_in(socket->next("transcript.final"), "text"), "two o'clock");
  auto said = socket->next("agent.text");
  EXPECT_EQ(text_in(said, "text"), "You wrote two o'clock");
  EXPECT_EQ(said.at("seq").as_int64(), 2);
  socket->send({{"type", "key"}, {"digit", "5"}});
  EXPECT_EQ(text_in(socket->next("transcript.final"), "input"), "keys");
  socket->send({{"type", "hangup"}});
  socket->next("session.ended");
  EXPECT_TRUE(socket->ends());
  ASSERT_EQ(switchboard.calls.size(), 1u);
  EXPECT_EQ(switchboard.calls[0].carrier, "browser");
  EXPECT_EQ(switchboard.calls[0].business.str(), "biz_1");
  EXPECT_EQ(switchboard.calls[0].organization.str(), "org_1");
  EXPECT_EQ(switchboard.calls[0].carrier_call_id, text_in(session, "sessionId"));
}

TEST_F(WebVoiceProtocol, TheAgentsSoundComesWithItsBeginningItsEndAndMarks) {
  switchboard.hold = [](telephony::MediaStream& stream) -> Task<void> {
    auto tone = pcm_bytes(1600);
    EXPECT_EQ(stream.codec(), telephony::Codec::pcm16);
    EXPECT_TRUE(stream.send_audio(as_bytes(tone)).has_value());
    EXPECT_TRUE(stream.send_mark("turn-1").has_value());
    auto waiting = testkit::next_event(stream);
    auto event = co_await std::move(waiting);
    EXPECT_TRUE(event && std::get<MediaMark>(*event).name == "turn-1");
    EXPECT_TRUE(stream.send_audio(as_bytes(tone)).has_value());
    EXPECT_TRUE(stream.send_mark("turn-2").has_value());
    EXPECT_TRUE(stream.clear().has_value());
    auto returning = testkit::next_event(stream);
    auto returned = co_await std::move(returning);
    EXPECT_TRUE(returned && std::get<MediaMark>(*returned).name == "turn-2");
    co_return Result<void>{};
  };
  auto socket = start(make_session());
  EXPECT_EQ(socket->next("agent.audio.start").at("audioBytes").to_number<int>(), 0);
  EXPECT_EQ(text_in(socket->next("agent.audio.stop"), "mark"), "turn-1");
  EXPECT_EQ(socket->audio.size(), 3200u);
  socket->send({{"type", "mark"}, {"name", "turn-1"}});
  EXPECT_EQ(socket->next("clear").at("audioBytes").to_number<int>(), 6400);
  socket->next("session.ended");
  EXPECT_TRUE(socket->ends());
}

TEST_F(WebVoiceProtocol, WhatIsNotAnnouncedOrNotSoundIsToldByName) {
  switchboard.hold = echo;
  auto socket = start(make_session());
  EXPECT_EQ(text_in(socket->next("session.ready"), "input"), "text");
  socket->send_binary(pcm_bytes(160));
  EXPECT_EQ(socket->next_error(), "audio_not_announced");
  socket->send({{"type", "audio"}, {"audio", {{"format", "pcm16"}, {"rate", 8000}}}});
  EXPECT_EQ(text_in(socket->next("mode"), "mode"), "voice");
  socket->send_binary("odd");
  EXPECT_EQ(socket->next_error(), "bad_audio");
  socket->send_binary(std::string((256u << 10) + 1, 'x'));
  EXPECT_EQ(socket->next_error(), "too_large");
  socket->send_text(R"({"type":"text","text":")" + std::string(1u << 20, 'a') + R"("})");
  EXPECT_EQ(socket->next_error(), "too_large");
  socket->send({{"type", "text"}, {"text", std::string(2001, 'a')}});
  EXPECT_EQ(socket->next_error(), "too_large");
  socket->send({{"type", "text"}, {"text", "   "}});
  EXPECT_EQ(socket->next_error(), "bad_message");
  socket->send_text("{nonsense");
  EXPECT_EQ(socket->next_error(), "bad_message");
  socket->send({{"type", "dance"}});
  EXPECT_EQ(socket->next_error(), "unknown_type");
  socket->send({{"type", "key"}, {"digit", "55"}});
  EXPECT_EQ(socket->next_error(), "bad_message");
  // None of it ended the call.
  socket->send({{"type", "text"}, {"text", "still here"}});
  EXPECT_EQ(text_in(socket->next("transcript.final"), "text"), "still here");
}

TEST_F(WebVoiceProtocol, AFirstMessageThatIsWrongIsRefusedByName) {
  switchboard.hold = echo;
  struct Case {
    std::string name;
    json::object audio;
  };
  const std::vector<Case> announcements{
      {"unknown_rate", {{"format", "pcm16"}, {"rate", 44000}}},
      {"unknown_rate", {{"format", "pcm16"}}},
      {"not_mono", {{"format", "pcm16"}, {"rate", 48000}, {"channels", 2}}},
      {"unknown_format", {{"format", "mp3"}}},
  };
  for (auto& wrong : announcements) {
    auto socket = start(make_session(), {{"audio", wrong.audio}});
    EXPECT_EQ(socket->next_error(), wrong.name);
    EXPECT_TRUE(socket->ends());
  }
  auto binary = connect(make_session());
  binary->send_binary(pcm_bytes(160));
  EXPECT_EQ(binary->next_error(), "audio_not_announced");
  auto large = connect(make_session());
  large->send_text(std::string(1u << 20, 'x'));
  EXPECT_EQ(large->next_error(), "too_large");
  auto hello = connect(make_session());
  hello->send({{"type", "hello"}});
  EXPECT_EQ(hello->next_error(), "bad_message");
  EXPECT_TRUE(switchboard.calls.empty());
}

TEST_F(WebVoiceProtocol, ASocketThatSaysNothingIsClosed) {
  serve({.opening_limit = std::chrono::milliseconds(50)});
  auto socket = connect(make_session());
  EXPECT_EQ(socket->next_error(), "silent");
  EXPECT_TRUE(socket->ends());
}

TEST_F(WebVoiceProtocol, GarbageWebmIsToldOnceAndTheTextGoesOn) {
  switchboard.hold = echo;
  auto socket = start(make_session(), {{"audio", {{"format", "webm-opus"}}}});
  EXPECT_EQ(text_in(socket->next("session.ready"), "mode"), "voice");
  socket->send_binary(std::string(1000, 'g'));
  EXPECT_EQ(socket->next_error(), "bad_audio");
  EXPECT_EQ(text_in(socket->next("mode"), "mode"), "text");
  socket->send_binary(std::string(1000, 'g'));
  socket->send({{"type", "text"}, {"text", "hello"}});
  EXPECT_EQ(text_in(socket->next("transcript.final"), "text"), "hello");
  for (auto& event : socket->passed_over) EXPECT_NE(text_in(event, "type"), "error");
}

TEST_F(WebVoiceProtocol, MoreSoundThanThereIsTimeEndsTheCall) {
  switchboard.hold = echo;
  auto socket = start(make_session(), pcm(8000));
  // A gigabyte would be 18 hours; it is refused after the first seconds of it.
  for (int i = 0; i < 20; ++i) socket->send_binary(pcm_bytes(8000));
  EXPECT_EQ(socket->next_error(), "too_much_audio");
  EXPECT_TRUE(socket->ends());
}

TEST_F(WebVoiceProtocol, PagesElsewhereAreRefused) {
  constexpr std::string_view make = R"({"business":"wk_1"})";
  auto post = [&](std::string origin) {
    return ask(net::Method::post, "/voice/sessions", std::string(make), std::move(origin));
  };
  EXPECT_EQ(post("https://evil.example").status, 403);
  EXPECT_FALSE(post("https://evil.example").headers.get("Access-Control-Allow-Origin"));
  EXPECT_EQ(post("").status, 403);
  EXPECT_EQ(post("null").status, 403);
  EXPECT_EQ(post("https://www.example.com.evil.example").status, 403);
  EXPECT_EQ(post("http://www.example.com").status, 403);
  auto allowed = post(std::string(page));
  EXPECT_EQ(allowed.status, 201);
  EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Origin"), page);
  EXPECT_EQ(post("https://WWW.example.com:443").status, 201);
  EXPECT_EQ(post(url).status, 201);  // its own pages

  auto asked = ask(net::Method::options, "/voice/sessions", "");
  EXPECT_EQ(asked.status, 204);
  EXPECT_EQ(asked.headers.get("Access-Control-Allow-Origin"), page);
  auto foreign = ask(net::Method::options, "/voice/sessions", "", "https://evil.example");
  EXPECT_FALSE(foreign.headers.get("Access-Control-Allow-Origin"));

  auto session = make_session();
  for (std::string origin : {"https://evil.example", ""}) {
    auto socket = connect(session, origin);
    if (!origin.empty()) socket->send({{"type", "start"}, {"token", text_in(session, "token")}});
    EXPECT_EQ(socket->next_error(), origin.empty() ? "no_origin" : "bad_token");
    EXPECT_TRUE(socket->ends());
  }
}

TEST_F(WebVoiceProtocol, RequestsThatAreWrongAreRefused) {
  auto post = [&](std::string body) {
    return ask(net::Method::post, "/voice/sessions", std::move(body)).status;
  };
  EXPECT_EQ(post("nonsense"), 422);
  EXPECT_EQ(post("[]"), 422);
  EXPECT_EQ(post(R"({"business":7})"), 422);
  EXPECT_EQ(post(R"({"business":"wk_other"})"), 404);
  EXPECT_EQ(post(std::string(5000, ' ')), 413);
}

TEST_F(WebVoiceProtocol, OneAddressMakesSoManySessionsOnly) {
  serve({.client_burst = 3, .client_per_minute = 1});
  for (int i = 0; i < 3; ++i) make_session();
  auto fourth = ask(net::Method::post, "/voice/sessions", R"({"business":"wk_1"})");
  EXPECT_EQ(fourth.status, 429);
  EXPECT_TRUE(fourth.headers.get("Retry-After").has_value());
}

TEST_F(WebVoiceProtocol, ATokenOpensOneSessionOnce) {
  switchboard.hold = echo;
  auto session = make_session();
  auto forged = connect(session);
  forged->send({{"type", "start"}, {"token", "forged"}});
  EXPECT_EQ(forged->next_error(), "bad_token");
  auto first = start(session);
  first->next("session.ready");
  auto second = start(session);
  EXPECT_EQ(second->next_error(), "bad_token");
  auto unknown = session;
  unknown["url"] = url + "/voice/web_unknown";
  unknown["url"] = "ws" + url.substr(4) + "/voice/web_unknown";
  EXPECT_EQ(start(unknown)->next_error(), "no_session");
}

TEST_F(WebVoiceProtocol, ATokenThatIsTooLateOpensNothing) {
  serve({.token_life = Duration(0)});
  EXPECT_EQ(start(make_session())->next_error(), "no_session");
}

TEST_F(WebVoiceProtocol, WhenNoCallIsTakenTheVisitorReadsWhy) {
  switchboard.apology = "All lines are busy.";
  auto socket = start(make_session());
  auto error = socket->next("error");
  EXPECT_EQ(text_in(error, "code"), "unavailable");
  EXPECT_EQ(text_in(error, "message"), "All lines are busy.");
  EXPECT_TRUE(socket->ends());
}

TEST_F(WebVoiceProtocol, ABrokenConnectionIsResumedAndToldWhatItMissed) {
  switchboard.hold = echo;
  auto session = make_session();
  auto socket = start(session);
  auto token = text_in(socket->next("session.ready"), "resumeToken");
  EXPECT_EQ(token, text_in(session, "resumeToken"));
  socket->send({{"type", "text"}, {"text", "one"}});
  auto seen = socket->next("transcript.final").at("seq").as_int64();
  socket->next("agent.text");
  socket->cut();

  auto resume = [&](std::string with) {
    auto again = connect(session);
    again->send({{"type", "resume"}, {"token", with}, {"after", seen}});
    return again;
  };
  EXPECT_EQ(resume("forged")->next_error(), "bad_token");
  auto second = resume(token);
  auto ready = second->next("session.ready");
  EXPECT_TRUE(ready.at("resumed").as_bool());
  auto missed = second->next("agent.text");
  EXPECT_EQ(text_in(missed, "text"), "You wrote one");
  EXPECT_TRUE(missed.at("missed").as_bool());
  EXPECT_EQ(resume(token)->next_error(), "bad_token");  // it was used
  second->send({{"type", "text"}, {"text", "two"}});
  EXPECT_EQ(text_in(second->next("transcript.final"), "text"), "two");

  // A socket that is only thought to be alive gives way.
  auto third = resume(text_in(ready, "resumeToken"));
  third->next("session.ready");
  EXPECT_TRUE(second->ends());
  third->send({{"type", "text"}, {"text", "three"}});
  while (text_in(third->next("transcript.final"), "text") != "three") {
  }
  EXPECT_EQ(switchboard.calls.size(), 1u);
}

TEST_F(WebVoiceProtocol, TheAgentGoesOnWhereTheEarLeftIt) {
  std::atomic<bool> refused = false;
  switchboard.hold = [&](telephony::MediaStream& stream) -> Task<void> {
    auto first = pcm_bytes(800, 1);
    EXPECT_TRUE(stream.send_audio(as_bytes(first)).has_value());
    bool sent = false;
    while (!sent) {
      auto second = pcm_bytes(800, 2);
      // While nobody is there, nothing is lost.
      auto outcome = stream.send_audio(as_bytes(second));
      if (!outcome && outcome.error().code == Errc::rate_limited) refused = true;
      sent = refused && outcome.has_value();
      co_await clock.sleep_for(std::chrono::milliseconds(5));
    }
    EXPECT_TRUE(stream.send_mark("turn-1").has_value());
    auto waiting = testkit::next_event(stream);
    (void)co_await std::move(waiting);
    co_return Result<void>{};
  };
  auto session = make_session();
  auto socket = start(session);
  auto token = text_in(socket->next("session.ready"), "resumeToken");
  socket->next("agent.audio.start");
  socket->cut();
  while (!refused) std::this_thread::yield();
  // The visitor heard 400 bytes of it.
  auto again = connect(session);
  again->send({{"type", "resume"}, {"token", token}, {"audioBytes", 400}});
  EXPECT_EQ(again->next("agent.audio.start").at("audioBytes").to_number<int>(), 400);
  again->next("agent.audio.stop");
  auto ones = static_cast<std::size_t>(std::ranges::count(again->audio, '\1'));
  auto twos = static_cast<std::size_t>(std::ranges::count(again->audio, '\2'));
  EXPECT_EQ(ones, 600u);
  EXPECT_GE(twos, 800u);
  again->send({{"type", "hangup"}});
  EXPECT_TRUE(again->ends());
}

TEST_F(WebVoiceProtocol, WhoComesBackTooLateFindsTheCallOver) {
  serve({.resume_within = std::chrono::milliseconds(50)});
  switchboard.hold = echo;
  auto session = make_session();
  auto socket = start(session);
  auto token = text_in(socket->next("session.ready"), "resumeToken");
  socket->cut();
  while (switchboard.ended == 0) std::this_thread::yield();
  while (voice->open_sessions() > 0) std::this_thread::yield();
  auto again = connect(session);
  again->send({{"type", "resume"}, {"token", token}});
  EXPECT_EQ(again->next_error(), "no_session");
}

TEST_F(WebVoiceProtocol, SpeechThatIsAwayMakesItATextAndBack) {
  using Engine = telephony::Companion::Engine;
  switchboard.hold = [](telephony::MediaStream& stream) -> Task<void> {
    auto& companion = *stream.companion();
    EXPECT_FALSE(companion.types());
    companion.engine_failed(Engine::recognizer, "gone");
    EXPECT_TRUE(companion.types());
    companion.engine_failed(Engine::synthesizer, "gone too");
    companion.engine_works(Engine::recognizer);
    companion.engine_works(Engine::synthesizer);
    companion.tool_used("find_slots", "");
    companion.cut_off("Our opening");
    auto waiting = testkit::next_event(stream);
    (void)co_await std::move(waiting);
    co_return Result<void>{};
  };
  auto socket = start(make_session(), pcm(16000));
  auto lost = socket->next("mode");
  EXPECT_EQ(text_in(lost, "mode"), "text");
  EXPECT_EQ(text_in(lost, "input"), "text");
  EXPECT_EQ(text_in(lost, "output"), "voice");
  EXPECT_EQ(text_in(lost, "reason"), "recognizer_unavailable");
  EXPECT_EQ(text_in(socket->next("mode"), "output"), "text");
  EXPECT_EQ(text_in(socket->next("mode"), "reason"), "synthesizer_unavailable");
  EXPECT_EQ(text_in(socket->next("mode"), "mode"), "voice");
  EXPECT_EQ(text_in(socket->next("tool"), "name"), "find_slots");
  EXPECT_EQ(text_in(socket->next("agent.cut_off"), "heard"), "Our opening");
}

TEST_F(WebVoiceProtocol, ATurnThatIsNotTakenIsToldAndEndsNothing) {
  switchboard.hold = [](telephony::MediaStream& stream) -> Task<void> {
    auto waiting = testkit::next_event(stream);
    auto event = co_await std::move(waiting);
    stream.companion()->not_taken(std::get<telephony::MediaText>(*event).text);
    auto going_on = testkit::next_event(stream);
    auto again = co_await std::move(going_on);
    stream.companion()->heard(std::get<telephony::MediaText>(*again).text, 1, "text");
    co_return Result<void>{};
  };
  auto socket = start(make_session());
  socket->send({{"type", "text"}, {"text", "one too many"}});
  auto error = socket->next("error");
  EXPECT_EQ(text_in(error, "code"), "too_many_turns");
  EXPECT_FALSE(error.at("fatal").as_bool());
  EXPECT_FALSE(text_in(error, "message").empty());
  socket->send({{"type", "text"}, {"text", "again"}});
  EXPECT_EQ(text_in(socket->next("transcript.final"), "text"), "again");
}

TEST_F(WebVoiceProtocol, WhatWaitsForTheCallIsBoundedAndTheRestToldToTheVisitor) {
  std::promise<void> flooded;
  switchboard.hold =
      [&, flood = flooded.get_future().share()](telephony::MediaStream& stream) -> Task<void> {
    while (flood.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      co_await clock.sleep_for(std::chrono::milliseconds(5));
    for (int i = 0; i < 1000; ++i) {
      auto waiting = testkit::next_event(stream);
      auto event = co_await std::move(waiting);
      EXPECT_EQ(std::get<telephony::MediaText>(*event).text, std::to_string(i));
    }
    co_return Result<void>{};
  };
  auto socket = start(make_session());
  for (int i = 0; i <= 1000; ++i) socket->send({{"type", "text"}, {"text", std::to_string(i)}});
  EXPECT_EQ(socket->next_error(), "too_many_turns");
  flooded.set_value();
  EXPECT_TRUE(socket->ends());
}

TEST_F(WebVoiceProtocol, TheWidgetIsServedToAnyPageAndTheDemoOnlyWhenToldSo) {
  auto widget = ask(net::Method::get, "/widget.js", "", "https://anywhere.example");
  EXPECT_EQ(widget.status, 200);
  EXPECT_EQ(widget.headers.get("Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(ask(net::Method::get, "/widget-audio.js", "").status, 200);
  for (auto* file : {"/demo", "/demo.css"})
    EXPECT_EQ(ask(net::Method::get, file, "").status, 404) << file;
  voice->serve_demo("wk_1");
  auto demo = ask(net::Method::get, "/demo", "");
  EXPECT_EQ(demo.status, 200);
  EXPECT_NE(demo.body.find("data-business=\"wk_1\"></script>"), std::string::npos);
  EXPECT_EQ(ask(net::Method::get, "/demo.css", "").status, 200);
}

}  // namespace
}  // namespace parley::webvoice
