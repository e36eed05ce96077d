#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/net/client.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

/// What happens when a number is called.
struct Callee {
  enum class Answer { answers, busy, no_answer, failed };
  Answer answer = Answer::answers;
  Duration rings = std::chrono::seconds(1);
  Duration stays = std::chrono::minutes(10);  ///< then hangs up, unless the server did before
  std::string answered_by = "human";          ///< what answering machine detection finds
  audio::Samples says{};                      ///< from the answer on, at telephone rate
};

struct TwilioSimulatorOptions {
  StandInOptions where;
  std::string account_sid = "AC00000000000000000000000000000001";
  std::string auth_token = "0123456789abcdef0123456789abcdef";
  std::vector<std::string> numbers{"+12125550100"};  ///< the account's, to begin with
  std::map<std::string, Callee> callees;             ///< others are `callee`
  Callee callee;
};

/// A stand-in for Twilio: its REST API (calls, recordings, messages, numbers bought, held and for
/// sale) with its errors and pages, and what Twilio does of its own: outbound calls that ring, are
/// answered, ask for TwiML and open media streams in real time, with signed status callbacks in
/// order. README.md tells what is not there. Everything is in memory: at most 10,000 things of a
/// kind, and the oldest go. Used from one strand, on which `executor` runs.
class TwilioSimulator {
 public:
  /// All outlive it. `http` reaches the server that is called back.
  TwilioSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                  net::HttpClient& http, TwilioSimulatorOptions options = {});
  ~TwilioSimulator();
  TwilioSimulator(const TwilioSimulator&) = delete;
  TwilioSimulator& operator=(const TwilioSimulator&) = delete;

  /// Errors: unavailable (the address is in use).
  Result<void> start();
  /// Running calls are cut, without a callback.
  asio::awaitable<void> stop(TimePoint deadline);
  std::uint16_t port() const noexcept;

  /// Its faults and what came. A fault's code is Twilio's own number: "20429".
  StandInServer& server() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::simulators
