#include "parley/providers/flite/flite_synthesizer.hpp"

#include <atomic>
#include <boost/asio/this_coro.hpp>

#include "library.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/base/strings.hpp"
#include "parley/speech/result_queue.hpp"
#include "sentences.hpp"

namespace parley::providers::flite {

namespace {

constexpr std::size_t max_text_bytes = 2000;
/// Pieces of one text that may wait: some minutes of audio, more than the longest text makes.
constexpr std::size_t max_pieces = 4096;
/// What the library hands out at a time.
constexpr int piece_milliseconds = 100;

using Register = cst_voice* (*)(const char*);

Register find_voice(const std::string& name) {
  if (name.empty() || name == "slt") return register_cmu_us_slt;
  if (name == "rms") return register_cmu_us_rms;
  if (name == "awb") return register_cmu_us_awb;
  if (name == "kal16") return register_cmu_us_kal16;
  return nullptr;
}

/// One text on its way; shared by the stream and the jobs that make it.
struct Speaking : std::enable_shared_from_this<Speaking> {
  Speaking(asio::any_io_executor executor, WorkerPool& workers)
      : pool(workers), pieces(executor, max_pieces) {}

  WorkerPool& pool;
  speech::ResultQueue<audio::Frame> pieces;
  std::atomic<bool> cancelled = false;
  // Only the job that runs touches what follows.
  Register voice = nullptr;
  float stretch = 1.0F;
  int rate_hz = 0;
  std::vector<std::string> sentences;
  std::size_t spoken = 0;
  std::optional<audio::Resampler> resampler;
  Error failure{Errc::end_of_stream, "the text is spoken"};

  void post_next() {
    auto job = [self = shared_from_this()] { self->speak_one(); };
    if (!pool.post(std::move(job)))
      pieces.finish({Errc::rate_limited, "the speech pool's queue is full"});
  }

  void speak_one() {
    if (cancelled) return pieces.abandon({Errc::end_of_stream, "cancelled"});
    if (spoken < sentences.size()) synthesize(sentences[spoken++]);
    if (spoken < sentences.size() && failure.code == Errc::end_of_stream) return post_next();
    if (resampler) give(resampler->flush());
    pieces.finish(failure);
  }

  void give(audio::Samples samples) {
    if (!samples.empty()) pieces.push({std::move(samples), rate_hz});
  }

  bool take(std::span<const std::int16_t> made, int made_rate_hz) {
    if (!resampler) {
      auto created = audio::Resampler::create(made_rate_hz, rate_hz);
      if (!created) {
        failure = created.error();
        return false;
      }
      resampler = std::move(*created);
    }
    give(resampler->process(made));
    return !cancelled;
  }

  void synthesize(const std::string& sentence);
};

int on_piece(const cst_wave* wave, int start, int size, int /*last*/,
             cst_audio_streaming_info* info) {
  auto* speaking = static_cast<Speaking*>(info->userdata);
  const std::span<const std::int16_t> made(wave->samples + start, static_cast<std::size_t>(size));
  return speaking->take(made, wave->sample_rate) ? CST_AUDIO_STREAM_CONT : CST_AUDIO_STREAM_STOP;
}

void Speaking::synthesize(const std::string& sentence) {
  std::lock_guard lock(library_mutex());
  initialise_library();
  cst_voice* chosen = voice(nullptr);
  cst_utterance* utterance = new_utterance();
  utt_set_input_text(utterance, sentence.c_str());
  utt_init(utterance, chosen);
  // Settings go on the utterance: the voice is everybody's.
  cst_audio_streaming_info* info = new_audio_streaming_info();
  info->min_buffsize = 16 * piece_milliseconds;
  info->asc = on_piece;
  info->utt = utterance;
  info->userdata = this;
  feat_set(utterance->features, "streaming_info", audio_streaming_info_val(info));
  feat_set_float(utterance->features, "duration_stretch", stretch);
  if (utt_synth(utterance) == nullptr)
    failure = {Errc::unavailable, "the speech synthesizer failed"};
  delete_utterance(utterance);
}

class Stream final : public speech::SynthesisStream {
 public:
  explicit Stream(std::shared_ptr<Speaking> speaking) : speaking_(std::move(speaking)) {}
  ~Stream() override { speaking_->cancelled = true; }
  Task<audio::Frame> next() override { return speaking_->pieces.next(); }

 private:
  std::shared_ptr<Speaking> speaking_;
};

Result<void> check(const std::string& text, const speech::VoiceOptions& options) {
  if (text.size() > max_text_bytes) return fail(Errc::too_large, "text of more than 2000 bytes");
  if (!is_valid_utf8(text)) return fail(Errc::invalid, "the text is not UTF-8");
  if (!iequals(std::string_view(options.language).substr(0, 2), "en"))
    return fail(Errc::unsupported, "flite speaks English only");
  if (find_voice(options.voice) == nullptr)
    return fail(Errc::invalid, "unknown voice: slt, rms, awb and kal16 are there");
  if (!(options.speed >= 0.5 && options.speed <= 2.0))
    return fail(Errc::invalid, "speed must lie between 0.5 and 2");
  auto converter = audio::Resampler::create(16000, options.rate_hz);
  if (!converter) return std::unexpected(converter.error());
  return {};
}

}  // namespace

FliteSynthesizer::FliteSynthesizer(WorkerPool& pool) : pool_(pool) {}

Task<std::unique_ptr<speech::SynthesisStream>> FliteSynthesizer::synthesize(
    Context /*ctx*/, std::string text, speech::VoiceOptions options) {
  if (auto checked = check(text, options); !checked) co_return std::unexpected(checked.error());
  auto executor = co_await asio::this_coro::executor;
  auto speaking = std::make_shared<Speaking>(executor, pool_);
  speaking->voice = find_voice(options.voice);
  speaking->stretch = static_cast<float>(1.0 / options.speed);
  speaking->rate_hz = options.rate_hz;
  speaking->sentences = split_sentences(to_ascii(text));
  if (speaking->sentences.empty())
    speaking->pieces.finish({Errc::end_of_stream, "there was nothing to say"});
  else
    speaking->post_next();
  co_return std::make_unique<Stream>(std::move(speaking));
}

}  // namespace parley::providers::flite
