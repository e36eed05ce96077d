#include "conversation.hpp"

#include <algorithm>

#include "parley/base/strings.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

/// So many turns without a meaning, and the call is no use to anybody.
constexpr int most_missed = 6;

bool is_understood(const Act& act) {
  return act.intent != Intent::none || act.answer || act.has_facts() || act.choice ||
         !act.digits.empty() || act.part != Act::Part::none || act.same_time;
}

bool corrects_last(const Act& act) {
  return has_any(act.words,
                 {"actually|instead|wait|sorry", "make it|that", "change it|that", "^no"});
}

/// What the keys 1 to 4 change.
constexpr std::array key_parts{Act::Part::service, Act::Part::day, Act::Part::time,
                               Act::Part::name};

}  // namespace

Conversation::Conversation(Clock& clock, const ToolBox& tools,
                           std::shared_ptr<const BusinessMind> mind, DialogueStart start)
    : clock_(clock), tools_(tools), mind_(std::move(mind)), start_(std::move(start)) {}

void Conversation::begin_turn(Speaker& speaker) {
  speaker_ = &speaker;
  said_.clear();
  ++turn_;
}

void Conversation::say(std::string sentence) {
  said_.push_back(sentence);
  speaker_->say(std::move(sentence));
}

TurnEnd Conversation::ask(Asked asked, std::string question) {
  asked_ = asked;
  question_ = std::move(question);
  confirm_unheard_ = false;
  say(question_);
  return listen();
}

TurnEnd Conversation::ask_again() {
  say(question_);
  return listen();
}

TurnEnd Conversation::listen() {
  TurnEnd end;
  end.expectation = mind_->expectations.get(asked_);
  bool only_when = asked_ == Asked::when && is_busy() && !frame_.when.soonest;
  if (only_when && frame_.when.exact_day() && !frame_.when.has_time())
    end.expectation = mind_->expectations.time(denied_hours());
  else if (only_when && !frame_.when.has_day() && (frame_.when.exact_time() || day_first_))
    end.expectation = mind_->expectations.day(denied_weekdays());
  end.phase = phase_;
  if (asks_time_by_keys()) end.keys_expected = 4;
  if (asks_to_spell()) end.expectation = mind_->expectations.spelling();
  if (asked_ == Asked::phone) {
    end.keys_expected = 10;
    end.patience = std::chrono::seconds(12);
  }
  if (asked_ == Asked::message) end.patience = std::chrono::seconds(10);
  return end;
}

TurnEnd Conversation::hang_up() {
  TurnEnd end;
  end.next = TurnEnd::Next::hang_up;
  end.phase = "close";
  return end;
}

/// A job is done, or nothing was asked for: what next?
TurnEnd Conversation::idle() {
  frame_ = {};
  looking_up_ = false;
  phase_ = "discovery";
  return ask(Asked::open, phrases::anything_else(turn_));
}

calendar::LocalTime Conversation::local_now() const { return mind_->zone.to_local(clock_.wall()); }

const business::Service* Conversation::service() const {
  return frame_.service ? &profile().services[*frame_.service] : nullptr;
}

Situation Conversation::situation() const {
  Situation now{.asked = asked_ == Asked::doubt ? Asked::doubt : asked_,
                .busy = is_busy(),
                .now = local_now(),
                .offers = frame_.offers,
                .offer_services = {}};
  if (asked_ != Asked::appointment) return now;
  now.offers.clear();
  for (const auto& visit : frame_.visits) {
    now.offers.push_back(visit.start);
    auto known = std::ranges::find(profile().services, visit.service_id,
                                   [](const auto& service) { return service.id.str(); });
    now.offer_services.push_back(static_cast<std::size_t>(known - profile().services.begin()));
  }
  return now;
}

Task<TurnEnd> Conversation::open(Context, Speaker& speaker) {
  begin_turn(speaker);
  auto sentences = phrases::greeting(profile(), start_.recording);
  for (std::size_t i = 0; i + 1 < sentences.size(); ++i) say(sentences[i]);
  co_return ask(Asked::open, sentences.back());
}

Task<TurnEnd> Conversation::reply(Context ctx, UserTurn turn, Speaker& speaker) {
  auto said_before = said_;
  begin_turn(speaker);
  bool was_open = effect_.has_value();
  auto settled = co_await settle(ctx);
  if (!settled) co_return std::unexpected(settled.error());
  auto act = turn.input == UserTurn::Input::keys
                 ? act_of_keys(turn.text)
                 : mind_->understanding.understand(turn, situation());
  if (was_open) {
    bool more = is_understood(act) && act.intent != Intent::none && act.intent != Intent::greeting;
    if (!more && *settled) co_return **settled;
  }
  if (turn.input == UserTurn::Input::speech) act = not_denied(std::move(act), turn);
  bool skips = turn.input == UserTurn::Input::speech && asks_to_spell() &&
               has(act.words, "without a|my? name|it|that");
  if (skips) act.name = stand_in_name();
  if (!is_believable(turn.input, act)) co_return co_await misunderstood(ctx);
  if (act.intent == Intent::repeat && asked_ != Asked::message) {
    for (auto& sentence : said_before) say(sentence);
    if (said_before.empty()) say(question_);
    confirm_unheard_ = false;
    co_return listen();
  }
  auto understood = co_await respond(ctx, std::move(act));
  co_return understood;
}

