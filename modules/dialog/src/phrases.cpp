#include "phrases.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "own_words.hpp"

namespace parley::dialog::phrases {
namespace {

using std::chrono::days;
using std::chrono::local_days;

calendar::Date day_of(calendar::LocalTime time) {
  return calendar::Date{std::chrono::floor<days>(time)};
}
std::string time_of(calendar::LocalTime time) {
  return calendar::spoken_time(time - std::chrono::floor<days>(time));
}
/// "on Tuesday, March 3rd at 2 PM": the whole date, because this is what gets confirmed.
std::string on(calendar::LocalTime time) {
  return fmt::format("on {} at {}", calendar::spoken(day_of(time)), time_of(time));
}
std::string on_day(calendar::Date day, calendar::Date today) {
  if (day == today) return "today";
  if (local_days(day) == local_days(today) + days(1)) return "tomorrow";
  return "on " + calendar::spoken(day);
}

std::string spoken_minutes(std::chrono::minutes length) {
  auto count = length.count();
  if (count == 60) return "one hour";
  if (count > 60 && count % 60 == 0) return fmt::format("{} hours", count / 60);
  return fmt::format("{} minutes", count);
}

std::vector<std::string> service_names(const business::Profile& profile, std::size_t most) {
  std::vector<std::string> names;
  for (const auto& service : profile.services)
    if (names.size() < most) names.push_back(in_sentence(service.name));
  return names;
}

/// Times of one day share the day: "Tuesday, March 3rd at 9 AM, 11 AM or 2 PM".
std::vector<std::string> offered_times(const std::vector<calendar::LocalTime>& times,
                                       calendar::LocalTime now) {
  std::vector<std::string> texts;
  bool one_day = std::ranges::all_of(
      times, [&](calendar::LocalTime t) { return day_of(t) == day_of(times.front()); });
  for (std::size_t i = 0; i < times.size(); ++i)
    texts.push_back(one_day && i > 0 ? time_of(times[i]) : calendar::spoken(times[i], now));
  return texts;
}

}  // namespace

std::string listed(const std::vector<std::string>& items, std::string_view last_word) {
  std::string text;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) text += i + 1 == items.size() ? fmt::format(" {} ", last_word) : std::string(", ");
    text += items[i];
  }
  return text;
}

