#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/base/signal.hpp"
#include "parley/net/client.hpp"

namespace parley::simulators {

struct LineOptions {
  std::string server_url;  ///< where the webhook is posted: "http://127.0.0.1:8080"
  std::string public_url;  ///< what is signed; empty: server_url
  std::string auth_token;
  std::string from = "+12125550199";
  std::string to;
  // What the carrier's own account says of the call; empty: made up.
  std::string call_sid;
  std::string account_sid;
  std::string direction = "inbound";
  std::string voice_url;    ///< whole; empty: the server's webhook for calls
  std::string twiml;        ///< instead of asking voice_url first
  net::Fields voice_extra;  ///< sent with the first question besides
  /// Whether the line itself tells the server's status webhook that the call has ended.
  enum class TellsStatus { yes, no } tells_status = TellsStatus::yes;
};

/// What the caller hears and does goes by the caller's clock, 20 ms at a time.
struct PlayedFrame {
  Duration at{};           ///< since the call was dialled
  audio::Samples samples;  ///< 160; silence when the agent says nothing
  bool agent = false;      ///< some of it came from the agent
  audio::Samples caller;   ///< what the caller said meanwhile, 160
};

enum class LineEnd { none, hung_up_by_caller, hung_up_by_server, refused, broken };

/// One telephone call to a server, played by Twilio's rules: signed webhooks, TwiML, the media
/// stream in real time, marks echoed when their audio was really played, `clear` echoing them all.
/// Of TwiML it knows Say, Connect with Stream and its Parameters, and the end. Used from one
/// strand.
class TwilioLine {
 public:
  TwilioLine(Clock& clock, Random& random, net::HttpClient& http, LineOptions options);
  ~TwilioLine();
  TwilioLine(const TwilioLine&) = delete;
  TwilioLine& operator=(const TwilioLine&) = delete;

  /// Posts the webhook and opens the media stream. Errors: forbidden (signature), unavailable,
  /// corrupt (no TwiML), conflict (the server declined: said() tells its words).
  Task<void> dial(Context ctx);
  /// Carries the call until it ends; the caller's side is moved by the methods below.
  asio::awaitable<void> run(Context ctx);

  /// Queued behind what the caller is still saying.
  void say(audio::Samples samples);
  void press(char digit);
  void hang_up();
  /// As an update of the call over REST does: the stream ends, and the call goes on with this
  /// TwiML, or what this URL answers.
  void redirect(std::string url, std::string twiml);
  /// Raw text to the server instead of proper messages: for hostile tests.
  void send_raw(std::string text);

  bool caller_speaking() const noexcept;
  bool agent_speaking() const noexcept;  ///< audio of the agent is waiting or playing
  /// How long the agent has been silent; since the beginning when it never spoke.
  Duration agent_silent_for() const noexcept;
  bool agent_ever_spoke() const noexcept;
  LineEnd ended() const noexcept;
  const std::string& call_sid() const noexcept;
  const std::string& said() const noexcept;  ///< <Say> texts of the server's TwiML
  int clears() const noexcept;
  Duration elapsed() const noexcept;
  /// Notified on every frame and at the end.
  Signal& changed() noexcept;

  std::function<void(const PlayedFrame&)> on_played;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
