#pragma once
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "call_rows.hpp"
#include "parley/business/businesses.hpp"

namespace parley::calls {

/// What this process knows by itself of the calls it was asked about, so that a caller can be
/// answered, connected and taken back while the database is away. At most `most_calls`, the ones
/// that nothing was heard of for longest go first. Thread-safe.
class KnownCalls {
 public:
  static constexpr std::size_t most_calls = 4096;
  using Profile = std::shared_ptr<const business::Profile>;

  struct Answered {
    CallId id;
    std::string media_token;  ///< empty when it was used
  };
  enum class Token { stored, only_here };  ///< whether the database has it too
  /// A call that came in; the one that is known already for this carrier call stays.
  Answered add(const Call& call, Profile profile, const std::string& media_token, Token kept);

  struct Waiting {
    CallId id;
    Token token = Token::stored;
  };
  /// Who would be connected by this token, if anybody.
  std::optional<Waiting> waiting_with(const std::string& media_token,
                                      const std::string& carrier_call_id) const;
  /// Uses up the token, as rows::connect does. Errors: not_found.
  Result<rows::Connected> connect(const std::string& media_token,
                                  const std::string& carrier_call_id, WallTime now);
  /// The database connected it. What is known and the database does not know yet prevails.
  void connected(rows::Connected& connected);
  Profile profile_of(const CallId& call) const;
  void timeline_reached(const CallId& call, std::int64_t next_sequence);
  void ended(const CallId& call, voice::EndReason reason);

  struct Ending {
    Call call;
    std::optional<voice::EndReason> reason;  ///< of the last connection; nothing while it runs
  };
  std::optional<Ending> ending_of(const std::string& carrier,
                                  const std::string& carrier_call_id) const;
  /// A token for one more connection. Errors: conflict (it had `most_connections`), not_found.
  Result<void> allow_reconnect(const CallId& call, const std::string& media_token,
                               int most_connections);

 private:
  struct Known {
    Call call;
    Profile profile;
    std::string media_token;
    Token token = Token::stored;
    std::int64_t connections = 0;
    std::int64_t next_sequence = 1;
    std::optional<voice::EndReason> ended;
    std::list<CallId>::iterator recency;
  };
  Known& touch(const CallId& call);
  Known* find(const CallId& call);
  const Known* by_carrier(const std::string& carrier, const std::string& carrier_call_id) const;
  void drop(const CallId& call);

  mutable std::mutex mutex_;
  std::map<CallId, Known> calls_;
  std::map<std::pair<std::string, std::string>, CallId> by_carrier_;
  std::map<std::string, CallId> by_token_;
  std::list<CallId> recent_;  ///< the newest first
};

}  // namespace parley::calls
