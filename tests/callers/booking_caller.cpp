#include "booking_caller.hpp"

#include <regex>

#include "parley/base/strings.hpp"
#include "parley/calendar/zone.hpp"

namespace parley::callers {
namespace {

/// More turns than this and anybody hangs up.
constexpr int patience_turns = 30;

bool says(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex(pattern));
}

/// The first part of `text` that the pattern's group takes; empty when there is none.
std::string found(const std::string& text, const std::string& pattern) {
  std::smatch match;
  return std::regex_search(text, match, std::regex(pattern)) ? match[1].str() : "";
}

/// From the last place where `word` begins; the agent may have said several sentences.
std::string last_from(const std::string& text, const std::string& word) {
  auto at = text.rfind(word);
  return at == std::string::npos ? text : text.substr(at);
}

constexpr const char* a_day =
    "((?:mon|tues|wednes|thurs|fri|satur|sun)day, [a-z]+ \\d+[a-z]+|tomorrow|today)";
constexpr const char* a_time = "(\\d+(?::\\d+)? [ap]m|noon|midnight)";
constexpr const char* a_service = "(teeth cleaning|check-up|filling|whitening)";

}  // namespace

std::string BookingCaller::wrong_in(const std::string& facts, bool with_name) const {
  if (auto service = found(facts, a_service); !service.empty() && service != wish_.service)
    return "the service";
  if (auto day = found(facts, a_day); !day.empty() && day != wish_.day_spoken &&
                                      !(day == "tomorrow" && wish_.day_said == "tomorrow"))
    return "the day";
  if (auto time = found(facts, a_time); !time.empty() && time != wish_.time_spoken)
    return "the time";
  bool other_name = with_name && facts.find(wish_.name) == std::string::npos &&
                    facts.find("for caller") == std::string::npos;
  return other_name ? "the name" : "";
}

std::string BookingCaller::to_confirm(const std::string& facts, bool with_name) {
  wrong_ = wrong_in(facts, with_name);
  agrees_ = wrong_.empty();
  if (!agrees_) return "no";
  return with_name ? "yes please" : "yes";
}

std::string BookingCaller::press(const std::string& key) {
  ++keys_;
  return "@press " + key;
}

/// "I have tomorrow at 1 PM, 2 PM or 3 PM": takes the wanted one, or says again what is wanted.
std::string BookingCaller::to_offers(const std::string& agent) {
  auto day = found(agent, a_day);
  bool right_day = day == wish_.day_spoken || (day == "tomorrow" && wish_.day_said == "tomorrow");
  bool offered = right_day && says(agent, "\\b" + wish_.time_spoken);
  if (offered) return "at " + wish_.time_said;
  return wish_.day_said + " at " + wish_.time_said;
}

std::string BookingCaller::answer(const std::string& agent) {
  if (++turns_ > patience_turns) return "@hangup";
  if (says(agent, "you're booked")) return "@hangup";
  if (says(agent, "goodbye")) return "";
  if (says(agent, "shall i book it")) return to_confirm(agent, true);
  if (says(agent, "is that right\\? *$")) {
    auto facts = last_from(agent, "i heard");
    if (facts.find("i heard caller ") != std::string::npos) return to_confirm("for caller", true);
    bool only_name = !says(facts, a_service) && !says(facts, a_day) && !says(facts, a_time);
    return to_confirm(facts, only_name);
  }
  if (says(agent, "it is still")) wrong_ = wrong_in(last_from(agent, "it is still"), true);
  if (says(agent, "what should i change")) return wrong_.empty() ? "no" : wrong_;
  if (auto key = found(agent, "(\\d) (?:to change|for) " + wrong_); says(agent, "to change the"))
    return key.empty() ? "no" : press(key);
  if (says(agent, "1 for yes and 2 for no")) return press(agrees_ ? "1" : "2");
  if (says(agent, "was that a yes")) return agrees_ ? "yes" : "no";
  if (says(agent, "leave a message\\?|take a message\\?")) return "no";
  if (auto key = found(agent, "(\\d) for " + wish_.service); !key.empty()) return press(key);
  if (says(agent, "press \\d for")) {
    auto wanted = "(\\d) for [^?]*?" + wish_.day_spoken + " at " + wish_.time_spoken;
    if (auto key = found(agent, wanted); !key.empty()) return press(key);
    return wish_.day_said + " at " + wish_.time_said;
  }
  if (says(agent, "which one would you like|would that work")) return to_offers(agent);
  if (says(agent, "come in for|do you mean")) return "a " + wish_.service;
  if (says(agent, "what day and time")) return wish_.day_said + " at " + wish_.time_said;
  if (says(agent, "press a key for the day")) {
    auto weekday = wish_.day_spoken.substr(0, wish_.day_spoken.find(','));
    auto key = found(agent, "(\\d) for " + weekday);
    return key.empty() ? wish_.day_said : press(key);
  }
  if (says(agent, "press the hour")) return press(wish_.time_spoken.substr(0, 1));
  if (says(agent, "(which|other|another) day")) return wish_.day_said;
  if (says(agent, "what time")) return "at " + wish_.time_said;
  if (says(agent, "say go on without") && ++name_tries_ > 1)
    return name_tries_ > 3 ? press("#") : "go on without a name";
  if (says(agent, "what name|say your name")) return "my name is " + wish_.name;
  if (says(agent, "press 1 to book")) return press("1");
  return "i'd like to book a " + wish_.service + " " + wish_.day_said + " at " + wish_.time_said;
}

BookingWish wish_of(std::size_t caller, std::string name, calendar::Date today) {
  const std::vector<std::string> weekdays{"sunday",   "monday", "tuesday", "wednesday",
                                          "thursday", "friday", "saturday"};
  constexpr std::size_t days_used = 6;
  auto ahead = std::chrono::days(1 + caller % days_used);
  bool at_two = caller < days_used;
  auto day = std::chrono::local_days(today) + ahead;
  BookingWish wish;
  wish.service = "teeth cleaning";
  wish.name = std::move(name);
  wish.day_said =
      ahead.count() == 1 ? "tomorrow" : "on " + weekdays[std::chrono::weekday(day).c_encoding()];
  wish.day_spoken = to_lower(calendar::spoken(calendar::Date(day)));
  wish.time_said = at_two ? "two o'clock" : "three o'clock";
  wish.time_spoken = at_two ? "2 pm" : "3 pm";
  wish.start = calendar::to_text(day + std::chrono::hours(at_two ? 14 : 15));
  return wish;
}

std::vector<NamedCaller> booking_callers() {
  return {{{"flite:slt", 100}, "john smith"},      {{"flite:rms", 20}, "mary jones"},
          {{"flite:awb", 20}, "david brown"},      {{"flite:kal16", 20}, "anna miller"},
          {{"flite:slt", 10}, "james wilson"},     {{"flite:rms", 10}, "linda davis"},
          {{"espeak:en-us", 20}, "robert taylor"}, {{"espeak:en-us+f3", 20}, "susan moore"},
          {{"flite:awb", 10}, "thomas clark"},     {{"espeak:en-gb", 20}, "karen lewis"}};
}

}  // namespace parley::callers