std::string in_sentence(const std::string& service) {
  // "Teeth cleaning" loses its capital inside a sentence, "X-ray" and "MRI scan" keep theirs.
  bool word = service.size() > 1 && service[1] >= 'a' && service[1] <= 'z';
  if (!word) return service;
  auto text = service;
  if (text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

std::string with_article(const std::string& service) {
  auto text = in_sentence(service);
  if (text.ends_with('s') && !text.ends_with("ss")) return text;
  bool vowel = !text.empty() && std::string_view("aeiouAEIO").contains(text[0]);
  // Letters that are said with a vowel first: "an X-ray", "an MRI".
  if (text.size() > 1 && (text[1] == '-' || (text[1] >= 'A' && text[1] <= 'Z')))
    vowel = std::string_view("AEFHILMNORSX").contains(text[0]);
  return (vowel ? "an " : "a ") + text;
}

std::vector<std::string> greeting(const business::Profile& profile, bool recording) {
  std::vector<std::string> sentences;
  auto [said, question] = own_greeting_of(profile.agent);
  if (said.empty()) {
    sentences.push_back(fmt::format("Thank you for calling {}.", profile.name));
    sentences.push_back(fmt::format("I'm {}, the automated assistant.", profile.agent.name));
  } else {
    sentences.push_back(std::move(said));
    // An own greeting may leave out what a caller has the right to know.
    auto words = words_of(profile.agent.greeting);
    if (!has_any(words, {"automated|ai|virtual|robot|assistant's|bot", "artificial intelligence",
                         "digital assistant"}))
      sentences.push_back("I'm an automated assistant.");
    if (!has(words, join(words_of(profile.name))))
      sentences.insert(sentences.begin(), fmt::format("This is {}.", profile.name));
  }
  if (recording)
    sentences.push_back(profile.agent.recording_notice.empty() ? "This call is recorded."
                                                               : profile.agent.recording_notice);
  sentences.push_back(question.empty() ? how_can_i_help() : std::move(question));
  return sentences;
}

std::string how_can_i_help() { return "How can I help you?"; }
std::string robot(const business::Profile& profile) {
  return fmt::format("Yes, I'm an automated assistant, an AI, answering for {}.", profile.name);
}
std::string hello() { return "Hello."; }
std::string welcome() { return "You're welcome."; }
std::string goodbye(const business::Profile& profile) {
  return fmt::format("Thank you for calling {}. Goodbye.", profile.name);
}
std::string before_you_go(bool booking) {
  return booking ? "Before you go: nothing is booked yet." : "Before you go: nothing is done yet.";
}
std::string help() {
  return "I can book, move or cancel an appointment, tell you our hours, prices and address, "
         "answer "
         "questions, or take a message.";
}
std::string keys_menu() {
  return "Press 1 to book an appointment, 2 for our hours, or 3 to leave a message. You can also "
         "just tell me.";
}
std::string anything_else(int turn) {
  return turn % 2 == 0 ? "Is there anything else I can do for you?"
                       : "Can I help with anything else?";
}

std::string ask_service(const business::Profile& profile) {
  return fmt::format("What would you like to come in for? For example, {}.",
                     listed(service_names(profile, 3), "or"));
}
std::string ask_which_service(const business::Profile& profile,
                              const std::vector<std::size_t>& among) {
  std::vector<std::string> names;
  for (auto index : among) names.push_back(with_article(profile.services[index].name));
  return fmt::format("Do you mean {}?", listed(names, "or"));
}
std::string service_keys(const business::Profile& profile) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(profile.services.size(), 9); ++i)
    text += fmt::format("{} {} for {}", i == 0 ? "Press" : ",", i + 1,
                        in_sentence(profile.services[i].name));
  return text + ". Or press 0 to leave a message.";
}
std::string ask_when() { return "What day and time would you like?"; }
std::string ask_time(calendar::Date day) {
  return fmt::format("What time would you like on {}?", calendar::spoken(day));
}
std::string time_keys() {
  return "Please press the hour on your keypad: 2 for two o'clock, or 2 3 0 for half past two. You "
         "can also say it.";
}
std::string day_keys(const std::vector<calendar::Date>& days, calendar::Date today) {
  std::string text = "Please press a key for the day:";
  for (std::size_t i = 0; i < days.size(); ++i) {
    auto spoken = calendar::spoken(days[i]);
    auto name = days[i] == today ? "today" : spoken.substr(0, spoken.find(','));
    text += fmt::format("{} {} for {}", i == 0 ? "" : ",", i + 1, name);
  }
  return text + ". You can also say it.";
}
std::string clock_of(const std::string& digits) {
  auto hours = digits.size() > 2 ? digits.substr(0, digits.size() - 2) : digits;
  auto minutes = digits.size() > 2 ? digits.substr(digits.size() - 2) : "00";
  return hours + ":" + minutes;
}
std::string ask_day(const calendar::When& when) {
  if (when.exact_time())
    return fmt::format("Which day would you like to come at {}?",
                       calendar::spoken_time(*when.earliest));
  return "Which day would you like?";
}
std::string ask_other_day() { return "Which other day would suit you?"; }
std::string ask_name() { return "What name is the appointment for?"; }
std::string name_keys() {
  return "Please say your name again, or spell it. To do without, say go on without a name, or "
         "press "
         "pound. Press 0 to leave a message.";
}
std::string ask_phone() {
  return "What phone number can we reach you at? You can say it, or type it and press pound.";
}
std::string more_digits() { return "Go on."; }
std::string ask_change() {
  return "What should I change: the service, the day, the time or the name?";
}
std::string ask_change_of(const std::string& service, calendar::LocalTime start,
                          const std::string& name) {
  return fmt::format("Then it is still {} {}{}. {}", with_article(service), on(start),
                     name.empty() ? "" : " for " + name, ask_change());
}
std::string change_keys() {
  return "Press 1 to change the service, 2 for the day, 3 for the time or 4 for the name.";
}
std::string heard_facts(const std::string& facts) {
  return fmt::format("I heard {}. Is that right?", facts);
}
std::string ask_which_wrong(const std::vector<Act::Part>& parts) {
  std::vector<std::string> names;
  for (auto part : parts)
    names.emplace_back(part == Act::Part::service ? "the service"
                       : part == Act::Part::day   ? "the day"
                       : part == Act::Part::time  ? "the time"
                                                  : "the name");
  names.emplace_back("all of it");
  return fmt::format("I'm sorry. What should I change: {}?", listed(names, "or"));
}
std::string without_name() { return "I'll put it down under your phone number."; }
std::string once_more(int turn) { return turn % 2 == 0 ? "Sorry about that." : "I'm sorry."; }
std::string say_it_again() { return "I'm sorry. Please say it again: what can I do for you?"; }
std::string surely() {
  return "Just to be sure, was that a yes? Say yes or no, or press 1 for yes.";
}
std::string say_yes_or_no() { return "Please say yes or no, or press 1 for yes and 2 for no."; }

