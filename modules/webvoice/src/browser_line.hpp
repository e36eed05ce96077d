#pragma once
#include <deque>
#include <memory>
#include <optional>

#include "attachment.hpp"
#include "caller_audio.hpp"
#include "parley/telephony/media_stream.hpp"

namespace parley::webvoice {

/// A visitor's line to the agent: the MediaStream of the call, and the Companion that shows it. Its
/// socket may break and another take its place within `resume_within`; the call waits meanwhile and
/// goes on where the visitor's ear left it. Everything runs on the strand of the call.
class BrowserLine final : public telephony::Companion,
                          public std::enable_shared_from_this<BrowserLine> {
 public:
  struct Options {
    Duration resume_within = std::chrono::seconds(60);
  };
  BrowserLine(asio::any_io_executor strand, Clock& clock, std::string session, Options options);

  const asio::any_io_executor& strand() const noexcept { return strand_; }

  /// A socket that was opened or resumed: it is told the session, then what it missed. The one
  /// before is closed.
  void attach(std::shared_ptr<Attachment> socket, const Opening& opening,
              const std::string& resume_token);
  /// A message of a socket. What is wrong with it is told there; what cannot be forgiven closes it
  /// and ends the call.
  void take(const std::shared_ptr<Attachment>& socket, net::WebSocketMessage message);
  /// The socket is gone; another may come.
  void detach(const std::shared_ptr<Attachment>& socket);

  // The call's side: see telephony::MediaStream.
  Task<void> receive_all(telephony::MediaTaker taker);
  Result<void> send_audio(std::span<const std::byte> payload);
  Result<void> send_mark(std::string name);
  Result<void> clear();
  void close();
  telephony::MediaStream::Counters counters() const noexcept { return counters_; }
  /// The call cannot be had: said to the visitor, who is then left.
  void refuse(std::string code, std::string message);

  // What is shown: see telephony::Companion.
  void hearing(std::string words) override;
  void heard(std::string words, double confidence, std::string input) override;
  void not_taken(std::string text) override;
  void saying(std::string sentence) override;
  void cut_off(std::string heard_of_it) override;
  void tool_used(std::string name, std::string error) override;
  void engine_failed(Engine engine, std::string reason) override;
  void engine_works(Engine engine) override;
  bool wants_speech() const override { return wants_speech_; }
  bool types() const override { return !audio_ || recognizer_down_; }

 private:
  using Priority = net::WebSocket::Priority;
  struct Kept {
    std::int64_t sequence;
    json::object event;
  };

  void take_binary(std::string_view bytes);
  void take_text(std::string_view text);
  void take_command(const json::object& message);
  void push_turn(const json::object& message);
  bool listen_to(const std::optional<AudioFormat>& format);
  void hear(audio::Samples samples);
  void push(telephony::MediaEvent event);

  /// Numbered and kept, for a socket that missed it.
  void show(json::object event);
  /// Of the moment: whoever misses it misses nothing.
  void tell(const json::object& event, Priority priority = Priority::urgent);
  void leave();
  void complain(std::string code, std::string message);
  void give_up(CloseCode close, std::string code, std::string message);
  void send_missed(std::int64_t after, std::uint64_t audio_bytes);
  void tell_mode_if_changed();
  json::object mode() const;
  Duration elapsed() const { return clock_.now() - began_; }

  const asio::any_io_executor strand_;
  Clock& clock_;
  const std::string session_;
  const Options options_;
  const TimePoint began_;
  Signal changed_;
  std::shared_ptr<Attachment> socket_;
  TimePoint detached_{};
  bool hung_up_ = false;
  bool closed_ = false;
  bool ready_ = false;  ///< the first socket was told the session
  telephony::MediaStream::Counters counters_;

  std::deque<telephony::MediaEvent> events_;  ///< to be given
  std::size_t audio_events_ = 0;              ///< how many of them are audio

  std::optional<CallerAudio> audio_;
  bool audio_broken_ = false;  ///< what was announced did not come: no more until it is announced
  bool begins_ = true;         ///< the next sound is the first since audio was announced
  Duration heard_until_{};     ///< where in the call the visitor's next sample belongs

  std::deque<Kept> kept_;
  std::int64_t sequence_ = 0;
  std::deque<std::byte> played_;  ///< the last audio that was sent
  std::uint64_t sent_bytes_ = 0;  ///< of audio, since the call began
  bool sounding_ = false;         ///< agent.audio.start was told, and no stop
  std::deque<std::string> pending_marks_;

  bool wants_speech_ = true;
  bool recognizer_down_ = false;
  bool synthesizer_down_ = false;
  json::object told_mode_;
};

/// The MediaStream that a call takes.
std::unique_ptr<telephony::MediaStream> make_stream(std::shared_ptr<BrowserLine> line);

}  // namespace parley::webvoice
