#pragma once
#include "expectations.hpp"
#include "opening.hpp"
#include "parley/dialog/builtin.hpp"
#include "passages.hpp"
#include "understanding.hpp"

namespace parley::dialog {

/// Facts believed less than this are said back before they count.
inline constexpr double doubt_below = 0.5;
/// The same where much else may have been said: at the open question, and of names.
inline constexpr double doubt_open_below = 0.7;

/// So many names denied, and the caller is asked to spell theirs or to go on without.
inline constexpr int names_before_spelling = 2;

inline bool is_yes_no(Asked asked) {
  return asked == Asked::confirm || asked == Asked::doubt || asked == Asked::offer;
}

/// So many times of day denied, or days, and the caller may key theirs in.
inline constexpr int times_before_keys = 2;
inline constexpr int days_before_keys = 2;
/// Asked so often what to change, and keys are named for the parts.
inline constexpr int changes_before_keys = 2;
/// So many names denied, and the appointment stands under the caller's number.
inline constexpr int names_before_number = 4;

/// What is being done for the caller.
enum class Job { none, book, move, cancel, message };

/// An appointment that exists.
struct Visit {
  std::string id;
  std::string service_id;
  std::string service_name;
  calendar::LocalTime start{};
};

/// What is known of the job at hand.
struct Frame {
  Job job = Job::none;
  std::optional<std::size_t> service;
  calendar::When when;                       ///< as the caller said it
  std::optional<calendar::LocalTime> start;  ///< `when` exactly, and found free
  std::vector<calendar::LocalTime> offers;
  std::vector<Visit> visits;
  std::optional<Visit> visit;  ///< the one to move or cancel
  std::string message;
};

/// An effect that was asked for and whose end is not known: the reply was cancelled in the middle.
struct Effect {
  Job job = Job::none;
  ToolCall call;
  Frame frame;
};

/// What all conversations of a business share.
struct BusinessMind {
  std::shared_ptr<const business::Profile> profile;
  calendar::Zone zone;
  Understanding understanding;
  Expectations expectations;
};

/// One built-in dialogue. Each turn: settle what an interruption left open, understand, update the
/// frame, then ask for the first thing still missing. Its topics are in the *_talk.cpp files.
class Conversation final : public Dialogue {
 public:
  Conversation(Clock& clock, const ToolBox& tools, std::shared_ptr<const BusinessMind> mind,
               DialogueStart start);

  Task<TurnEnd> open(Context ctx, Speaker& speaker) override;
  Task<TurnEnd> reply(Context ctx, UserTurn turn, Speaker& speaker) override;
  Task<TurnEnd> silence(Context ctx, int times, Speaker& speaker) override;
  void interrupted(std::string_view heard) override;
  Outcome outcome() const override;

 private:
  // conversation.cpp: turns and what can be said at any time
  void begin_turn(Speaker& speaker);
  void say(std::string sentence);
  TurnEnd ask(Asked asked, std::string question);
  TurnEnd ask_again();
  TurnEnd listen();
  TurnEnd hang_up();
  TurnEnd idle();
  Situation situation() const;
  Act act_of_keys(const std::string& keys) const;
  Task<TurnEnd> respond(Context ctx, Act act);
  Task<TurnEnd> respond_understood(Context ctx, Act act);
  Task<TurnEnd> misunderstood(Context ctx);
  std::optional<TurnEnd> small_talk(const Act& act);
  bool asks_to_spell() const;
  bool asks_time_by_keys() const;
  bool asks_day_by_keys() const;
  std::string stand_in_name() const;
  Task<std::optional<TurnEnd>> settle(Context ctx);

  // doubt_talk.cpp: what was heard with doubt
  bool is_believable(UserTurn::Input input, Act& act);
  std::optional<TurnEnd> hold_doubtful(const Act& act);
  std::string facts_of(const Act& act) const;
  Task<TurnEnd> wrongly_heard(Context ctx, Act held);
  Task<TurnEnd> all_wrong(Context ctx, Act held);
  Task<TurnEnd> mend(Context ctx, Act act);
  void deny(std::string facts);
  Act not_denied(Act act, const UserTurn& turn) const;
  Words denied_hours() const;
  Words denied_weekdays() const;