std::string offers(const std::vector<calendar::LocalTime>& times, calendar::LocalTime now) {
  auto texts = offered_times(times, now);
  if (texts.size() == 1) return fmt::format("I have {}. Would that work?", texts[0]);
  return fmt::format("I have {}. Which one would you like?", listed(texts, "or"));
}
std::string offers_with_keys(const std::vector<calendar::LocalTime>& times,
                             calendar::LocalTime now) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < times.size(); ++i)
    texts.push_back(fmt::format("{} for {}", i + 1, calendar::spoken(times[i], now)));
  return fmt::format("Press {}. Or press 0 to leave a message.", listed(texts, "or"));
}
std::string no_offers(const calendar::When& when) {
  if (when.exact_day())
    return fmt::format("I have nothing free on {}.", calendar::spoken(*when.first_day));
  return "I have nothing free then.";
}

std::string refused(Refusal refusal, const business::Profile& profile,
                    const business::Service* service, calendar::LocalTime start,
                    calendar::LocalTime now) {
  auto day = day_of(start);
  auto when = calendar::spoken(start, now);
  switch (refusal) {
    case Refusal::taken:
      return fmt::format("I'm sorry, {} is taken.", when);
    case Refusal::outside_hours: {
      const auto& hours = profile.hours_on(day);
      if (hours.empty()) return refused_day(Refusal::closed_day, profile, day);
      if (service && is_open(profile, start))
        return fmt::format(
            "{} takes {}, and on {} we're open from {}.", capitalized(with_article(service->name)),
            spoken_minutes(service->duration), calendar::spoken(day), spoken_spans(hours));
      return fmt::format("We're not open at {}: on {} our hours are {}.", time_of(start),
                         calendar::spoken(day), spoken_spans(hours));
    }
    case Refusal::past:
      return fmt::format("{} has already passed.", capitalized(when));
    case Refusal::too_soon:
      return fmt::format("That's too soon: we need at least {} notice.",
                         spoken_minutes(profile.booking.minimum_notice));
    case Refusal::no_such_time:
      return fmt::format("There is no {} on {}, because the clocks go forward then.",
                         time_of(start), calendar::spoken(day));
    case Refusal::closed_day:
    case Refusal::holiday:
    case Refusal::too_far:
      return refused_day(refusal, profile, day);
    case Refusal::other:
      break;
  }
  return fmt::format("I'm sorry, I can't book {}.", when);
}

std::string refused_day(Refusal refusal, const business::Profile& profile, calendar::Date day) {
  switch (refusal) {
    case Refusal::past:
      return fmt::format("{} is in the past.", calendar::spoken(day));
    case Refusal::too_far:
      return fmt::format("I can only book up to {} days ahead.",
                         profile.booking.furthest_ahead.count());
    case Refusal::holiday: {
      auto* holiday = profile.holiday_on(day);
      if (holiday && !holiday->name.empty())
        return fmt::format("We're closed on {}, for {}.", calendar::spoken(day), holiday->name);
      return fmt::format("We're closed on {}.", calendar::spoken(day));
    }
    default:
      return fmt::format("We're closed on {}s.", weekday_name(day));
  }
}

