#include <fmt/format.h>

#include <fstream>

#include "commands.hpp"
#include "data_folder.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/audio/stereo_recorder.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"
#include "parley/net/client.hpp"
#include "parley/providers/flite/flite_synthesizer.hpp"
#include "parley/simulators/scripted_caller.hpp"
#include "parley/telemetry/log.hpp"
#include "run_blocking.hpp"
#include "transcript_follower.hpp"

namespace parley::app {

namespace {

using simulators::LineEnd;
using simulators::Step;
using simulators::TwilioLine;

Result<std::string> read_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  if (!in) return fail(Errc::not_found, "cannot read " + name);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<audio::Samples> read_caller_wav(const std::string& name) {
  auto bytes = read_file(name);
  if (!bytes) return std::unexpected(bytes.error());
  auto wav = audio::read_wav(as_bytes(*bytes));
  if (!wav) return fail(wav.error().code, name + ": " + wav.error().detail);
  return audio::resample(wav->mono(), wav->rate_hz, audio::telephone_rate_hz);
}

std::string_view describe(LineEnd end) {
  switch (end) {
    case LineEnd::hung_up_by_caller:
      return "the caller hung up";
    case LineEnd::hung_up_by_server:
      return "the agent hung up";
    case LineEnd::refused:
      return "the server refused the call";
    case LineEnd::broken:
      return "the connection broke";
    case LineEnd::none:
      break;
  }
  return "interrupted";
}

/// One test call, from dialling to the report.
class TestCall {
 public:
  TestCall(const Settings& settings, const CallOptions& options, simulators::LineOptions line,
           std::vector<Step> steps, std::optional<audio::Samples> wav)
      : options_(options),
        http_(net::make_http_client(io_.get_executor())),
        line_(clock_, random_, *http_, line),
        follower_(clock_, *http_, line.server_url, command_line_key(settings)),
        steps_(std::move(steps)),
        wav_(std::move(wav)) {}

  int run() {
    auto outcome = run_blocking(io_, [this] { return talk(); });
    if (!outcome) {
      if (outcome.error().code == Errc::conflict) return complain(failed, outcome.error().detail);
      bool away =
          outcome.error().code == Errc::unavailable || outcome.error().code == Errc::timeout;
      return complain(away ? not_reachable : failed, outcome.error().detail);
    }
    if (!options_.record.empty() && !write_recording())
      return complain(failed, "cannot write " + options_.record);
    report();
    return line_.ended() == LineEnd::broken ? failed : done;
  }

 private:
  static std::string command_line_key(const Settings& settings) {
    if (auto* given = std::getenv("PARLEY_TOKEN")) return given;
    return read_secret(command_line_key_file(settings)).value_or("");
  }

  Task<void> talk() {
    line_.on_played = [this](const simulators::PlayedFrame& frame) {
      recorder_.add(audio::StereoRecorder::Track::agent, frame.at, frame.samples);
    };
    Context ctx;
    ctx.deadline = clock_.now() + std::chrono::seconds(20);
    auto dialling = line_.dial(ctx);
    if (auto dialled = co_await std::move(dialling); !dialled)
      co_return std::unexpected(dialled.error());
    if (!options_.json) fmt::print("Connected. Call {}\n", line_.call_sid());
    auto executor = co_await asio::this_coro::executor;
    TaskGroup beside(executor);
    beside.spawn("caller", [this] { return speak(); });
    beside.spawn("transcript", [this] {
      return follower_.follow(line_.call_sid(), [this](const std::string& turn) {
        if (!options_.json) fmt::print("{}\n", turn);
        std::fflush(stdout);
      });
    });
    auto carrying = line_.run(Context{});
    co_await std::move(carrying);
    auto finishing = follower_.finish();
    co_await std::move(finishing);
    co_await beside.stop();
    co_return Result<void>{};
  }

  asio::awaitable<void> speak() {
    auto voice = [this](std::string text) { return synthesize(std::move(text)); };
    auto on_step = [this](const Step& step) {
      if (!options_.json && step.kind == Step::Kind::press)
        fmt::print("  (presses {})\n", step.text);
    };
    auto playing = simulators::play_script(clock_, line_, steps_, voice, {}, on_step);
    co_await std::move(playing);
  }

