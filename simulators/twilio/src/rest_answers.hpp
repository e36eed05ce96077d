#pragma once
#include <deque>

#include "parley/base/json.hpp"
#include "parley/net/http.hpp"
#include "parley/simulators/fault_plan.hpp"

namespace parley::simulators {

/// An error as Twilio gives it.
struct TwilioRefusal {
  int status = 400;
  int code = 0;
  std::string message;
};
template <class T>
using TwilioResult = std::expected<T, TwilioRefusal>;

inline std::unexpected<TwilioRefusal> refuse_twilio(int status, int code, std::string message) {
  return std::unexpected(TwilioRefusal{status, code, std::move(message)});
}
std::unexpected<TwilioRefusal> no_such_thing(std::string_view path);

net::HttpResponse json_answer(int status, const json::value& body);
net::HttpResponse refusal_answer(const TwilioRefusal& refusal);
net::HttpResponse refusal_of_fault(const Fault& fault);

/// "Fri, 18 Oct 2019 17:00:00 +0000".
std::string rfc2822(WallTime at);
bool is_e164(std::string_view number);

/// One thing of the account: what REST shows of it, and when it was made.
struct Resource {
  json::object shown;
  WallTime made{};

  std::string text(std::string_view field) const { return text_in(shown, field); }
};
using Resources = std::deque<Resource>;  ///< oldest first

/// The page of `of` that the query asks for, newest first, with links to those beside it.
/// Errors: 400 for a page that cannot be.
TwilioResult<net::HttpResponse> page_of(const net::HttpRequest& request, std::string_view plural,
                                        const std::vector<const Resource*>& of);

}  // namespace parley::simulators
