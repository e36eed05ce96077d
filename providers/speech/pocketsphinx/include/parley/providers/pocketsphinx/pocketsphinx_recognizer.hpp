#pragma once
#include <filesystem>
#include <memory>

#include "parley/base/worker_pool.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::providers::pocketsphinx {

struct PocketsphinxOptions {
  /// Where the acoustic model "en-us/" and the dictionary "cmudict-en-us.dict" lie.
  std::filesystem::path model_directory = "/usr/share/pocketsphinx/model/en-us";
  /// Calls that may speak at the same instant; more wait for a decoder with their audio kept.
  std::size_t max_decoders = 32;
  /// Decoders kept warm when nobody speaks.
  std::size_t idle_decoders = 4;
  /// Audio a session may have waiting for a worker; past it send() gives rate_limited.
  Duration max_queued_audio = std::chrono::seconds(10);
  /// Longer utterances are cut here: what follows is not decoded until the next finalize().
  Duration max_utterance = std::chrono::seconds(30);
};

/// English speech recognition inside the process, with CMU PocketSphinx and its packaged model.
///
/// It is good at what is expected and knows when it hears something else: the Expectation's grammar
/// and an n-gram model made of its sentences and of samples of the grammar are decoded side by side
/// while the audio comes in, and `confidence` says how sure the reading is right (calibrated on
/// telephone speech with noise). Without any expectation it hears yes, no and digits only.
/// Telephone audio is mapped to what the wideband model knows by a small trained network
/// (data/README.md).
///
/// Decoding runs on the given pool, one job of a session at a time and in order; sessions share the
/// decoders. Thread-safe; the pool must outlive the recognizer and its sessions.
class PocketsphinxRecognizer final : public speech::Recognizer {
 public:
  /// Errors: unavailable, naming the package, when the model is missing or damaged.
  static Result<std::unique_ptr<PocketsphinxRecognizer>> create(WorkerPool& pool,
                                                                PocketsphinxOptions options = {});
  ~PocketsphinxRecognizer() override;

  std::string name() const override { return "pocketsphinx"; }
  /// Errors: unsupported for a language other than English, invalid for an impossible rate.
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context ctx,
                                                        speech::RecognizerOptions options) override;

  /// Compiles an expectation ahead of its use, and says what is wrong with it: sessions quietly do
  /// without a broken grammar. Blocks for some milliseconds. Errors: invalid.
  Result<void> prepare(const speech::Expectation& expectation);

  struct Figures {
    std::size_t decoders_open = 0;
    std::size_t decoders_busy = 0;
    std::size_t expectations_cached = 0;
  };
  Figures figures() const;

  struct Engine;  ///< shared with sessions, which may outlive the recognizer by a moment

 private:
  explicit PocketsphinxRecognizer(std::shared_ptr<Engine> engine);
  std::shared_ptr<Engine> engine_;
};

}  // namespace parley::providers::pocketsphinx
