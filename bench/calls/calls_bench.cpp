// Whole calls with simulated engines: webhook, media socket, voice session, timeline in a database.
// The server is a process of its own, so that its processor time and memory are told apart from the
// callers', which are in this one. calls_bench [CALLS] [IO THREADS] [SECONDS]
//
// A call's memory is told in parts: what the heap has in use when all calls are up and nobody
// speaks (no voice of an engine waits then), what it has in use while calls talk, and what the
// process grew by. The recognizer and the synthesizer are stand-ins that keep nothing themselves.
#include <fmt/format.h>
#include <malloc.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/detached.hpp>
#include <fstream>

#include "../served.hpp"
#include "crowd.hpp"
#include "parley/base/large_pages.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/business/businesses.hpp"
#include "parley/calls/call_service.hpp"
#include "parley/providers/twilio/carrier.hpp"
#include "parley/store/migrations.hpp"
#include "parley/testkit/caller_audio.hpp"
#include "simulated_engines.hpp"

namespace parley::bench {
namespace {

constexpr auto token = "calls-bench-token";
constexpr auto number = "+12125550100";

double ms(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

double at(std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  auto index = static_cast<std::size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(sorted.size() - 1, index)];
}

double cpu_seconds(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto fields = split(text.substr(text.rfind(')') + 2), ' ');
  return static_cast<double>(std::stoll(fields.at(11)) + std::stoll(fields.at(12))) /
         static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_mb(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

class NoCallbacks final : public providers::twilio::Callbacks {
 public:
  Task<void> keep(Context, providers::twilio::Callback) override { co_return Result<void>{}; }
};

/// How late each loop is when it wants to do something: what a frame waits for, besides its own
/// work. Begun anew by "m" on the pipe.
class LoopLag {
 public:
  asio::awaitable<void> watch() {
    for (auto due = clock_.now();; due += std::chrono::milliseconds(5)) {
      co_await clock_.sleep_until(due);
      auto late = clock_.now() - due;
      std::lock_guard lock(mutex_);
      late_ms_.push_back(ms(late));
    }
  }
  std::vector<double> take() {
    std::lock_guard lock(mutex_);
    return std::exchange(late_ms_, {});
  }

 private:
  SystemClock clock_;
  std::mutex mutex_;
  std::vector<double> late_ms_;
};

/// The server, with everything but the engines as it is.
class ServerSide {
 public:
  ServerSide(int calls, int threads) {
    for (int i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>());
    database_ = store::open_database(clock_, "sqlite:" + (folder_ / "parley.db").string()).value();
    good(loops_[0]->run(store::migrate(*database_)));
    objects_ = store::open_folder_objects(files_, folder_ / "objects").value();
    businesses_ = business::make_businesses(*database_, clock_, random_);
    good(loops_[0]->run(open_business()));
    calls::CallServiceParts parts{*database_,
                                  clock_,
                                  random_,
                                  *businesses_,
                                  *objects_,
                                  dialogues_,
                                  recognizer_,
                                  synthesizer_,
                                  files_,
                                  tracer_,
                                  loops_[0]->io.get_executor()};
    calls::CallServiceOptions options;
    options.spool = folder_ / "spool";
    options.most_calls = static_cast<std::size_t>(calls) + 10;
    calls_ = calls::make_call_service(parts, options);
    loops_[0]->run(calls_->start());
    providers::twilio::Options carrier;
    carrier.auth_token = token;
    carrier_ = std::make_unique<providers::twilio::TwilioCarrier>(carrier, clock_, *http_, policy_,
                                                                  *calls_, callbacks_);
    carrier_->mount(router_);
    net::ServerOptions where;
    where.port = 0;
    std::vector<asio::any_io_executor> executors;
    for (auto& loop : loops_) executors.push_back(loop->io.get_executor());
    server_ = std::make_unique<net::HttpServer>(executors, router_, clock_, random_, where);
    good(server_->start());
    carrier_->set_public_url(url());
    for (auto& loop : loops_) {
      lags_.push_back(std::make_unique<LoopLag>());
      watches_.push_back(std::make_unique<TaskGroup>(loop->io.get_executor()));
      watches_.back()->spawn("lag", [lag = lags_.back().get()] { return lag->watch(); });
    }
  }
  /// With all its calls: the process ends here.
  [[noreturn]] void leave(int code) {
    std::filesystem::remove_all(folder_);
    ::_exit(code);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  void begin() {
    for (auto& lag : lags_) (void)lag->take();
  }
  /// The heap's bytes in use, and the engines' samples since the start.
  std::string memory() const {
    auto heap = ::mallinfo2();
    return fmt::format("{} {}\n", heap.uordblks + heap.hblkhd, synthesizer_.samples_said());
  }
  std::vector<double> late_ms() {
    std::vector<double> all;
    for (auto& lag : lags_)
      for (auto one : lag->take()) all.push_back(one);
    std::ranges::sort(all);
    return all;
  }
  /// What the server itself wrote of each answer, less the engines' time.
  std::vector<double> added_ms() {
    auto look = [](store::Tx& tx) {
      return tx.query("SELECT data FROM call_timeline WHERE kind = 'agent.said'", {});
    };
    auto rows = loops_[0]->run(database_->read(Context{}, look));
    good(rows);
    std::vector<double> added;
    for (auto& row : *rows) {
      auto data = parse_json(row.text("data"));
      auto* latency = data ? data->as_object().if_contains("latency") : nullptr;
      if (!latency) continue;
      auto& parts = latency->as_object();
      if (!parts.contains("totalMs")) continue;
      added.push_back(static_cast<double>(parts.at("totalMs").to_number<std::int64_t>() -
                                          parts.at("endpointMs").to_number<std::int64_t>()) -
                      ms(EngineTimes{}.whole()));
    }
    std::ranges::sort(added);
    return added;
  }

 private:
  template <class R>
  static void good(const R& result) {
    if (!result) throw std::runtime_error(result.error().detail);
  }
  Task<void> open_business() {
    Context ctx;
    ctx.organization = OrganizationId("org_bench");
    ctx.principal = {Principal::Kind::system, "bench", Role::admin};
    auto creating = businesses_->create(ctx, {.name = "Bench"});
    auto created = co_await std::move(creating);
    if (!created) co_return std::unexpected(created.error());
    auto profile = **created;
    profile.agent.record_calls = false;
    auto updating = businesses_->update(ctx, profile, 0);
    if (auto updated = co_await std::move(updating); !updated)
      co_return std::unexpected(updated.error());
    auto assigning = businesses_->assign_number(ctx, profile.id, number);
    co_return co_await std::move(assigning);
  }

  std::filesystem::path folder_ = [] {
    std::string name = (std::filesystem::temp_directory_path() / "parley-calls-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
    return std::filesystem::path(name);
  }();
  SystemClock clock_;
  SystemRandom random_;
  metrics::Registry registry_;
  trace::NoSpanSink spans_;
  trace::Tracer tracer_{clock_, random_, spans_};
  WorkerPool files_{{.name = "files", .threads = 2}};
  SimulatedRecognizer recognizer_{clock_, {}};
  SimulatedSynthesizer synthesizer_{clock_, {}};
  SimulatedDialogues dialogues_{clock_, {}};
  NoCallbacks callbacks_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<LoopLag>> lags_;
  std::vector<std::unique_ptr<TaskGroup>> watches_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::ObjectStore> objects_;
  std::unique_ptr<business::Businesses> businesses_;
  std::unique_ptr<calls::CallService> calls_;
  asio::io_context idle_;
  std::unique_ptr<net::HttpClient> http_ = net::make_http_client(idle_.get_executor());
  resilience::Policies policies_{clock_, random_, registry_, tracer_};
  resilience::Policy& policy_{policies_.add("twilio", {})};
  std::unique_ptr<providers::twilio::TwilioCarrier> carrier_;
  net::Router router_;
  std::unique_ptr<net::HttpServer> server_;
};

/// Answers orders: "m": measure from now; "h": the memory; "s": the figures, a line each.
[[noreturn]] void serve(int in, int out, int calls, int threads) {
  int code = 0;
  try {
    ServerSide side(calls, threads);
    auto say = [out](const std::string& line) { (void)!::write(out, line.data(), line.size()); };
    say(side.url() + "\n");
    char order = 0;
    while (::read(in, &order, 1) == 1 && order != 'q') {
      if (order == 'm') side.begin();
      if (order == 'h') say(side.memory());
      if (order != 's') continue;
      auto late = side.late_ms();
      say(fmt::format("{:.2f} {:.2f} ", at(late, 0.5), at(late, 0.99)));
      // The timeline is written in batches, soon.
      std::this_thread::sleep_for(std::chrono::seconds(2));
      auto added = side.added_ms();
      say(fmt::format("{} {} {}\n", at(added, 0.5), at(added, 0.99), added.size()));
    }
    side.leave(0);
  } catch (const std::exception& wrong) {
    fmt::print(stderr, "calls_bench: {}\n", wrong.what());
    code = 1;
  }
  ::_exit(code);
}

/// Three seconds of a human reader, which are enough for a question.
audio::Samples question() {
  auto voice = testkit::human_voice("human_0870").samples;
  voice.resize(std::min<std::size_t>(voice.size(), 3 * 8000));
  return voice;
}

std::string read_line(int from) {
  std::string line;
  for (char c = 0; ::read(from, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

struct Memory {
  double heap_kb = 0;  ///< in use
  double said_kb = 0;  ///< by the synthesizer, since the start: mu-law, as it is kept
};

/// `idle` before the calls, `talking` at the end of the measured time, `resting` when nobody spoke
/// any more and no voice waited to be sent.
void show_memory(const Memory& idle, const Memory& talking, const Memory& resting, double grown_kb,
                 const CrowdReport& report) {
  double calls = report.connected;
  auto of_heap = [&](const Memory& then) { return (then.heap_kb - idle.heap_kb) / calls; };
  auto waiting = (talking.said_kb - static_cast<double>(report.voice_bytes) / 1024) / calls;
  fmt::print("  memory of a call, talking        {:.1f} KB, and {:.1f} KB of the engines' voice\n",
             grown_kb / calls - waiting, waiting);
  fmt::print("    (what the process grew by; the voice is counted: made and not sent yet)\n");
  fmt::print("  of that in use on the heap       {:.1f} KB with the voice, {:.1f} KB at rest\n",
             of_heap(talking), of_heap(resting));
  fmt::print("    (at rest: all calls are up, nobody speaks, no voice waits)\n");
}

void measure(int calls, int threads, int seconds) {
  int orders[2], answers[2];
  if (::pipe(orders) != 0 || ::pipe(answers) != 0) throw std::runtime_error("no pipe");
  auto child = ::fork();
  if (child == 0) serve(orders[0], answers[1], calls, threads);
  auto order = [&](char what) { (void)!::write(orders[1], &what, 1); };
  auto memory = [&] {
    order('h');
    auto fields = split(read_line(answers[0]), ' ');
    return Memory{std::stod(fields.at(0)) / 1024, std::stod(fields.at(1)) / 1024};
  };
  CrowdOptions options;
  options.server_url = read_line(answers[0]);
  options.auth_token = token;
  options.to = number;
  options.calls = calls;
  options.talk = std::chrono::seconds(seconds);
  options.words = question();
  auto idle_kb = resident_mb(child) * 1024;
  auto idle = memory();
  Memory talking, resting;
  double cpu = 0, grown_kb = 0;
  std::vector<std::string> server;
  CrowdMoments moments;
  moments.begins = [&] {
    order('m');
    cpu = cpu_seconds(child);
  };
  moments.ends = [&] {
    cpu = cpu_seconds(child) - cpu;
    talking = memory();
    grown_kb = resident_mb(child) * 1024 - idle_kb;
    order('s');
  };
  moments.rests = [&] {
    server = split(read_line(answers[0]), ' ');
    resting = memory();
  };
  auto report = run_crowd(options, moments);
  order('q');
  ::waitpid(child, nullptr, 0);
  std::ranges::sort(report.answer_ms);
  auto of_core = cpu / seconds;
  fmt::print("{} calls, {} I/O thread{}: {} connected, {} lost, {} turns, {} unanswered\n", calls,
             threads, threads == 1 ? "" : "s", report.connected, report.lost, report.turns,
             report.unanswered);
  fmt::print("  callers spoke {:.0f} %, agents {:.0f} % of the time\n", report.caller_share * 100,
             report.agent_share * 100);
  fmt::print("  what Parley adds to a turn       p50 {:>6} ms  p99 {:>6} ms  ({} turns)\n",
             server.at(2), server.at(3), server.at(4));
  fmt::print(
      "  whole turn, at the caller        p50 {:6.0f} ms  p99 {:6.0f} ms  (engines 325 ms)\n",
      at(report.answer_ms, 0.5), at(report.answer_ms, 0.99));
  fmt::print("  a frame waits for its loop       p50 {:>6} ms  p99 {:>6} ms\n", server.at(0),
             server.at(1));
  fmt::print("  a call takes                     {:.3f} % of a core\n",
             of_core / report.connected * 100);
  show_memory(idle, talking, resting, grown_kb, report);
  if (report.frames_late * 100 > report.frames)
    fmt::print(
        "  (the callers themselves were late with {:.1f} % of their frames)\n",
        100.0 * static_cast<double>(report.frames_late) / static_cast<double>(report.frames));
}

}  // namespace
}  // namespace parley::bench

int main(int count, char** words) {
  parley::run_with_large_pages(words);  // as the server does
  auto number = [&](int index, int otherwise) {
    return count > index ? std::stoi(words[index]) : otherwise;
  };
  if (count > 1) {
    parley::bench::measure(number(1, 100), number(2, 1), number(3, 20));
    return 0;
  }
  for (int calls : {100, 300, 1000}) parley::bench::measure(calls, 2, 20);
}
