#pragma once
#include <map>

#include "account.hpp"
#include "call_recording.hpp"
#include "parley/base/task_group.hpp"
#include "parley/simulators/twilio_line.hpp"
#include "parley/simulators/twilio_simulator.hpp"

namespace parley::simulators {

/// What a call needs of the stand-in around it.
struct CallSurroundings {
  Clock& clock;
  Random& random;
  net::HttpClient& http;
  TwilioAccount& account;
  TaskGroup& tasks;
  std::map<std::string, std::string>& media;  ///< recordings' bytes, by sid
  std::string auth_token;
};

/// One call that was asked for over REST, from queued to its end. Lives as long as its run().
class OutboundCall : public std::enable_shared_from_this<OutboundCall> {
 public:
  OutboundCall(CallSurroundings around, std::string sid, net::Fields form, Callee callee);

  asio::awaitable<void> run();
  /// What POST of the call's own address does. Errors: 21220 (it is not where that can be done).
  TwilioResult<void> update(const net::Fields& form);
  /// Recording from now on. Errors: 21220 (nobody has answered yet, or it is over).
  TwilioResult<const Resource*> start_recording(const net::Fields& form);
  /// Errors: 20404 (no such one is made now).
  TwilioResult<const Resource*> stop_recording(const std::string& recording);

 private:
  std::string value(std::string_view name) const {
    return std::string(net::find_field(form_, name).value_or(""));
  }
  std::string shown(std::string_view field) const;
  void show(std::string_view field, std::string_view value);
  bool is_over() const { return !ended_as_.empty(); }
  asio::awaitable<void> ring();
  asio::awaitable<void> talk();
  asio::awaitable<void> end(std::string status);
  asio::awaitable<void> tell_status(std::string event, std::string status, net::Fields extra);
  asio::awaitable<void> tell(std::string url, std::string method, net::Fields extra);
  void record(const TwilioAccount::NewRecording& what, net::Fields callbacks);
  std::string finish(const CallRecording& recording);
  asio::awaitable<void> tell_of(std::string recording, std::string event, net::Fields callbacks);
  void tell_later(const CallRecording& recording, std::string event);
  void leave_later();

  CallSurroundings around_;
  const std::string sid_;
  const net::Fields form_;
  const Callee callee_;
  std::shared_ptr<TwilioLine> line_;
  std::vector<CallRecording> recordings_;  ///< being made
  std::string ended_as_;                   ///< by an update
  int told_ = 0;
  TimePoint answered_{};
  Signal changed_;
};

}  // namespace parley::simulators
