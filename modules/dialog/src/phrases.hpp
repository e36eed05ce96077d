#pragma once
#include "opening.hpp"
#include "understanding.hpp"

/// Every word the agent says, in one place (English, United States). `turn` varies the wording; the
/// same state always says the same.
namespace parley::dialog::phrases {

std::vector<std::string> greeting(const business::Profile& profile, bool recording);
std::string robot(const business::Profile& profile);
std::string hello();
std::string welcome();
std::string goodbye(const business::Profile& profile);
std::string before_you_go(bool booking);
std::string help();
std::string keys_menu();
std::string anything_else(int turn);
std::string how_can_i_help();

std::string ask_service(const business::Profile& profile);
std::string ask_which_service(const business::Profile& profile,
                              const std::vector<std::size_t>& among);
std::string service_keys(const business::Profile& profile);
std::string ask_when();
std::string ask_time(calendar::Date day);
/// For who was misheard: the time by keys.
std::string time_keys();
/// Keys for days of one week; weekdays alone tell them apart. `today`: named so.
std::string day_keys(const std::vector<calendar::Date>& days, calendar::Date today);
/// Keys pressed for a time, as it is written: "2" is "2:00", "230" is "2:30".
std::string clock_of(const std::string& digits);
std::string ask_day(const calendar::When& when);
std::string ask_other_day();
std::string ask_name();
std::string name_keys();
std::string ask_phone();
std::string more_digits();
std::string ask_change();
/// The same when what was heard as the change was denied: what still stands is said first.
std::string ask_change_of(const std::string& service, calendar::LocalTime start,
                          const std::string& name);
std::string change_keys();
std::string heard_facts(const std::string& facts);
std::string ask_which_wrong(const std::vector<Act::Part>& parts);
/// The appointment stands under the caller's number.
std::string without_name();
/// What was heard is not what was said.
std::string once_more(int turn);
/// The same of the first wish, which may have been anything.
std::string say_it_again();
std::string surely();
std::string say_yes_or_no();

std::string offers(const std::vector<calendar::LocalTime>& times, calendar::LocalTime now);
std::string offers_with_keys(const std::vector<calendar::LocalTime>& times,
                             calendar::LocalTime now);
std::string no_offers(const calendar::When& when);
std::string refused(Refusal refusal, const business::Profile& profile,
                    const business::Service* service, calendar::LocalTime start,
                    calendar::LocalTime now);
std::string refused_day(Refusal refusal, const business::Profile& profile, calendar::Date day);
std::string date_problem(const calendar::NaturalDate& date);

std::string confirm_booking(const std::string& service, calendar::LocalTime start,
                            const std::string& name);
std::string confirm_move(const std::string& service, calendar::LocalTime from,
                         calendar::LocalTime to);
std::string confirm_cancel(const std::string& service, calendar::LocalTime start);
std::string confirm_message(const std::string& text);
std::string booked(const std::string& service, calendar::LocalTime start);
std::string moved(const std::string& service, calendar::LocalTime start);
std::string cancelled(const std::string& service, calendar::LocalTime start);
std::string message_taken();
std::string message_failed();
std::string booked_note(const std::string& service, calendar::LocalTime start,
                        const std::string& name);
std::string moved_note(const std::string& service, calendar::LocalTime start);
std::string nothing_done();

struct Known {
  std::string service;
  calendar::LocalTime start;
};
std::string your_appointments(const std::vector<Known>& appointments);
std::string ask_which_appointment(std::size_t count);
std::string no_appointments(bool number_known);
std::string ask_new_time(const Known& appointment);

std::string offer_message();
std::string offer_human_message();
std::string ask_message();
std::string calendar_down();
std::string nothing_to_book();
std::string documents_down();
std::string outcome_unclear();
std::string do_not_know();
std::string not_understood(int turn);
std::string give_up(const business::Profile& profile);
std::string still_there(int times);

std::string hours(const business::Profile& profile);
std::string hours_on(const business::Profile& profile, calendar::Date day, calendar::Date today);
std::string open_at(const business::Profile& profile, calendar::LocalTime at, calendar::Date today);
std::string price(const business::Service& service);
std::string prices(const business::Profile& profile);
std::string duration(const business::Service& service);
std::string offered(const business::Service& service);
std::string services(const business::Profile& profile);
std::string address(const business::Profile& profile);
std::string contact(const business::Profile& profile);
std::string from_document(const std::string& source, const std::string& text);

std::string money(std::int64_t minor, std::string_view currency);
/// "a, b or c"
std::string listed(const std::vector<std::string>& items, std::string_view last_word);
/// "a teeth cleaning", "whitening"
std::string with_article(const std::string& service);
std::string in_sentence(const std::string& service);

}  // namespace parley::dialog::phrases
