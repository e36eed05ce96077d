#include "parley/providers/espeak/espeak_synthesizer.hpp"

#include <unistd.h>

#include <atomic>
#include <boost/asio/this_coro.hpp>
#include <cmath>
#include <cstring>
#include <optional>

#include "child.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/base/strings.hpp"
#include "parley/speech/result_queue.hpp"

namespace parley::providers::espeak {

namespace {

constexpr std::size_t max_text_bytes = 2000;
constexpr std::size_t max_pieces = 8192;
constexpr std::size_t wav_header_bytes = 44;
constexpr int words_a_minute = 165;

/// Only what voice names are made of, and never something that could look like an option or path.
bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 40 || text.front() == '-') return false;
  for (char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '-' && c != '_' && c != '+') return false;
  }
  return true;
}

/// Brackets start phoneme codes and angle brackets markup; both are silent in speech anyway.
std::string disarm(std::string text) {
  for (char& c : text)
    if (c == '[' || c == ']' || c == '<' || c == '>' ||
        (static_cast<unsigned char>(c) < 0x20 && c != '\n'))
      c = ' ';
  return text;
}

struct Speaking {
  Speaking(asio::any_io_executor executor, EspeakOptions settings)
      : options(std::move(settings)), pieces(executor, max_pieces) {}

  const EspeakOptions options;
  speech::ResultQueue<audio::Frame> pieces;
  std::atomic<bool> cancelled = false;
  std::chrono::steady_clock::time_point deadline;
  std::string voice;
  std::string speed;
  std::string text;
  int rate_hz = 0;

  // Of the job alone.
  std::vector<std::byte> pending;
  std::optional<audio::Resampler> resampler;
  std::size_t received = 0;
  std::optional<Error> fault;

  void run();
  bool take(std::span<const std::byte> bytes);
  bool read_header();
  void give(audio::Samples samples) {
    if (!samples.empty()) pieces.push({std::move(samples), rate_hz});
  }
};

bool Speaking::read_header() {
  std::int32_t made_rate_hz = 0;
  std::memcpy(&made_rate_hz, pending.data() + 24, sizeof made_rate_hz);
  const bool is_wav = std::memcmp(pending.data(), "RIFF", 4) == 0 &&
                      std::memcmp(pending.data() + 8, "WAVE", 4) == 0 &&
                      std::memcmp(pending.data() + 36, "data", 4) == 0;
  auto created = audio::Resampler::create(made_rate_hz, rate_hz);
  if (!is_wav || !created) {
    fault = Error{Errc::corrupt, "espeak-ng did not write a WAV file"};
    return false;
  }
  resampler = std::move(*created);
  pending.erase(pending.begin(), pending.begin() + wav_header_bytes);
  return true;
}

bool Speaking::take(std::span<const std::byte> bytes) {
  received += bytes.size();
  if (received > options.max_audio_bytes) {
    fault = Error{Errc::unavailable, "espeak-ng wrote too much"};
    return false;
  }
  pending.insert(pending.end(), bytes.begin(), bytes.end());
  if (!resampler && (pending.size() < wav_header_bytes || !read_header())) return !fault;
  audio::Samples samples(pending.size() / 2);
  std::memcpy(samples.data(), pending.data(), samples.size() * 2);
  pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(samples.size() * 2));
  give(resampler->process(samples));
  return true;
}

void Speaking::run() {
  ChildRun child{.program = options.program.string(),
                 .arguments = {"--stdin", "--stdout", "-v", voice, "-s", speed},
                 .input = text,
                 .deadline = deadline,
                 .on_output = [this](std::span<const std::byte> bytes) { return take(bytes); },
                 .should_stop = [this] { return cancelled.load(); }};
  auto done = run_child(child);
  if (fault) return pieces.finish(*fault);
  if (!done) {
    auto error = done.error();
    // The program is there and wrote nothing: it did not know the voice.
    if (error.code == Errc::unavailable && received == 0 &&
        access(options.program.c_str(), X_OK) == 0)
      error = {Errc::unsupported, "espeak-ng does not know the voice or language " + voice};
    return pieces.finish(std::move(error));
  }
  if (resampler) give(resampler->flush());
  pieces.finish({Errc::end_of_stream, "the text is spoken"});
}

class Stream final : public speech::SynthesisStream {
 public:
  explicit Stream(std::shared_ptr<Speaking> speaking) : speaking_(std::move(speaking)) {}
  ~Stream() override { speaking_->cancelled = true; }
  Task<audio::Frame> next() override { return speaking_->pieces.next(); }

 private:
  std::shared_ptr<Speaking> speaking_;
};

Result<std::string> voice_of(const speech::VoiceOptions& options) {
  auto voice = options.voice.empty() ? to_lower(options.language) : options.voice;
  if (!is_name(voice)) return fail(Errc::invalid, "not the name of an espeak-ng voice");
  return voice;
}

Result<void> check(const std::string& text, const speech::VoiceOptions& options) {
  if (text.size() > max_text_bytes) return fail(Errc::too_large, "text of more than 2000 bytes");
  if (!is_valid_utf8(text)) return fail(Errc::invalid, "the text is not UTF-8");
  if (!(options.speed >= 0.5 && options.speed <= 2.0))
    return fail(Errc::invalid, "speed must lie between 0.5 and 2");
  auto converter = audio::Resampler::create(22050, options.rate_hz);
  if (!converter) return std::unexpected(converter.error());
  return {};
}

}  // namespace

EspeakSynthesizer::EspeakSynthesizer(Clock& clock, WorkerPool& pool, EspeakOptions options)
    : clock_(clock), pool_(pool), options_(std::move(options)) {}

Task<std::unique_ptr<speech::SynthesisStream>> EspeakSynthesizer::synthesize(
    Context ctx, std::string text, speech::VoiceOptions options) {
  if (auto checked = check(text, options); !checked) co_return std::unexpected(checked.error());
  auto voice = voice_of(options);
  if (!voice) co_return std::unexpected(voice.error());
  auto executor = co_await asio::this_coro::executor;
  auto speaking = std::make_shared<Speaking>(executor, options_);
  // The child lives in real time, also when the caller's clock does not.
  auto limit = options_.max_run;
  if (ctx.deadline != TimePoint::max()) limit = std::min(limit, ctx.deadline - clock_.now());
  speaking->deadline = std::chrono::steady_clock::now() +
                       std::chrono::duration_cast<std::chrono::steady_clock::duration>(limit);
  speaking->voice = std::move(*voice);
  speaking->speed = std::to_string(std::lround(words_a_minute * options.speed));
  speaking->rate_hz = options.rate_hz;
  speaking->text = disarm(std::move(text));
  auto job = [speaking] { speaking->run(); };
  if (!pool_.post(std::move(job)))
    co_return fail(Errc::rate_limited, "the speech pool's queue is full");
  co_return std::make_unique<Stream>(std::move(speaking));
}

}  // namespace parley::providers::espeak
