#pragma once
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <variant>

#include "confidence.hpp"
#include "engine.hpp"
#include "parley/audio/resampler.hpp"
#include "parley/audio/voice_activity.hpp"
#include "parley/speech/result_queue.hpp"
#include "telephone_features.hpp"

namespace parley::providers::pocketsphinx {

using Engine = PocketsphinxRecognizer::Engine;

/// The ear of one session: everything between its audio and its transcripts. Used by one worker job
/// at a time, never by the session's own thread.
class Ear {
 public:
  Ear(std::shared_ptr<Engine> engine, audio::Resampler resampler);
  ~Ear();

  void expect(std::shared_ptr<const speech::Expectation> expectation);
  /// The text so far, when it has changed or the speaker pauses.
  std::optional<std::string> hear(const audio::Frame& frame);
  /// The final transcript; nothing when all decoders are lent out: wait for one and ask again.
  /// Errors: unavailable, when the decoder broke.
  std::optional<Result<speech::Transcript>> finish();
  /// Both readings of the last finished utterance, which its transcript was chosen from.
  const Reading& grammar_reading() const noexcept { return grammar_reading_; }
  const Reading& ngram_reading() const noexcept { return ngram_reading_; }

 private:
  void hear_block(std::span<const std::int16_t> block);
  void admit(const FloorFrame& frame, bool speech);
  void admit_what_was_held(std::size_t count);
  Result<void> decode(bool last);
  Result<void> start_decoders();
  Result<void> start_one(std::unique_ptr<Decoder>& decoder, ModelKind kind);
  void return_decoders();
  void reset_utterance();

  std::shared_ptr<Engine> engine_;
  audio::Resampler resampler_;
  audio::Samples block_;
  audio::VoiceActivityDetector activity_;
  MelAnalyzer analyzer_;
  NoiseFloor floor_;
  LineAverage average_;
  std::shared_ptr<const speech::Expectation> expectation_;

  // One utterance.
  std::optional<UtteranceFeatures> features_;
  std::deque<FloorFrame> held_;  ///< not admitted: silence, so far
  int trailing_ = 0;             ///< frames still admitted after speech
  bool spoken_ = false;
  std::vector<Cepstrum> waiting_;  ///< for decoders
  std::unique_ptr<DecoderSet> decoders_;
  std::shared_ptr<const Language> language_;
  bool grammar_started_ = false;
  bool ngram_started_ = false;
  std::optional<Error> broken_;
  std::size_t frames_since_partial_ = 0;
  int quiet_pieces_ = 0;  ///< since the last with voice
  bool pause_begun_ = false;
  std::string partial_;
  Reading grammar_reading_;
  Reading ngram_reading_;
};

/// Carries a session's audio and wishes, in order, to its ear on the worker pool, and transcripts
/// back. Thread-safe.
class Hearing : public std::enable_shared_from_this<Hearing> {
 public:
  Hearing(std::shared_ptr<Engine> engine, asio::any_io_executor executor,
          audio::Resampler resampler);

  void expect(std::shared_ptr<const speech::Expectation> expectation);
  Result<void> send(audio::Frame frame);
  Result<void> finalize();
  Task<speech::Transcript> next() { return transcripts_.next(); }
  void close();

 private:
  struct Finalize {};
  struct Close {};
  using Wish =
      std::variant<audio::Frame, std::shared_ptr<const speech::Expectation>, Finalize, Close>;

  Result<void> schedule();
  Result<void> post_run();
  /// A set of decoders has come back. False when this session does not wait for one any more.
  bool try_again();
  void run();
  /// False when the wish must be tried again later.
  bool fulfil(const Wish& wish);

  std::shared_ptr<Engine> engine_;
  speech::ResultQueue<speech::Transcript> transcripts_;
  std::mutex mutex_;
  std::deque<Wish> wishes_;
  Duration queued_{};
  bool scheduled_ = false;
  bool stalled_ = false;  ///< the first wish waits for decoders
  bool closed_ = false;
  std::unique_ptr<Ear> ear_;  ///< touched by the running job only
};

}  // namespace parley::providers::pocketsphinx
