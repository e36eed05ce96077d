#include "conversation.hpp"
#include "parley/base/strings.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t most_message_bytes = 1000;

}  // namespace

TurnEnd Conversation::ask_message() { return ask(Asked::message, phrases::ask_message()); }

/// Everything said now is the message, except a few short commands.
Task<TurnEnd> Conversation::take_message(Context ctx, const Act& act) {
  bool short_one = act.words.size() <= 4;
  if (short_one && act.intent == Intent::repeat) co_return ask_again();
  bool leaves = short_one && (act.intent == Intent::abandon || act.intent == Intent::cancel ||
                              (act.answer == false && act.words.size() <= 3));
  if (leaves) {
    say(phrases::nothing_done());
    co_return idle();
  }
  if (short_one && act.intent == Intent::goodbye) {
    say(phrases::goodbye(profile()));
    co_return hang_up();
  }
  if (short_one && act.words.size() <= 1 && (act.answer == true || act.words.empty())) {
    auto end = co_await misunderstood(ctx);
    co_return end;
  }
  missed_ = 0;
  frame_.message = std::string(trim(std::string_view(act.text).substr(0, most_message_bytes)));
  while (!is_valid_utf8(frame_.message)) frame_.message.pop_back();
  if (!act.phone.empty()) phone_ = act.phone;
  if (!act.name.empty()) name_ = act.name;
  if (contact_phone().empty() && !phone_refused_) co_return ask(Asked::phone, phrases::ask_phone());
  co_return ask_confirm();
}

}  // namespace parley::dialog
