#pragma once
#include <functional>

#include "parley/audio/resampler.hpp"
#include "parley/providers/streaming/conversation.hpp"
#include "parley/providers/streaming/dialect.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::providers::streaming {

struct StreamedSessionOptions {
  int rate_hz = audio::telephone_rate_hz;  ///< on the wire; frames of another rate are changed
  Duration piece = audio::frame_length;    ///< of audio in one message
  Duration keep_alive = std::chrono::seconds(4);
  /// A vendor that was heard in this utterance and owes no words need not answer a finalize: so
  /// long it is waited for. Zero: for ever.
  Duration grace = std::chrono::milliseconds(400);
  std::size_t max_keyterms = 50;
};

/// A recognizer's session over a vendor's WebSocket, whatever the vendor says there. Finals are the
/// settled words since the last finalize(), in one text of at most 64 KB. Key terms are told when
/// connecting, so an expectation with others opens a new connection between two utterances, three
/// times at most. While nobody waits in next(), nothing is kept alive.
class StreamedSession final : public speech::RecognizerSession {
 public:
  /// A new connection with these key terms.
  using Connect =
      std::function<Task<std::unique_ptr<net::WebSocket>>(std::vector<std::string> keyterms)>;

  StreamedSession(Clock& clock, StreamedSessionOptions options, std::unique_ptr<Dialect> dialect,
                  std::unique_ptr<net::WebSocket> socket, std::vector<std::string> keyterms,
                  Connect connect);

  void expect(std::shared_ptr<const speech::Expectation> expectation) override;
  Task<void> send(audio::Frame frame) override;
  Task<void> finalize() override;
  Task<speech::Transcript> next() override;
  Task<void> close() override;

 private:
  /// A finalize() that was not answered yet.
  struct Owed {
    Duration at{};  ///< of the session's audio
    TimePoint asked{};
  };
  Result<void> send_samples(bool all);
  Result<audio::Samples> at_wire_rate(audio::Frame frame);
  TimePoint next_deadline() const;
  void on_time();
  Result<void> take(const net::WebSocketMessage& message);
  void settle(const Heard& heard);
  void push_partial(const Heard& heard);
  void complete();
  bool wants_renewal() const;
  asio::awaitable<void> renew();

  Clock& clock_;
  StreamedSessionOptions options_;
  std::unique_ptr<Dialect> dialect_;
  std::shared_ptr<Conversation> conversation_;
  Connect connect_;
  std::vector<std::string> keyterms_;  ///< of this connection
  std::vector<std::string> wanted_keyterms_;
  int renewals_ = 0;

  std::optional<audio::Resampler> resampler_;
  audio::Samples unsent_;
  Duration sent_{};        ///< of this connection's audio
  Duration begun_at_{};    ///< where the running utterance began
  Duration settled_at_{};  ///< the words up to there are settled
  std::deque<Owed> owed_;

  std::string settled_;
  double confidence_sum_ = 0;  ///< weighed by the bytes of its words
  std::size_t confidence_bytes_ = 0;
  std::vector<std::string> alternatives_;
  bool has_partial_words_ = false;
  bool was_heard_ = false;  ///< the vendor spoke in this utterance
  std::deque<speech::Transcript> ready_;
  bool closed_ = false;
};

/// The keywords of an expectation that a vendor takes: without repeats, at most so many.
std::vector<std::string> keyterms_of(const std::shared_ptr<const speech::Expectation>& expectation,
                                     std::size_t most);

}  // namespace parley::providers::streaming