  // reply_talk.cpp: answers to what was asked
  Task<TurnEnd> answer_to_question(Context ctx, Act act);
  Task<std::optional<TurnEnd>> choose(Context ctx, Act& act);
  std::optional<TurnEnd> take_digits(Act& act);
  Task<TurnEnd> impossible_date(Context ctx, Act act);
  Task<TurnEnd> confirm_answered(Context ctx, Act act);
  void forget(Act::Part part);
  void forget_day();
  TurnEnd ask_change();
  void forget_time();

  // answer_talk.cpp: hours, prices, documents
  Task<std::optional<TurnEnd>> answer(Context ctx, Act act);
  bool is_specific(const Act& act) const;
  void say_hours(const Act& act);
  void say_prices(const Act& act);
  Task<bool> say_from_documents(Context ctx, std::string question);

  // booking_talk.cpp
  void start_job(Job job);
  bool merge(const Act& act);
  Task<TurnEnd> advance(Context ctx);
  Task<TurnEnd> advance_when(Context ctx);
  Task<TurnEnd> ask_or_offer(Context ctx);
  std::string ask_day_by_keys();
  Task<TurnEnd> check_exact(Context ctx);
  Task<TurnEnd> offer_times(Context ctx, bool quietly);
  Task<std::vector<calendar::LocalTime>> free_times(Context ctx, calendar::LocalTime from,
                                                    calendar::LocalTime to, int limit);
  Task<TurnEnd> confirmed(Context ctx);
  Task<TurnEnd> perform(Context ctx, Effect effect);
  Task<TurnEnd> performed(Context ctx, Effect effect, json::object result);
  TurnEnd ask_confirm();
  TurnEnd tool_failed(std::string apology);

  // appointment_talk.cpp: move, cancel, look up
  Task<TurnEnd> begin_with_visits(Context ctx, Act act);
  Task<TurnEnd> look_for_visits(Context ctx);
  Task<std::vector<Visit>> find_visits(Context ctx);
  Task<TurnEnd> with_visit(Context ctx);

  // message_talk.cpp
  TurnEnd ask_message();
  Task<TurnEnd> take_message(Context ctx, const Act& act);

  Task<json::object> use(Context ctx, ToolCall call);
  std::string key_for(const std::string& tool, const json::object& arguments) const;
  calendar::LocalTime local_now() const;
  const business::Profile& profile() const { return *mind_->profile; }
  const business::Service* service() const;
  bool is_busy() const { return frame_.job != Job::none || looking_up_; }
  std::string contact_phone() const;
  void note(std::string kind, std::string sentence);

  Clock& clock_;
  const ToolBox& tools_;
  std::shared_ptr<const BusinessMind> mind_;
  DialogueStart start_;

  Speaker* speaker_ = nullptr;
  std::vector<std::string> said_;  ///< of this turn, or the last one that said something
  std::string question_;           ///< what was asked last, to ask again
  Asked asked_ = Asked::open;
  std::string phase_ = "greeting";
  int turn_ = 0;
  int missed_ = 0;  ///< turns in a row that were not understood
  bool keys_mode_ = false;
  bool asked_surely_ = false;
  bool goodbye_doubted_ = false;
  bool confirm_unheard_ = false;
  bool asked_phone_again_ = false;
  bool phone_refused_ = false;
  bool looking_up_ = false;         ///< the caller's appointments are wanted, nothing else
  std::vector<std::size_t> among_;  ///< services the last words could mean

  Frame frame_;
  std::string name_;
  std::string phone_;
  std::string digits_;
  std::optional<Act> doubt_;         ///< said back, a yes or no is awaited
  std::optional<Act> partly_wrong_;  ///< denied, and which part of it is wrong is awaited
  std::string barely_heard_;  ///< the meaning of the last turn, when it was too faint to believe
  std::vector<std::string> denied_;       ///< facts that the caller has said no to in this job
  int wrong_names_ = 0;                   ///< names that the caller has said no to
  int wrong_times_ = 0;                   ///< times of day that the caller has said no to
  int wrong_days_ = 0;                    ///< days that the caller has said no to
  int changes_asked_ = 0;                 ///< how often it was asked what to change
  std::vector<calendar::Date> key_days_;  ///< what the keys stand for where a day is keyed in
  int wrong_openings_ = 0;                ///< first wishes that the caller has said no to
  bool day_first_ = false;                ///< day and time are asked for apart
  Asked before_doubt_ = Asked::open;
  std::string question_before_doubt_;
  std::optional<Effect> effect_;
  std::optional<Visit> last_visit_;  ///< what was just booked or moved: "make it three" means it
  Outcome outcome_;
};

}  // namespace parley::dialog
