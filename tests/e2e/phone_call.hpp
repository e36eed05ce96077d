#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "booking_caller.hpp"
#include "parley/base/task_group.hpp"
#include "parley/simulators/caller_on_line.hpp"
#include "server_process.hpp"

namespace parley::e2e {

using callers::Answers;
using callers::CallerSound;

/// A person on the telephone who answers what the agent asks: the first rule of which a word
/// appears in the agent's last sentences gives what they say; each rule is used at most `times`.
struct Rule {
  std::string
      when;  ///< a regular expression over the agent's lower-case words; empty: the first turn
  std::string say;
  int times = 2;
};
Answers by_rules(std::vector<Rule> rules);

struct CallResult {
  simulators::LineEnd end = simulators::LineEnd::none;
  json::value call;  ///< as GET /calls/{id} gives it
  json::value timeline;
  Duration length{};
  int clears = 0;
  std::vector<std::string> said_by_carrier;
  std::string transcript() const;
};

/// One call in real time, all the way over HTTP, WebSocket and the telephone band.
class PhoneCall {
 public:
  PhoneCall(Clock& clock, Random& random, net::HttpClient& http, const ServerProcess& server,
            simulators::CallerVoices voices, CallerSound sound, std::string from);

  /// Talks until the agent or the answers hang up, or `limit`.
  Task<CallResult> hold(Answers answers, Duration limit);
  simulators::TwilioLine& line() { return line_; }
  /// The caller's audio for these words, as the telephone carries it.
  Task<simulators::SpokenWords> speak(std::string text) { return caller_.speak(std::move(text)); }
  /// Reads what the server knows of this call.
  Task<CallResult> look();

 private:
  asio::awaitable<void> answer_by(Answers answers, TimePoint limit);
  Task<std::string> agent_said_since(std::size_t turns);

  Clock& clock_;
  ApiClient api_;
  simulators::TwilioLine line_;
  simulators::CallerOnLine caller_;
  std::size_t turns_seen_ = 0;
};

}  // namespace parley::e2e