std::string date_problem(const calendar::NaturalDate& date) {
  auto words = date.words.empty() ? std::string("That day") : capitalized(date.words);
  if (date.problem == calendar::DateProblem::no_such_day)
    return fmt::format("{} isn't a day in the calendar.", words);
  return fmt::format("{} is in the past.", words);
}

std::string confirm_booking(const std::string& service, calendar::LocalTime start,
                            const std::string& name) {
  return fmt::format("{} {} for {}. Shall I book it?", capitalized(with_article(service)),
                     on(start), name);
}
std::string confirm_move(const std::string& service, calendar::LocalTime from,
                         calendar::LocalTime to) {
  return fmt::format("I'll move your {} from {} to {}. Shall I do that?", in_sentence(service),
                     on(from).substr(3), on(to).substr(3));
}
std::string confirm_cancel(const std::string& service, calendar::LocalTime start) {
  return fmt::format("Your {} {}. Shall I cancel it?", in_sentence(service), on(start));
}
std::string confirm_message(const std::string& text) {
  return fmt::format("Your message is: {}. Shall I pass it on?", text);
}
std::string booked(const std::string& service, calendar::LocalTime start) {
  return fmt::format("You're booked: {} {}.", with_article(service), on(start));
}
std::string moved(const std::string& service, calendar::LocalTime start) {
  return fmt::format("Done. Your {} is now {}.", in_sentence(service), on(start));
}
std::string cancelled(const std::string& service, calendar::LocalTime start) {
  return fmt::format("Your {} {} is cancelled.", in_sentence(service), on(start));
}
std::string message_taken() { return "Thank you, I've passed on your message."; }
std::string message_failed() {
  return "I'm sorry, I can't take the message right now. Please call again later.";
}
std::string booked_note(const std::string& service, calendar::LocalTime start,
                        const std::string& name) {
  return fmt::format("Booked {} {} for {}.", with_article(service), on(start), name);
}
std::string moved_note(const std::string& service, calendar::LocalTime start) {
  return fmt::format("Moved {} to {}.", with_article(service), on(start).substr(3));
}
std::string nothing_done() { return "All right, I've left everything as it is."; }

std::string your_appointments(const std::vector<Known>& appointments) {
  std::vector<std::string> texts;
  for (const auto& [service, start] : appointments)
    texts.push_back(fmt::format("{} {}", with_article(service), on(start)));
  return fmt::format("You have {}.", listed(texts, "and"));
}
std::string ask_which_appointment(std::size_t count) {
  return count > 1 ? "Which one do you mean?" : "Is that the one?";
}
std::string no_appointments(bool number_known) {
  if (number_known)
    return "I find no upcoming appointment under the number you're calling from, and I can only "
           "open appointments made with it.";
  return "I find no upcoming appointment under that name and number.";
}
std::string ask_new_time(const Known& appointment) {
  return fmt::format("Your {} is {}. When would you like to come instead?",
                     in_sentence(appointment.service), on(appointment.start));
}

std::string offer_message() {
  return "Would you like to leave a message, so that someone calls you back?";
}
std::string offer_human_message() {
  return "I can't put you through, but I can take a message and have someone call you back. Shall "
         "I do that?";
}
std::string ask_message() { return "What message should I pass on?"; }
std::string calendar_down() { return "I'm sorry, I can't reach the calendar right now."; }
std::string nothing_to_book() { return "I can't book appointments on the phone here."; }
std::string documents_down() { return "I'm sorry, I can't look that up right now."; }
std::string outcome_unclear() {
  return "I'm sorry, I couldn't make sure that this went through, so please don't rely on it yet.";
}
std::string do_not_know() { return "I'm sorry, I don't know that."; }
std::string not_understood(int turn) {
  return turn % 2 == 0 ? "Sorry, I didn't get that." : "I'm sorry, I didn't understand.";
}
std::string give_up(const business::Profile& profile) {
  return fmt::format("I'm sorry that I can't help you today. Please call {} again. Goodbye.",
                     profile.name);
}
std::string still_there(int times) {
  return times == 1 ? "Are you still there?" : "I can't hear you.";
}

