#pragma once
#include "parley/base/task_group.hpp"
#include "parley/net/upstream.hpp"
#include "parley/resilience/policy.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::providers::openai_audio {

struct RecognizerAccount {
  std::string api_key;  ///< empty: a server of one's own that asks for none
  std::string api_url = "https://api.openai.com/v1";
  std::string model = "gpt-4o-mini-transcribe";
};

/// OpenAI-compatible transcription: each utterance is uploaded when it is over, in pieces of thirty
/// seconds when it is longer. A session has at most four pieces waiting, and send() gives
/// rate_limited until one is done. Opening asks nobody: it fails only while the policy's breaker is
/// open. Thread-safe; clock and policy outlive it. stop() before it goes.
class OpenAiRecognizer final : public speech::Recognizer {
 public:
  /// Errors: invalid (the address).
  static Result<std::unique_ptr<OpenAiRecognizer>> create(asio::any_io_executor executor,
                                                          Clock& clock, resilience::Policy& policy,
                                                          RecognizerAccount account);
  std::string name() const override { return "openai"; }
  /// Errors: unavailable, invalid (an impossible rate). Of next(): unauthenticated, forbidden,
  /// rate_limited, unavailable, timeout, corrupt.
  Task<std::unique_ptr<speech::RecognizerSession>> open(Context ctx,
                                                        speech::RecognizerOptions options) override;
  /// Ends uploads that still run. Idempotent.
  asio::awaitable<void> stop();

 private:
  OpenAiRecognizer(asio::any_io_executor executor, Clock& clock, resilience::Policy& policy,
                   RecognizerAccount account, std::shared_ptr<net::Upstream> api);
  Clock& clock_;
  resilience::Policy& policy_;
  const RecognizerAccount account_;
  std::shared_ptr<net::Upstream> api_;
  TaskGroup uploads_;
};

}  // namespace parley::providers::openai_audio
