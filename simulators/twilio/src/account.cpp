#include "account.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sid.hpp"

namespace parley::simulators {

namespace {

using Kind = TwilioAccount::Kind;

constexpr std::size_t most_of_a_kind = 10'000;
constexpr std::size_t longest_twiml = 4000;
constexpr std::size_t longest_body = 1600;
constexpr int most_for_sale = 30;

std::string_view plural(Kind kind) {
  constexpr std::string_view names[]{"Calls", "Messages", "IncomingPhoneNumbers", "Recordings"};
  return names[static_cast<std::size_t>(kind)];
}

std::string value_of(const net::Fields& fields, std::string_view name) {
  return std::string(net::find_field(fields, name).value_or(""));
}

/// Number_Url in a form is number_url in JSON: "VoiceUrl", "voice_url".
std::string snake_case(std::string_view pascal) {
  std::string name;
  for (char c : pascal) {
    bool upper = c >= 'A' && c <= 'Z';
    if (upper && !name.empty()) name += '_';
    name += upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

/// 160 characters in one segment, 153 in each of several; 70 and 67 when one is not ASCII.
std::size_t segments(std::string_view body) {
  bool plain =
      std::ranges::all_of(body, [](char c) { return static_cast<unsigned char>(c) < 128; });
  auto characters = static_cast<std::size_t>(std::ranges::count_if(
      body, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  std::size_t one = plain ? 160 : 70;
  std::size_t each = plain ? 153 : 67;
  return characters <= one ? 1 : (characters + each - 1) / each;
}

TwilioResult<void> check_numbers(const net::Fields& form, int no_to, int no_from) {
  auto to = value_of(form, "To");
  auto from = value_of(form, "From");
  if (to.empty()) return refuse_twilio(400, no_to, "A 'To' phone number is required.");
  if (from.empty()) return refuse_twilio(400, no_from, "A 'From' phone number is required.");
  // The first is the number that Twilio's own test credentials refuse.
  if (!is_e164(to) || to == "+15005550001")
    return refuse_twilio(400, 21211,
                         fmt::format("The 'To' number {} is not a valid phone number.", to));
  if (!is_e164(from))
    return refuse_twilio(400, 21212,
                         fmt::format("The 'From' number {} is not a valid phone number.", from));
  return {};
}

bool matches(const Resource& one, std::string_view field, const net::Fields& query,
             std::string_view name) {
  auto wanted = net::find_field(query, name);
  return !wanted || one.text(field) == *wanted;
}

/// "2026-11-27", or that with a time.
std::optional<WallTime> time_in(const net::Fields& query, std::string_view name) {
  auto text = value_of(query, name);
  if (text.size() == 10) text += "T00:00:00Z";
  auto time = parse_rfc3339(text);
  return time ? std::optional(*time) : std::nullopt;
}

json::object capabilities() {
  return {{"voice", true}, {"sms", true}, {"mms", true}, {"fax", false}};
}

bool fits(std::string_view number, std::string pattern) {
  if (pattern.empty()) return true;
  if (!pattern.contains('*')) return number.contains(pattern);
  for (std::size_t at = 0; at + pattern.size() <= number.size(); ++at) {
    auto here = number.substr(at, pattern.size());
    if (std::ranges::equal(here, pattern, [](char c, char p) { return p == '*' || c == p; }))
      return true;
  }
  return false;
}

}  // namespace

TwilioAccount::TwilioAccount(const Clock& clock, Random& random, std::string sid,
                             const std::vector<std::string>& numbers)
    : clock_(clock), random_(random), sid_(std::move(sid)) {
  for (auto& number : numbers) (void)buy_number({{"PhoneNumber", number}});
}

std::string TwilioAccount::uri(std::string_view of, std::string_view sid) const {
  return fmt::format("/2010-04-01/Accounts/{}/{}/{}.json", sid_, of, sid);
}

Resource& TwilioAccount::add(Kind kind, std::string_view prefix, json::object shown) {
  auto& all = all_[kind];
  auto sid = make_sid(prefix, random_);
  auto now = rfc2822(clock_.wall());
  shown["sid"] = sid;
  shown["account_sid"] = sid_;
  shown["api_version"] = "2010-04-01";
  shown["date_created"] = now;
  shown["date_updated"] = now;
  shown["uri"] = uri(plural(kind), sid);
  if (all.size() == most_of_a_kind) all.pop_front();
  all.push_back({std::move(shown), clock_.wall()});
  return all.back();
}

bool TwilioAccount::owns(std::string_view number) const {
  auto numbers = all_.find(Kind::numbers);
  return numbers != all_.end() && std::ranges::any_of(numbers->second, [&](auto& one) {
           return one.text("phone_number") == number;
         });
}

TwilioResult<Resource*> TwilioAccount::make_call(const net::Fields& form) {
  if (auto good = check_numbers(form, 21201, 21213); !good) return std::unexpected(good.error());
  auto twiml = value_of(form, "Twiml");
  if (value_of(form, "Url").empty() && twiml.empty())
    return refuse_twilio(400, 21205, "Url parameter is required.");
  if (twiml.size() > longest_twiml)
    return refuse_twilio(400, 21218, "Twiml is longer than 4000 characters.");
  auto from = value_of(form, "From");
  if (!owns(from))
    return refuse_twilio(
        400, 21210,
        fmt::format("The source phone number provided, {}, is not yet verified for "
                    "your account.",
                    from));
  auto to = value_of(form, "To");
  auto& call = add(Kind::calls, "CA",
                   {{"parent_call_sid", nullptr},
                    {"to", to},
                    {"to_formatted", to},
                    {"from", from},
                    {"from_formatted", from},
                    {"phone_number_sid", nullptr},
                    {"status", "queued"},
                    {"start_time", nullptr},
                    {"end_time", nullptr},
                    {"duration", nullptr},
                    {"price", nullptr},
                    {"price_unit", "USD"},
                    {"direction", "outbound-api"},
                    {"answered_by", nullptr},
                    {"forwarded_from", nullptr},
                    {"group_sid", nullptr},
                    {"caller_name", nullptr},
                    {"queue_time", "0"},
                    {"trunk_sid", nullptr}});
  auto at = fmt::format("/2010-04-01/Accounts/{}/Calls/{}/", sid_, call.text("sid"));
  call.shown["subresource_uris"] = json::object{{"recordings", at + "Recordings.json"}};
  return &call;
}

TwilioResult<Resource*> TwilioAccount::make_message(const net::Fields& form) {
  auto service = value_of(form, "MessagingServiceSid");
  auto checked = form;
  if (!service.empty()) checked.emplace_back("From", "+12125550100");
  if (auto good = check_numbers(checked, 21604, 21603); !good) return std::unexpected(good.error());
  auto body = value_of(form, "Body");
  auto media = std::ranges::count(form, "MediaUrl", &net::Fields::value_type::first);
  if (body.empty() && media == 0) return refuse_twilio(400, 21602, "Message body is required.");
  if (body.size() > longest_body)
    return refuse_twilio(400, 21617,
                         "The concatenated message body exceeds the 1600 character limit");
  auto from = value_of(form, "From");
  if (service.empty() && !owns(from))
    return refuse_twilio(400, 21606,
                         fmt::format("The 'From' phone number {} is not one of your own.", from));
  auto& message =
      add(Kind::messages, media > 0 ? "MM" : "SM",
          {{"to", value_of(form, "To")},
           {"from", from.empty() ? json::value(nullptr) : json::value(from)},
           {"body", body},
           {"status", service.empty() ? "queued" : "accepted"},
           {"num_segments", std::to_string(segments(body))},
           {"num_media", std::to_string(media)},
           {"direction", "outbound-api"},
           {"date_sent", nullptr},
           {"error_code", nullptr},
           {"error_message", nullptr},
           {"messaging_service_sid", service.empty() ? json::value(nullptr) : json::value(service)},
           {"price", nullptr},
           {"price_unit", "USD"},
           {"subresource_uris", json::object{}}});
  return &message;
}

TwilioResult<Resource*> TwilioAccount::buy_number(const net::Fields& form) {
  auto number = value_of(form, "PhoneNumber");
  if (auto area = value_of(form, "AreaCode"); number.empty() && !area.empty()) {
    auto offers = for_sale("US", "Local", {{"AreaCode", area}});
    if (offers.empty())
      return refuse_twilio(400, 21452,
                           fmt::format("No phone numbers found in area code {}.", area));
    number = text_at(offers[0], "/phone_number");
  }
  if (number.empty()) return refuse_twilio(400, 21402, "PhoneNumber or AreaCode is required.");
  if (!is_e164(number))
    return refuse_twilio(400, 21421, fmt::format("{} is not a valid number", number));
  if (owns(number)) return refuse_twilio(400, 21422, fmt::format("{} is not available", number));
  auto& bought = add(Kind::numbers, "PN",
                     {{"phone_number", number},
                      {"friendly_name", number},
                      {"capabilities", capabilities()},
                      {"status", "in-use"},
                      {"origin", "twilio"},
                      {"beta", false},
                      {"address_requirements", "none"},
                      {"type", "local"},
                      {"voice_url", nullptr},
                      {"voice_method", "POST"},
                      {"voice_fallback_url", nullptr},
                      {"voice_fallback_method", "POST"},
                      {"voice_caller_id_lookup", false},
                      {"voice_receive_mode", "voice"},
                      {"status_callback", ""},
                      {"status_callback_method", "POST"},
                      {"sms_url", ""},
                      {"sms_method", "POST"},
                      {"subresource_uris", json::object{}}});
  return update_number(bought.text("sid"), form);
}

TwilioResult<Resource*> TwilioAccount::update_number(const std::string& sid,
                                                     const net::Fields& form) {
  auto* number = find(Kind::numbers, sid);
  if (!number) return no_such_thing(uri("IncomingPhoneNumbers", sid));
  constexpr std::string_view settable[]{"FriendlyName",
                                        "VoiceUrl",
                                        "VoiceMethod",
                                        "VoiceFallbackUrl",
                                        "VoiceFallbackMethod",
                                        "StatusCallback",
                                        "SmsUrl",
                                        "SmsMethod",
                                        "SmsFallbackUrl",
                                        "SmsFallbackMethod",
                                        "StatusCallbackMethod",
                                        "TrunkSid",
                                        "VoiceApplicationSid",
                                        "SmsApplicationSid"};
  for (auto& [name, value] : form)
    if (std::ranges::find(settable, name) != std::end(settable))
      number->shown[snake_case(name)] = value;
  number->shown["date_updated"] = rfc2822(clock_.wall());
  return number;
}

Resource& TwilioAccount::make_recording(const Resource& call, const NewRecording& recording) {
  return add(Kind::recordings, "RE",
             {{"call_sid", call.text("sid")},
              {"conference_sid", nullptr},
              {"duration", nullptr},
              {"start_time", rfc2822(clock_.wall())},
              {"channels", recording.channels},
              {"source", recording.source},
              {"track", "both"},
              {"status", "in-progress"},
              {"error_code", nullptr},
              {"encryption_details", nullptr},
              {"price", nullptr},
              {"price_unit", "USD"},
              {"subresource_uris", json::object{}}});
}

json::array TwilioAccount::for_sale(const std::string& country, const std::string& type,
                                    const net::Fields& query) const {
  json::array offers;
  auto area = value_of(query, "AreaCode");
  if (area.empty()) area = type == "TollFree" ? "888" : country == "CA" ? "416" : "646";
  bool is_area = area.size() == 3 && area[0] >= '2' &&
                 std::ranges::all_of(area, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_area || (country != "US" && country != "CA")) return offers;
  for (int line = 100; line < 200 && offers.size() < most_for_sale; ++line) {
    auto number = fmt::format("+1{}5550{}", area, line);
    if (owns(number) || !fits(number, value_of(query, "Contains"))) continue;
    offers.push_back({{"phone_number", number},
                      {"friendly_name", fmt::format("({}) 555-0{}", area, line)},
                      {"iso_country", country},
                      {"region", nullptr},
                      {"locality", nullptr},
                      {"lata", nullptr},
                      {"rate_center", nullptr},
                      {"latitude", nullptr},
                      {"longitude", nullptr},
                      {"postal_code", nullptr},
                      {"address_requirements", "none"},
                      {"beta", false},
                      {"capabilities", capabilities()}});
  }
  return offers;
}

Resource* TwilioAccount::find(Kind kind, std::string_view sid) {
  auto& all = all_[kind];
  auto found = std::ranges::find_if(all, [&](auto& one) { return one.text("sid") == sid; });
  return found == all.end() ? nullptr : &*found;
}

bool TwilioAccount::remove(Kind kind, std::string_view sid) {
  return std::erase_if(all_[kind], [&](auto& one) { return one.text("sid") == sid; }) > 0;
}

std::vector<const Resource*> TwilioAccount::list(Kind kind, const net::Fields& query) const {
  constexpr std::pair<std::string_view, std::string_view> filters[]{
      {"to", "To"},
      {"from", "From"},
      {"status", "Status"},
      {"parent_call_sid", "ParentCallSid"},
      {"call_sid", "CallSid"},
      {"phone_number", "PhoneNumber"},
      {"friendly_name", "FriendlyName"}};
  std::vector<const Resource*> found;
  auto all = all_.find(kind);
  if (all == all_.end()) return found;
  auto after = time_in(query, "StartTime>");
  auto before = time_in(query, "StartTime<");
  for (auto at = all->second.rbegin(); at != all->second.rend(); ++at) {
    auto& one = *at;
    bool fits = (!after || one.made >= *after) && (!before || one.made <= *before);
    for (auto& [field, name] : filters) fits = fits && matches(one, field, query, name);
    if (fits) found.push_back(&one);
  }
  return found;
}

json::object TwilioAccount::account() const {
  return {{"sid", sid_},
          {"friendly_name", "Stand-in"},
          {"status", "active"},
          {"type", "Full"},
          {"owner_account_sid", sid_},
          {"uri", fmt::format("/2010-04-01/Accounts/{}.json", sid_)}};
}

}  // namespace parley::simulators