Task<TurnEnd> Conversation::silence(Context ctx, int times, Speaker& speaker) {
  auto said_before = said_;
  begin_turn(speaker);
  auto settled = co_await settle(ctx);
  if (!settled) co_return std::unexpected(settled.error());
  if (*settled) co_return **settled;
  if (times >= 3) {
    say(phrases::goodbye(profile()));
    co_return hang_up();
  }
  say(phrases::still_there(times));
  bool nothing_begun = times == 2 && !is_busy() && asked_ == Asked::open;
  say(nothing_begun ? phrases::keys_menu() : question_);
  // "What was that?" means what was said before the silence.
  said_ = std::move(said_before);
  co_return listen();
}

void Conversation::interrupted(std::string_view heard) {
  // A yes to a question whose facts were not heard is a yes to nothing.
  if (asked_ != Asked::confirm) return;
  auto facts = question_.substr(0, question_.rfind('.'));
  auto all = words_of(facts);
  auto played = words_of(heard);
  auto known = std::ranges::count_if(
      all, [&](const auto& word) { return std::ranges::find(played, word) != played.end(); });
  confirm_unheard_ = static_cast<std::size_t>(known) * 5 < all.size() * 4;
}

bool Conversation::asks_to_spell() const {
  return asked_ == Asked::name && (keys_mode_ || wrong_names_ >= names_before_spelling);
}

bool Conversation::asks_day_by_keys() const {
  return asked_ == Asked::when && is_busy() && !frame_.when.has_day() && !frame_.when.soonest &&
         wrong_days_ >= days_before_keys && !key_days_.empty();
}

bool Conversation::asks_time_by_keys() const {
  return asked_ == Asked::when && frame_.when.exact_day() && !frame_.when.has_time() &&
         wrong_times_ >= times_before_keys;
}

/// For who goes on without a name.
std::string Conversation::stand_in_name() const {
  auto phone = contact_phone();
  return phone.size() < 4 ? "Caller" : "Caller " + phone.substr(phone.size() - 4);
}

Act Conversation::act_of_keys(const std::string& keys) const {
  Act act;
  act.text = keys;
  std::string digits;
  for (char c : keys)
    if (c >= '0' && c <= '9') digits += c;
  if (asked_ == Asked::phone && !digits.empty() && digits != "0") {
    act.phone = phone_from(digits);
    if (act.phone.empty()) act.digits = digits;
    return act;
  }
  if (keys.starts_with('*')) {
    act.intent = Intent::repeat;
    return act;
  }
  if (asked_ == Asked::name && keys.starts_with('#')) {
    act.name = stand_in_name();
    return act;
  }
  if (digits.empty()) return act;
  if (asks_time_by_keys() && digits != "0") {
    act.date = calendar::parse_natural_date("at " + phrases::clock_of(digits), local_now());
    return act;
  }
  auto number = static_cast<std::size_t>(digits.front() - '0');
  if (asks_day_by_keys() && number > 0 && number <= key_days_.size()) {
    act.date.when.first_day = act.date.when.last_day = key_days_[number - 1];
    return act;
  }
  if (asked_ == Asked::what_else && number > 0 && number <= key_parts.size()) {
    act.part = key_parts[number - 1];
    return act;
  }
  auto situation_now = situation();
  if (number == 0) {
    act.intent = Intent::message;
  } else if (is_yes_no(asked_) && number <= 2) {
    act.answer = number == 1;
  } else if ((asked_ == Asked::choice || asked_ == Asked::appointment) &&
             number <= situation_now.offers.size()) {
    act.choice = number - 1;
  } else if (asked_ == Asked::service && number <= profile().services.size()) {
    act.services = {number - 1};
    act.intent = Intent::inform;
  } else if (asked_ == Asked::when && number == 1) {
    act.date.when.soonest = true;
    act.intent = Intent::inform;
  } else if (number <= 3) {
    act.intent = number == 1 ? Intent::book : number == 2 ? Intent::hours : Intent::message;
  }
  return act;
}

