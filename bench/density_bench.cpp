// How many calls one core carries: carrier streams over loopback at a server with one thread on one
// core, the load from the other core, beside the same work in Node with `ws` in the same run.
//   echo   each frame is decoded, looked at for speech and sent back in 20 ms frames
//   call   the caller speaks four of ten seconds and is answered with five seconds of voice; for
//          Parley that is the whole call session: turn taking, dialogue, pacing, books, engines
//          that cost nothing
// A figure beyond what the load's own core can send is told by its own lateness.
//
//   density_bench [--streams 500,1000] [--seconds 5] [--only parley|node] [--work echo|call]
#include <fmt/format.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "fakes.hpp"
#include "media_load.hpp"
#include "parley/audio/voice_activity.hpp"
#include "parley/base/large_pages.hpp"
#include "parley/net/server.hpp"
#include "parley/providers/twilio/media.hpp"
#include "parley/telemetry/log.hpp"

namespace parley {
namespace {

using namespace std::chrono_literals;

void pin(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  (void)::sched_setaffinity(0, sizeof cores, &cores);
}

/// A dialogue that answers every turn with seventeen words: five seconds of the stand-in's voice.
class Talker final : public dialog::Dialogue {
 public:
  Task<dialog::TurnEnd> open(Context, dialog::Speaker& speaker) override { return speak(speaker); }
  Task<dialog::TurnEnd> reply(Context, dialog::UserTurn, dialog::Speaker& speaker) override {
    return speak(speaker);
  }
  Task<dialog::TurnEnd> silence(Context, int, dialog::Speaker& speaker) override {
    return speak(speaker);
  }
  void interrupted(std::string_view) override {}
  dialog::Outcome outcome() const override { return {}; }

 private:
  static Task<dialog::TurnEnd> speak(dialog::Speaker& speaker) {
    speaker.say("one two three four five six seven eight nine ten");
    speaker.say("eleven twelve thirteen fourteen fifteen sixteen seventeen");
    auto end = voice::testing::FakeDialogue::listening("open");
    end.patience = 60s;
    co_return end;
  }
};

class NoJournal final : public voice::Journal {
 public:
  void add(voice::TimelineEntry) override {}
};

asio::awaitable<void> echo(std::unique_ptr<telephony::MediaStream> media) {
  audio::VoiceActivityDetector activity;
  audio::Samples samples(audio::telephone_frame_samples);
  auto receiving = media->receive_all([&](telephony::MediaEvent& event) {
    auto* heard = std::get_if<telephony::MediaAudio>(&event);
    if (!heard || heard->payload.size() != samples.size()) return true;
    std::span codes(reinterpret_cast<const std::uint8_t*>(heard->payload.data()), samples.size());
    audio::mulaw_decode(codes, samples);
    (void)activity.process(samples);
    (void)media->send_audio(heard->payload);
    return true;
  });
  (void)co_await std::move(receiving);
}

asio::awaitable<void> call(Clock& clock, std::unique_ptr<telephony::MediaStream> media) {
  voice::testing::FakeRecognizer recognizer(clock);
  voice::testing::FakeSynthesizer synthesizer(clock);
  NoJournal journal;
  voice::SessionParts parts{
      clock, recognizer, synthesizer, std::move(media), std::make_unique<Talker>(), journal};
  voice::CallSession session(std::move(parts), {});
  auto running = session.run(Context{});
  co_await std::move(running);
}

/// The server in a process of its own; writes its port to `out`.
[[noreturn]] void serve(const std::string& work, int out) {
  pin(0);
  (void)log::configure({.level = log::Level::error});
  asio::io_context io{1};
  SystemClock clock;
  SystemRandom random;
  net::Router router;
  router.add_websocket(
      "/media",
      [&](net::HttpRequest, std::unique_ptr<net::WebSocket> socket) -> asio::awaitable<void> {
        auto opening = providers::twilio::open_media_stream(Context{}, clock, std::move(socket));
        auto opened = co_await std::move(opening);
        if (!opened) co_return;
        auto serving =
            work == "echo" ? echo(std::move(opened->media)) : call(clock, std::move(opened->media));
        co_await std::move(serving);
      },
      {.message_timeout = 20s});
  net::ServerOptions options;
  options.port = 0;
  net::HttpServer server({io.get_executor()}, router, clock, random, options);
  if (!server.start()) ::_exit(1);
  auto line = std::to_string(server.port()) + "\n";
  if (::write(out, line.data(), line.size()) < 0) ::_exit(1);
  io.run();
  ::_exit(0);
}

/// A server as a child, ended by its id.
class Child {
 public:
  Child(const std::string& who, const std::string& work) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      if (who == "parley") serve(work, ends[1]);
      pin(0);
      ::dup2(ends[1], 1);
      ::setenv("NODE_PATH", PARLEY_BINARY_DIR "/rivals/node_modules", 1);
      ::execlp("node", "node", PARLEY_SOURCE_DIR "/bench/rivals/media.cjs", work.c_str(), nullptr);
      ::_exit(1);
    }
    ::close(ends[1]);
    std::string line;
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(ends[0]);
    if (line.empty()) throw std::runtime_error(who + " did not start");
    port_ = static_cast<std::uint16_t>(std::stoi(line));
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  int pid() const { return pid_; }
  std::uint16_t port() const { return port_; }

 private:
  int pid_ = 0;
  std::uint16_t port_ = 0;
};

void measure(const std::string& who, const std::string& work, int streams, double seconds) {
  using Answer = bench::LoadOptions::Answer;
  Child server(who, work);
  auto seen =
      bench::load_media_server({.port = server.port(),
                                .server_pid = server.pid(),
                                .streams = streams,
                                .seconds = seconds,
                                .answer = work == "echo" ? Answer::each_frame : Answer::pings});
  auto expected = static_cast<double>(seen.sent) / (work == "echo" ? 1 : 10);
  fmt::print(
      "{:<7} {:<5} {:>5} streams  core {:5.1f} %  {:6.2f} us a frame  p50 {:6.2f} ms  p99 {:7.2f} "
      "ms  "
      "answered {:5.1f} %  {:5.1f} KB a stream  {:6.0f} streams a core  (load late p99 {:.1f} "
      "ms)\n",
      who, work, streams, seen.cpu_share * 100, seen.cpu_share / (streams * 50.0) * 1e6,
      seen.p50_ms, seen.p99_ms, 100 * static_cast<double>(seen.answered) / expected,
      seen.memory_mb * 1024 / streams, streams / seen.cpu_share, seen.late_ms_p99);
  std::fflush(stdout);
}

}  // namespace
}  // namespace parley

int main(int argc, char** argv) {
  using namespace parley;
  run_with_large_pages(argv);  // as the server does
  std::vector<int> streams{250, 500, 1000, 1500, 2000};
  double seconds = 5;
  std::string only, only_work;
  CLI::App app("how many calls one core carries");
  app.add_option("--streams", streams)->delimiter(',');
  app.add_option("--seconds", seconds);
  app.add_option("--only", only)->check(CLI::IsMember({"parley", "node"}));
  app.add_option("--work", only_work)->check(CLI::IsMember({"echo", "call"}));
  bool one_by_one = false;
  app.add_flag("--one-by-one", one_by_one, "sockets are read and written each for itself");
  CLI11_PARSE(app, argc, argv);
  net::use_io_uring(!one_by_one);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  pin(1);
  for (std::string work : {"echo", "call"}) {
    if (!only_work.empty() && work != only_work) continue;
    for (int count : streams)
      for (std::string who : {"parley", "node"})
        if (only.empty() || who == only) measure(who, work, count, seconds);
  }
}