std::string hours(const business::Profile& profile) {
  auto week = spoken_week(profile.hours);
  if (week.empty()) return "We have no regular opening hours; please leave a message.";
  return fmt::format("We're open {}.", week);
}
std::string hours_on(const business::Profile& profile, calendar::Date day, calendar::Date today) {
  const auto& spans = profile.hours_on(day);
  auto when = on_day(day, today);
  auto* holiday = profile.holiday_on(day);
  auto reason = holiday && !holiday->name.empty() ? fmt::format(", for {}", holiday->name) : "";
  if (spans.empty()) return fmt::format("We're closed {}{}.", when, reason);
  return fmt::format("{}{} we're open from {}.", capitalized(when), reason, spoken_spans(spans));
}
std::string open_at(const business::Profile& profile, calendar::LocalTime at,
                    calendar::Date today) {
  if (profile.hours_on(day_of(at)).empty()) return hours_on(profile, day_of(at), today);
  return fmt::format("{} {}", is_open(profile, at) ? "Yes." : "No.",
                     hours_on(profile, day_of(at), today));
}

std::string money(std::int64_t minor, std::string_view currency) {
  struct Name {
    std::string_view code, units, cents;
  };
  constexpr std::array<Name, 3> names{
      {{"USD", "dollars", "cents"}, {"EUR", "euros", "cents"}, {"GBP", "pounds", "pence"}}};
  auto found = std::ranges::find(names, currency, &Name::code);
  Name name = found == names.end() ? Name{currency, currency, "hundredths"} : *found;
  auto whole = minor / 100, rest = minor % 100;
  if (rest == 0) return fmt::format("{} {}", whole, name.units);
  return fmt::format("{} {} and {} {}", whole, name.units, rest, name.cents);
}
std::string price(const business::Service& service) {
  return fmt::format("{} is {}.", capitalized(with_article(service.name)),
                     money(*service.price_minor, service.currency));
}
std::string prices(const business::Profile& profile) {
  std::vector<std::string> texts;
  for (const auto& service : profile.services)
    if (service.price_minor && texts.size() < 6)
      texts.push_back(fmt::format("{} is {}", with_article(service.name),
                                  money(*service.price_minor, service.currency)));
  if (texts.empty()) return "I can't tell prices on the phone.";
  return capitalized(listed(texts, "and")) + ".";
}
std::string duration(const business::Service& service) {
  return fmt::format("{} takes about {}.", capitalized(with_article(service.name)),
                     spoken_minutes(service.duration));
}
std::string offered(const business::Service& service) {
  auto text = fmt::format("Yes, we offer {}. It takes about {}", in_sentence(service.name),
                          spoken_minutes(service.duration));
  if (service.price_minor)
    text += fmt::format(" and is {}", money(*service.price_minor, service.currency));
  return text + ".";
}
std::string services(const business::Profile& profile) {
  return fmt::format("We offer {}.", listed(service_names(profile, 10), "and"));
}
std::string address(const business::Profile& profile) {
  if (profile.address.empty()) return do_not_know();
  return fmt::format("We're at {}.", profile.address);
}
std::string contact(const business::Profile& profile) {
  std::vector<std::string> parts;
  if (!profile.phone.empty()) {
    std::string digits;
    for (char c : profile.phone.starts_with("+1") ? profile.phone.substr(2) : profile.phone)
      if (c != '+') digits += (digits.empty() ? "" : " ") + std::string(1, c);
    parts.push_back("Our phone number is " + digits);
  }
  if (!profile.email.empty()) parts.push_back("our email is " + profile.email);
  if (!profile.website.empty()) parts.push_back("our website is " + profile.website);
  if (parts.empty()) return do_not_know();
  return capitalized(listed(parts, "and")) + ".";
}
std::string from_document(const std::string& source, const std::string& text) {
  return source.empty() ? text : fmt::format("From our {}: {}", source, text);
}

}  // namespace parley::dialog::phrases