Task<TurnEnd> Conversation::respond(Context ctx, Act act) {
  if (asked_ == Asked::message) {
    auto taken = co_await take_message(ctx, act);
    co_return taken;
  }
  if (!is_understood(act)) {
    // Words that fit nothing may still be about something in the documents.
    bool subject = content_stems(act.words).size() >= 2 && act.confidence >= doubt_below &&
                   asked_ == Asked::open;
    if (subject) {
      auto found = co_await say_from_documents(ctx, act.text);
      if (!found) co_return std::unexpected(found.error());
      if (*found) {
        missed_ = 0;
        co_return idle();
      }
    }
    co_return co_await misunderstood(ctx);
  }
  if (asked_ == Asked::doubt) {
    auto held = std::exchange(doubt_, std::nullopt);
    bool settled = held && act.answer && !act.has_facts();
    asked_ = before_doubt_;
    question_ = question_before_doubt_;
    if (settled && !*act.answer) {
      missed_ = 0;
      auto end = co_await wrongly_heard(ctx, std::move(*held));
      co_return end;
    }
    if (settled) {
      act = std::move(*held);
      act.confidence = 1.0;
    }
  }
  if (asked_ == Asked::what_else && partly_wrong_) {
    missed_ = 0;
    auto end = co_await mend(ctx, std::move(act));
    co_return end;
  }
  if (auto held = hold_doubtful(act)) co_return *held;
  missed_ = 0;
  auto end = co_await respond_understood(ctx, std::move(act));
  co_return end;
}

std::optional<TurnEnd> Conversation::small_talk(const Act& act) {
  switch (act.intent) {
    case Intent::robot:
      say(phrases::robot(profile()));
      return ask_again();
    case Intent::help:
      say(phrases::help());
      if (is_busy()) return ask_again();
      say(phrases::keys_menu());
      return listen();
    case Intent::greeting:
      say(phrases::hello());
      return ask_again();
    case Intent::thanks:
      if (act.answer || act.has_facts()) return std::nullopt;
      say(phrases::welcome());
      return ask_again();
    case Intent::goodbye:
      // What was half heard does not end a call.
      if (act.confidence < doubt_below) return std::nullopt;
      // Nor does it end a job that is not done, the first time: it may have been "the time".
      if (is_busy() && !std::exchange(goodbye_doubted_, true)) {
        say(phrases::before_you_go(frame_.job == Job::book));
        return ask_again();
      }
      say(phrases::goodbye(profile()));
      return hang_up();
    case Intent::abandon:
      if (is_busy()) say(phrases::nothing_done());
      return idle();
    default:
      return std::nullopt;
  }
}

Task<TurnEnd> Conversation::respond_understood(Context ctx, Act act) {
  bool no_more = asked_ == Asked::open && act.answer == false && !act.has_facts();
  if (no_more && (act.intent == Intent::none || act.intent == Intent::thanks))
    act.intent = Intent::goodbye;
  // "Yes, that's all" to a confirmation is a yes before it is a farewell.
  if (is_yes_no(asked_) && act.answer == true && act.intent == Intent::goodbye &&
      !has(act.words, "bye|goodbye"))
    act.intent = Intent::none;
  if (is_yes_no(asked_) && act.answer && act.intent != Intent::goodbye && !act.has_facts() &&
      (act.intent == Intent::none || act.intent == Intent::thanks || act.intent == Intent::book ||
       act.intent == Intent::cancel || act.intent == Intent::message)) {
    auto end = co_await answer_to_question(ctx, std::move(act));
    co_return end;
  }
  if (auto end = small_talk(act)) co_return *end;
  if (act.intent == Intent::message) {
    start_job(Job::message);
    co_return ask_message();
  }
  if (act.intent == Intent::human) co_return ask(Asked::offer, phrases::offer_human_message());
  auto answered = co_await answer(ctx, act);
  if (!answered) co_return std::unexpected(answered.error());
  if (*answered) co_return **answered;
  bool other_visit =
      act.intent == Intent::move || act.intent == Intent::cancel || act.intent == Intent::lookup;
  if (other_visit) {
    auto end = co_await begin_with_visits(ctx, std::move(act));
    co_return end;
  }
  if (!is_busy() && last_visit_ && !act.date.when.empty() && corrects_last(act)) {
    act.intent = Intent::move;
    auto end = co_await begin_with_visits(ctx, std::move(act));
    co_return end;
  }
  if (act.intent == Intent::book && frame_.job != Job::book) start_job(Job::book);
  if (act.has_facts() && !is_busy() && asked_ == Asked::open) start_job(Job::book);
  auto end = co_await answer_to_question(ctx, std::move(act));
  co_return end;
}

Task<TurnEnd> Conversation::misunderstood(Context ctx) {
  ++missed_;
  if (missed_ >= most_missed) {
    say(phrases::give_up(profile()));
    co_return hang_up();
  }
  say(phrases::not_understood(missed_));
  if (missed_ == 1) co_return ask_again();
  keys_mode_ = true;
  if (is_yes_no(asked_)) {
    say(phrases::say_yes_or_no());
    co_return listen();
  }
  if (frame_.job == Job::book && asked_ == Asked::service) {
    say(phrases::service_keys(profile()));
    co_return listen();
  }
  if (asked_ == Asked::choice) {
    say(phrases::offers_with_keys(frame_.offers, local_now()));
    co_return listen();
  }
  if (asked_ == Asked::when && is_busy()) {
    auto end = co_await offer_times(ctx, true);
    co_return end;
  }
  if (asked_ == Asked::name) {
    say(phrases::name_keys());
    co_return listen();
  }
  if (asked_ == Asked::phone) co_return ask_again();
  say(phrases::keys_menu());
  co_return listen();
}

}  // namespace parley::dialog
