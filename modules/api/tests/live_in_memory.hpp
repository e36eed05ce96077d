#pragma once
#include <deque>
#include <mutex>

#include "parley/calls/live_calls.hpp"

namespace parley::api::testing {

/// Running calls that note what they are told, and sound that the test brings.
class LiveInMemory final : public calls::LiveCalls {
 public:
  explicit LiveInMemory(calls::Calls& calls) : calls_(calls) {}
  Task<calls::Call> hold(Context ctx, CallId id) override { return note(ctx, id, "hold"); }
  Task<calls::Call> take_over(Context ctx, CallId id) override {
    return note(ctx, id, "take over");
  }
  Task<calls::Call> resume(Context ctx, CallId id) override { return note(ctx, id, "resume"); }
  Task<calls::Call> whisper(Context ctx, CallId id, Whisper as, std::string text) override {
    return note(ctx, id, (as == Whisper::sentence ? "say " : "heed ") + text);
  }
  Task<calls::Call> press_keys(Context ctx, CallId id, std::string keys) override {
    if (keys.contains('x')) co_return fail(Errc::invalid, "no such key");
    auto noting = note(ctx, id, "keys " + keys);
    co_return co_await std::move(noting);
  }
  Task<std::unique_ptr<calls::CallSound>> listen(Context ctx, CallId id) override {
    auto noting = note(ctx, id, "listen");
    auto noted = co_await std::move(noting);
    if (!noted) co_return std::unexpected(noted.error());
    struct Sound final : calls::CallSound {
      std::deque<std::vector<std::int16_t>> pieces;
      Task<std::vector<std::int16_t>> next() override {
        if (pieces.empty()) co_return fail(Errc::end_of_stream, "over");
        auto piece = std::move(pieces.front());
        pieces.pop_front();
        co_return piece;
      }
      std::uint64_t dropped() const noexcept override { return 0; }
    };
    auto sound = std::make_unique<Sound>();
    sound->pieces = {{1, -1, 300, -300}, {5, 6}};
    co_return sound;
  }
  Task<calls::CarrierRecordingState> record(Context ctx, CallId id, Record what) override {
    auto noting = note(ctx, id, what == Record::start ? "record" : "stop recording");
    auto noted = co_await std::move(noting);
    if (!noted) co_return std::unexpected(noted.error());
    co_return calls::CarrierRecordingState{.recording_id = "RE1", .status = "in-progress"};
  }
  Result<void> speak(const Context&, const CallId&, std::vector<std::int16_t>) override {
    return {};
  }

  std::vector<std::string> told() {
    std::lock_guard lock(mutex_);
    return told_;
  }
  bool running = true;

 private:
  Task<calls::Call> note(Context ctx, CallId id, std::string what) {
    what += " by " + ctx.principal.id;
    auto looking = calls_.get(ctx, id);
    auto call = co_await std::move(looking);
    if (!call) co_return call;
    if (!running) co_return fail(Errc::conflict, "the call does not run here now");
    std::lock_guard lock(mutex_);
    told_.push_back(std::move(what));
    co_return call;
  }
  calls::Calls& calls_;
  std::mutex mutex_;
  std::vector<std::string> told_;
};

}  // namespace parley::api::testing
