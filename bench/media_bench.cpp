// What one 20 ms frame of a call costs, without sockets: reading it (JSON, base64, mu-law, voice
// activity) and sending one (mu-law, base64, JSON). 20 ms over their sum is how many streams one
// core could carry if system calls were free.
#include <benchmark/benchmark.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "parley/audio/g711.hpp"
#include "parley/audio/voice_activity.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/twilio/media.hpp"
#include "parley/testkit/heap_count.hpp"

namespace parley {
namespace {

/// Brings the same media message for ever; what is sent is dropped.
class LoopSocket final : public net::WebSocket {
 public:
  Task<net::WebSocketMessage> receive() override {
    if (!std::exchange(started_, true)) co_return net::WebSocketMessage{false, start_};
    co_return net::WebSocketMessage{false, head_ + std::to_string(++chunk_) + tail_};
  }
  Result<void> send(net::WebSocketMessage message, Priority) override {
    bytes_ += message.payload.size();
    return {};
  }
  std::size_t drop_queued() override { return 0; }
  std::size_t queued_bytes() const noexcept override { return 0; }
  asio::awaitable<void> close(int, std::string) override { co_return; }

 private:
  static std::string payload() {
    std::vector<std::byte> codes(160, std::byte{0x7e});
    return base64_encode(codes);
  }
  bool started_ = false;
  std::int64_t chunk_ = 0;
  std::size_t bytes_ = 0;
  std::string start_ =
      R"({"event":"start","streamSid":"MZ1","start":{"callSid":"CA1","accountSid":"AC1",)"
      R"("mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000,"channels":1}}})";
  std::string head_ =
      R"({"event":"media","sequenceNumber":"2","streamSid":"MZ1","media":{"track":"inbound","timestamp":"5","chunk":")";
  std::string tail_ = R"(","payload":")" + payload() + "\"}}";
};

/// Runs `each` for `frames` frames on one coroutine.
template <class Each>
void on_stream(std::int64_t frames, Each each) {
  asio::io_context io{1};
  SystemClock clock;
  auto work = [](Clock& clock, std::int64_t frames, Each each) -> asio::awaitable<void> {
    auto opening =
        providers::twilio::open_media_stream(Context{}, clock, std::make_unique<LoopSocket>());
    auto opened = co_await std::move(opening);
    auto running = each(*opened->media, frames);
    co_await std::move(running);
  };
  asio::co_spawn(io, work(clock, frames, each), [](std::exception_ptr thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
  io.run();
}

double per_frame(std::int64_t count, std::int64_t frames) {
  return static_cast<double>(count) / static_cast<double>(frames);
}

void frame_in(benchmark::State& state) {
  constexpr std::int64_t batch = 1000;
  audio::Samples samples(audio::telephone_frame_samples);
  const auto before = testkit::allocations;
  for (auto _ : state) {
    audio::VoiceActivityDetector activity;
    on_stream(
        batch, [&](telephony::MediaStream& media, std::int64_t frames) -> asio::awaitable<void> {
          auto receiving = media.receive_all([&](telephony::MediaEvent& event) {
            auto& payload = std::get<telephony::MediaAudio>(event).payload;
            std::span codes(reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size());
            audio::mulaw_decode(codes, samples);
            benchmark::DoNotOptimize(activity.process(samples));
            return --frames > 0;
          });
          (void)co_await std::move(receiving);
        });
  }
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["allocations_a_frame"] =
      per_frame(testkit::allocations - before, state.iterations() * batch);
}
BENCHMARK(frame_in)->Unit(benchmark::kMicrosecond);

/// Twenty milliseconds of the agent's voice, in the pieces of 200 ms in which they leave.
void frame_out(benchmark::State& state) {
  constexpr std::int64_t batch = 1000;
  audio::Samples piece(1600, 1000);
  std::vector<std::uint8_t> codes(piece.size());
  const auto before = testkit::allocations;
  for (auto _ : state) {
    on_stream(batch / 10,
              [&](telephony::MediaStream& media, std::int64_t pieces) -> asio::awaitable<void> {
                for (; pieces > 0; --pieces) {
                  audio::mulaw_encode(piece, codes);
                  benchmark::DoNotOptimize(media.send_audio(std::as_bytes(std::span(codes))));
                }
                co_return;
              });
  }
  state.SetItemsProcessed(state.iterations() * batch);
  state.counters["allocations_a_frame"] =
      per_frame(testkit::allocations - before, state.iterations() * batch);
}
BENCHMARK(frame_out)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace parley

BENCHMARK_MAIN();
