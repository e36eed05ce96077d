#pragma once
#include <fstream>

#include "fakes.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/signal.hpp"
#include "parley/base/task_group.hpp"
#include "parley/calls/call_service.hpp"
#include "parley/store/event_log.hpp"
#include "parley/testkit/database_on_trial.hpp"
#include "parley/testkit/database_test.hpp"
#include "parley/testkit/objects_on_trial.hpp"

namespace parley::calls::testing {

using telephony::ConnectMedia;
using telephony::SayAndHangUp;

/// A service of calls with one business, and the carrier's side of it.
class CallsDbTest : public testkit::DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseTest::SetUp();
    database = std::make_unique<testkit::DatabaseOnTrial>(db(), clock);
    businesses.profile->id = BusinessId("biz_1");
    businesses.profile->organization = ctx.organization;
    objects = std::make_unique<testkit::ObjectsOnTrial>(
        std::move(store::open_folder_objects(files, folder() / "objects").value()));
    make_service();
  }
  void TearDown() override {
    stop_service();
    DatabaseTest::TearDown();
  }
  void make_service() {
    CallServiceParts parts{*database,  clock, random, businesses, *objects,         dialogues,
                           recognizer, beep,  files,  tracer,     io.get_executor()};
    service = make_call_service(parts, options());
  }
  void stop_service() {
    if (!service) return;
    run([&]() -> Task<int> {
      auto stopping = service->stop(clock.now() + 10s);
      co_await std::move(stopping);
      co_return 0;
    });
    service.reset();
  }
  CallServiceOptions options() {
    CallServiceOptions made;
    made.spool = folder() / "spool";
    made.load = load;
    return made;
  }
  void start_service() {
    run([&]() -> Task<int> {
      auto starting = service->start();
      co_await std::move(starting);
      co_return 0;
    });
  }
  CallAnswer ring(std::string sid = "CA1", std::string to = "+12125550100") {
    return run([&]() -> Task<CallAnswer> {
             auto asking = service->incoming(Context{}, {"twilio", sid, "+12125550199", to});
             co_return co_await std::move(asking);
           })
        .value();
  }
  std::string token_of(const CallAnswer& answer) {
    auto* media = std::get_if<ConnectMedia>(&answer);
    EXPECT_TRUE(media);
    return media ? media->media_token : "";
  }
  /// Opens the media, lets `meanwhile` run when the agent has spoken, ends the line, waits.
  Result<void> talk(std::string token, Error ending, std::function<Task<int>()> meanwhile = {},
                    std::string sid = "CA1") {
    line = std::make_shared<Line>();
    return run([&]() -> Task<void> {
      TaskGroup group(io.get_executor());
      group.spawn("other side", [&]() -> asio::awaitable<void> {
        while (line->pieces == 0) co_await line->wake.wait();
        if (meanwhile) {
          auto doing = meanwhile();
          (void)co_await std::move(doing);
        }
        line->ending = ending;
        line->wake.notify();
      });
      auto carrying =
          service->media_opened(Context{}, token, sid, std::make_unique<QuietLine>(line));
      auto carried = co_await std::move(carrying);
      co_await group.stop();
      co_return carried;
    });
  }
  /// Reads the only call until `good` holds: what is stored after a call is stored soon.
  Call await_call(std::function<bool(const Call&)> good) {
    auto limit = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < limit) {
      auto list = run([&] { return service->list(ctx, {}); });
      EXPECT_TRUE(list) << list.error().detail;
      if (list && !list->items.empty() && good(list->items[0])) return list->items[0];
    }
    ADD_FAILURE() << "the call never became as awaited";
    return {};
  }
  /// No call has a file left on the disk.
  bool nothing_is_left() {
    return std::ranges::all_of(std::filesystem::directory_iterator(folder() / "spool"),
                               [](auto& entry) { return entry.path().filename() == "node"; });
  }
  /// The whole of it, by parts.
  std::vector<std::byte> recording_of(const CallId& id) {
    auto recording = run([&] { return service->recording(ctx, id); });
    EXPECT_TRUE(recording) << recording.error().detail;
    std::vector<std::byte> bytes;
    while (recording && bytes.size() < recording->size_bytes) {
      auto part =
          run([&] { return service->recording_part(ctx, *recording, bytes.size(), 10'000); });
      EXPECT_TRUE(part && !part->empty());
      if (!part || part->empty()) break;
      bytes.insert(bytes.end(), part->begin(), part->end());
    }
    return bytes;
  }
  /// What a SIGKILL in mid-call leaves: a row in progress and a spool file that was growing.
  Call die_in_a_call(std::size_t spooled_bytes) {
    ring();
    auto call = await_call([](auto&) { return true; });
    EXPECT_TRUE(write([&](store::Tx& tx) {
      return tx.execute("UPDATE calls SET status = 'in_progress', answered_at = ?1 WHERE id = ?2",
                        {tx.now(), call.id});
    }));
    stop_service();
    std::filesystem::create_directories(folder() / "spool");
    auto file = folder() / "spool" / (call.id.str() + ".s16");
    std::ofstream(file, std::ios::binary) << std::string(std::min(spooled_bytes, 32'003ul), '\1');
    std::filesystem::resize_file(file, spooled_bytes);
    return call;
  }
  std::optional<CallAnswer> what_next(std::string sid = "CA1") {
    return run([&]() -> Task<std::optional<CallAnswer>> {
             auto asking = service->media_ended(Context{}, "twilio", sid);
             co_return co_await std::move(asking);
           })
        .value();
  }
  std::vector<std::string> event_types() {
    std::vector<std::string> types;
    auto events = read([&](store::Tx& tx) {
      return store::read_events(tx, {.organization = ctx.organization}, {}, 100);
    });
    EXPECT_TRUE(events);
    for (auto& event : *events) types.push_back(event.type);
    return types;
  }

  const Error hung_up{Errc::end_of_stream, "stop"};
  const Error broke{Errc::unavailable, "reset"};
  OneBusiness businesses;
  Greeter dialogues;
  DeafRecognizer recognizer;
  Beep beep;
  WorkerPool files{{.name = "files", .threads = 1}};
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  std::unique_ptr<testkit::DatabaseOnTrial> database;
  std::unique_ptr<testkit::ObjectsOnTrial> objects;
  const LoadWatch* load = nullptr;
  std::unique_ptr<CallService> service;
  std::shared_ptr<Line> line;
};

}  // namespace parley::calls::testing
