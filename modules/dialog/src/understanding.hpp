#pragma once
#include "parley/calendar/natural_date.hpp"
#include "parley/dialog/dialogue.hpp"
#include "services.hpp"
#include "spoken.hpp"

namespace parley::dialog {

/// What the agent has just asked, and so what short answers mean.
enum class Asked {
  open,         ///< how can I help / anything else
  service,      ///< which service
  when,         ///< day, time or both
  choice,       ///< one of the offered times
  name,         ///< the caller's name
  phone,        ///< the caller's number
  confirm,      ///< shall I do it: yes, no, or a correction
  doubt,        ///< did I hear that right
  what_else,    ///< what should be changed
  appointment,  ///< which of your appointments
  message,      ///< say the message
  offer         ///< would you like to leave a message
};
std::string_view to_string(Asked asked) noexcept;

/// What the caller is after.
enum class Intent {
  none,
  inform,  ///< only facts: a service, a day, a name
  book,
  move,
  cancel,
  lookup,   ///< when is my appointment
  abandon,  ///< never mind
  message,
  human,
  hours,
  prices,
  duration,
  offered,   ///< do you do whitening
  services,  ///< what do you offer
  address,
  contact,
  robot,
  repeat,
  help,
  question,  ///< anything else that is asked: for the documents
  thanks,
  goodbye,
  greeting
};
std::string_view to_string(Intent intent) noexcept;

/// What one turn of the caller means.
struct Act {
  Intent intent = Intent::none;
  std::optional<bool> answer;         ///< yes or no
  std::vector<std::size_t> services;  ///< in Profile::services; several when it is not clear which
  calendar::NaturalDate date;         ///< day and time; has_any_time covers "whenever"
  std::string name;
  std::string phone;                  ///< E.164
  std::string digits;                 ///< part of a number, not yet a phone number
  std::optional<std::size_t> choice;  ///< 0 is the first offered
  /// Which fact is wrong: "the time", "the name".
  enum class Part { none, service, day, time, name, phone, all };
  Part part = Part::none;
  bool same_time = false;  ///< "the same time"
  double confidence = 1.0;
  Words words;
  std::string text;  ///< as said

  bool has_facts() const {
    return !services.empty() || !date.when.empty() || !name.empty() || !phone.empty() ||
           date.problem != calendar::DateProblem::none;
  }
};

/// The state of the dialogue as far as understanding needs it.
struct Situation {
  Asked asked = Asked::open;
  bool busy = false;  ///< a booking, a move or a cancellation is being talked through
  calendar::LocalTime now{};
  std::vector<calendar::LocalTime> offers;  ///< choice: what was offered; appointment: their starts
  std::vector<std::size_t> offer_services;  ///< appointment: their services
};

/// From words to meaning for one business. Immutable, thread-safe.
class Understanding {
 public:
  explicit Understanding(const business::Profile& profile) : lexicon_(profile) {}

  /// The meaning of the best reading that has one.
  Act understand(const UserTurn& turn, const Situation& situation) const;
  /// Whether every word of it is a common name.
  bool is_common_name(const std::string& name) const;
  const ServiceLexicon& lexicon() const { return lexicon_; }

 private:
  Act read(std::string_view text, const Situation& situation) const;
  void read_name(Act& act, Words& rest, const Situation& situation) const;
  ServiceLexicon lexicon_;
  NameFinder names_;
};

}  // namespace parley::dialog
