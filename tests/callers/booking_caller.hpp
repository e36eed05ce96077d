#pragma once
#include <functional>
#include <string>
#include <vector>

#include "parley/calendar/natural_date.hpp"

/// People who call, for the tests and the bench that place calls.
namespace parley::callers {

/// How a caller sounds.
struct CallerSound {
  std::string voice;       ///< "flite:slt", "espeak:en-us+f3"
  double noise_db = 100;   ///< signal to noise of the line; 100: none
  std::uint64_t seed = 1;  ///< of the noise
};

/// What a person says to the agent's last words (lower case): words, "@press 12", "@hangup", or
/// nothing to go on listening.
using Answers = std::function<std::string(const std::string& agent)>;

/// What a caller wants, in the words they say and in those the agent uses for it.
struct BookingWish {
  std::string service;      ///< "teeth cleaning"
  std::string day_said;     ///< "tomorrow", "on tuesday"
  std::string day_spoken;   ///< the agent's: "tuesday, november 24th"
  std::string time_said;    ///< "at two o'clock"
  std::string time_spoken;  ///< the agent's: "2 pm"
  std::string name;         ///< "john smith"
  std::string start;        ///< as the API tells it: "2026-11-24T14:00"
};

/// A sensible person who books by telephone: answers what is asked, says yes only to what is right,
/// remembers what was wrong when asked for it, and presses a key where the agent offers one and
/// their words were not understood.
class BookingCaller {
 public:
  explicit BookingCaller(BookingWish wish) : wish_(std::move(wish)) {}

  /// What to say to the agent's last words (lower case); "@press 2", "@hangup"; empty: wait.
  std::string answer(const std::string& agent);
  int keys() const { return keys_; }

 private:
  std::string to_confirm(const std::string& facts, bool with_name);
  std::string to_offers(const std::string& agent);
  std::string press(const std::string& key);
  std::string wrong_in(const std::string& facts, bool with_name) const;

  BookingWish wish_;
  std::string wrong_;   ///< the part that was wrong in what the agent said back last
  bool agrees_ = true;  ///< what the last question of yes or no was answered with
  int turns_ = 0;
  int keys_ = 0;
  int name_tries_ = 0;
};

struct NamedCaller {
  CallerSound sound;
  std::string name;
};
/// Ten people with eight voices, one without noise, most at 20 dB, three at 10 dB.
std::vector<NamedCaller> booking_callers();

/// A teeth cleaning at a time of each caller's own: tomorrow and the next days at two, then at
/// three. `caller` counts from 0 to 9.
BookingWish wish_of(std::size_t caller, std::string name, calendar::Date today);

}  // namespace parley::callers
