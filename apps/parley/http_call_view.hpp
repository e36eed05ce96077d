#pragma once
#include <map>
#include <mutex>

#include "parley/simulators/scenario_call.hpp"

namespace parley::app {

/// What a server's API tells of its calls. Used from one strand.
class HttpCallView : public simulators::CallView {
 public:
  HttpCallView(net::HttpClient& http, std::string server, std::string token)
      : http_(http), server_(std::move(server)), token_(std::move(token)) {}

  Task<evals::Observed> so_far(Context ctx, std::string call_sid) override;
  Task<evals::Observed> whole(Context ctx, std::string call_sid) override;
  /// Takes back what the call booked, so that the next one finds the calendar as it was. Errors:
  /// forbidden (the token may not).
  Task<void> take_back(evals::Observed call);

  /// "data" of an answer. Errors: forbidden (401, 403), not_found, unavailable.
  Task<json::value> get(std::string path);
  Task<json::value> send(net::Method method, std::string path, std::string body);
  void use(std::string token) { token_ = std::move(token); }

 private:
  Task<std::string> id_of(std::string call_sid);

  net::HttpClient& http_;
  std::string server_;
  std::string token_;
  std::map<std::string, std::string> ids_;    ///< of calls, by the carrier's
  std::map<std::string, std::string> zones_;  ///< of businesses
};

}  // namespace parley::app
