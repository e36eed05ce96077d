#pragma once
#include <set>

#include "parley/base/clock.hpp"
#include "parley/base/random.hpp"
#include "rest_answers.hpp"

namespace parley::simulators {

/// Everything the account has: made from the forms of REST, checked as Twilio checks them. Nothing
/// here waits or speaks to anybody.
class TwilioAccount {
 public:
  enum class Kind { calls, messages, numbers, recordings };

  /// `clock` and `random` outlive it.
  TwilioAccount(const Clock& clock, Random& random, std::string sid,
                const std::vector<std::string>& numbers);

  TwilioResult<Resource*> make_call(const net::Fields& form);
  TwilioResult<Resource*> make_message(const net::Fields& form);
  TwilioResult<Resource*> buy_number(const net::Fields& form);
  struct NewRecording {
    int channels = 1;
    std::string source = "OutboundAPI";
  };
  /// In progress, until its length is known.
  Resource& make_recording(const Resource& call, const NewRecording& recording);
  /// Also of fields it does not know: they are passed over, as Twilio does.
  TwilioResult<Resource*> update_number(const std::string& sid, const net::Fields& form);
  /// In North America: up to thirty numbers of the invented exchange 555, never one that is held.
  json::array for_sale(const std::string& country, const std::string& type,
                       const net::Fields& query) const;

  Resource* find(Kind kind, std::string_view sid);
  bool remove(Kind kind, std::string_view sid);
  /// Newest first, by the filters of that kind.
  std::vector<const Resource*> list(Kind kind, const net::Fields& query) const;
  json::object account() const;
  const std::string& sid() const noexcept { return sid_; }
  WallTime now() const { return clock_.wall(); }

 private:
  Resource& add(Kind kind, std::string_view prefix, json::object shown);
  std::string uri(std::string_view plural, std::string_view sid) const;
  bool owns(std::string_view number) const;

  const Clock& clock_;
  Random& random_;
  const std::string sid_;
  std::map<Kind, Resources> all_;
};

}  // namespace parley::simulators
