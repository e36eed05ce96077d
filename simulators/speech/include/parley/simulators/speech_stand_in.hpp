#pragma once
#include <functional>

#include "parley/simulators/heard_speech.hpp"
#include "parley/simulators/stand_in_server.hpp"

namespace parley::simulators {

/// PUT /_simulator/phrases, a phrase a line: what coming sessions hear. `changed` is called after
/// it. All outlive the server.
void add_phrases(StandInServer& server, SpeechScript& script, std::function<void()> changed = {});

/// What the stand-ins of speech services are made of: a server that refuses strangers, and what
/// its sessions hear. Thread-safe once started.
class SpeechStandIn {
 public:
  /// Errors: unavailable (the address is in use).
  Result<void> start() { return server_.start(); }
  asio::awaitable<void> stop(TimePoint deadline) { return server_.stop(deadline); }
  std::uint16_t port() const noexcept { return server_.port(); }

  StandInServer& server() noexcept { return server_; }
  SpeechScript& script() noexcept { return script_; }

 protected:
  /// `refusal` words the faults of the plan; `stranger` refuses who has no key. `executor`, `clock`
  /// and `random` outlive it.
  SpeechStandIn(asio::any_io_executor executor, Clock& clock, Random& random, StandInOptions where,
                StandInServer::Refusal refusal, StandInServer::Admit stranger);
  ~SpeechStandIn() = default;

  using Answer = std::function<net::HttpResponse(const net::HttpRequest&)>;
  void answer(net::Method method, std::string pattern, Answer answer);
  void converse(std::string pattern, net::WebSocketHandler handler);

 private:
  StandInServer::Admit stranger_;
  SpeechScript script_;
  StandInServer server_;
};

}  // namespace parley::simulators