  Task<audio::Samples> synthesize(std::string text) {
    if (wav_) co_return *wav_;
    speech::VoiceOptions options;
    options.voice = options_.voice;
    auto starting = voice_.synthesize(Context{}, std::move(text), options);
    auto stream = co_await std::move(starting);
    if (!stream) co_return std::unexpected(stream.error());
    audio::Samples samples;
    while (true) {
      auto reading = (*stream)->next();
      auto frame = co_await std::move(reading);
      if (!frame) break;
      samples.insert(samples.end(), frame->samples.begin(), frame->samples.end());
    }
    recorder_.add(audio::StereoRecorder::Track::caller, line_.elapsed(), samples);
    co_return samples;
  }

  bool write_recording() {
    auto bytes = audio::write_wav(recorder_.drain_all(), {audio::telephone_rate_hz, 2});
    std::ofstream out(options_.record, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
    return out.good();
  }

  void report() {
    auto seconds = std::chrono::duration<double>(line_.elapsed()).count();
    if (options_.json) {
      json::object result{{"callSid", line_.call_sid()},
                          {"ended", describe(line_.ended())},
                          {"seconds", seconds},
                          {"bargeIns", line_.clears()},
                          {"said", line_.said()}};
      result["call"] = follower_.call();
      fmt::print("{}\n", json::serialize(result));
      return;
    }
    if (!line_.said().empty()) fmt::print("Carrier says: {}\n", line_.said());
    fmt::print("Ended after {:.1f} s: {}.\n", seconds, describe(line_.ended()));
    if (!follower_.can_read())
      fmt::print(
          "(No transcript: run this where the server's data folder is, or set PARLEY_TOKEN.)\n");
  }

  const CallOptions& options_;
  asio::io_context io_{1};
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<net::HttpClient> http_;
  WorkerPool voice_pool_{{.name = "voice", .threads = 1}};
  providers::flite::FliteSynthesizer voice_{voice_pool_};
  TwilioLine line_;
  TranscriptFollower follower_;
  audio::StereoRecorder recorder_;
  std::vector<Step> steps_;
  std::optional<audio::Samples> wav_;
};

Result<std::vector<Step>> steps_of(const CallOptions& options) {
  if (!options.script.empty()) {
    auto text = read_file(options.script);
    if (!text) return std::unexpected(text.error());
    auto steps = simulators::parse_script(*text);
    if (!steps) return fail(Errc::invalid, options.script + ": " + steps.error().detail);
    return steps;
  }
  std::vector<Step> steps;
  if (!options.wav.empty()) steps.push_back({Step::Kind::say, options.wav, {}});
  for (auto& text : options.texts) steps.push_back({Step::Kind::say, text, {}});
  if (steps.empty()) steps.push_back({Step::Kind::listen, "", {}});
  return steps;
}

}  // namespace

int run_call(const CommonOptions& common, const CallOptions& options) {
  (void)log::configure({.level = log::Level::error});
  auto settings = load_settings(common);
  if (!settings) return complain(usage, settings.error().detail);
  auto listen = parse_listen(settings->text("server.listen"));
  if (!listen) return complain(usage, listen.error().detail);
  auto to = normalize_e164(options.to);
  if (!to) return complain(usage, "--to: " + to.error().detail);
  auto steps = steps_of(options);
  if (!steps) return complain(usage, steps.error().detail);
  std::optional<audio::Samples> wav;
  if (!options.wav.empty()) {
    auto samples = read_caller_wav(options.wav);
    if (!samples) return complain(usage, samples.error().detail);
    wav = std::move(*samples);
  }
  simulators::LineOptions line;
  line.public_url = options.server.empty() ? public_url(*settings, *listen) : options.server;
  line.server_url = line.public_url;
  line.auth_token = settings->text("twilio.auth_token");
  if (line.auth_token.empty()) {
    auto kept = read_secret(twilio_token_file(*settings));
    if (!kept)
      return complain(usage,
                      "no auth token to sign the call with: run this where the server's data "
                      "folder is, or set PARLEY_TWILIO_AUTH_TOKEN");
    line.auth_token = *kept;
  }
  line.from = options.from;
  line.to = *to;
  TestCall call(*settings, options, std::move(line), std::move(*steps), std::move(wav));
  return call.run();
}

}  // namespace parley::app
