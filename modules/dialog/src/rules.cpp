#include "rules.hpp"

#include <algorithm>

namespace parley::dialog {
namespace {

bool asks_repeat(const Words& w) {
  return has_any(
      w, {"^what$", "^huh$", "^sorry what?$", "^excuse me$", "^pardon me?$", "^again please?$",
          "what was|is that please?$", "what's that$", "what did you say", "say that|it again",
          "say again", "repeat", "come again", "one more time",
          "i didn't|couldn't|can't hear|catch|get|understand", "i did|could not hear|catch|get"});
}

bool asks_robot(const Words& w) {
  constexpr std::string_view kinds =
      "robot|bot|machine|computer|ai|human|person|recording|real|assistant|automated|chatbot";
  auto one_of = [&](std::string lead) { return has(w, lead + " " + std::string(kinds)); };
  return one_of("are you a|an|the?") || one_of("are you a real|live|actual") ||
         one_of("am i talking|speaking to|with a|an?") || one_of("is this a|an?") ||
         one_of("am i talking|speaking to|with a real|live|actual") ||
         one_of("is this a real|live") || one_of("you a|an") || one_of("you're a|an") ||
         has(w, "are you artificial");
}

bool asks_human(const Words& w) {
  return has_any(
      w,
      {"speak|talk|speaking|talking to|with a|an|the|my?"
       " human|person|someone|somebody|representative|receptionist|operator|dentist|doctor|owner|"
       "manager|agent|staff|employee|people|stylist|boss",
       "talk|speak to|with a|the real|live|actual human|person|agent", "transfer me", "connect me",
       "a real|live person|human", "put me through", "^operator$", "^representative$", "^agent$",
       "^a?"
       " human|person please?$",
       "is there someone|anyone|anybody i can talk|speak"});
}

constexpr std::string_view visit = "appointment|appointments|booking|visit|reservation|slot";

bool asks_cancel(const Words& w, const Heard& heard) {
  bool word = has_any(w, {"cancel|cancelling|canceling|delete|drop", "call off", "get rid of"});
  if (word &&
      (!heard.busy || has(w, std::string("cancel|delete|drop my|the|an ") + std::string(visit))))
    return true;
  return !heard.busy && has_any(w, {"can't|cannot make it", "can't|cannot come",
                                    "won't be able to come|make", "not be able to come|make"});
}

bool asks_move(const Words& w, const Heard& heard) {
  if (has_any(w, {"reschedule|rescheduling|rebook|postpone|postponed"})) return true;
  if (has(w, "move|change|push|shift|switch my|our *? appointment|appointments|booking|visit"))
    return true;
  if (has(w,
          "move|change|push|shift|switch the|an|my? time|date|day of|for? my? "
          "appointment|booking|visit"))
    return has(w, visit);
  if (has(w,
          "move|change|push|shift|switch the|an|my|our? "
          "appointment|appointments|booking|visit|reservation"))
    return true;
  if (has(w, "another|different time|day|date for my appointment|booking|visit")) return true;
  return heard.service && !heard.busy && has(w, "move|push|shift|switch|change my|the");
}

bool asks_lookup(const Words& w) {
  return has_any(
             w,
             {"when|what time|day|date? is|was|are|are my|our "
              "appointment|appointments|booking|visit",
              "when's|what's my appointment|booking|visit", "what time my appointment",
              "what|which appointments do i have", "what|when time|day? do i have an? appointment",
              "do|did i have|book|make an|any|a? appointment|appointments|booking",
              "am i booked|scheduled", "check|confirm|find|look on|up? my|our appointment|booking",
              "when|what|about|is|was *'s appointment", "when am i coming|scheduled|booked"}) ||
         (has(w, "appointment") && has_any(w, {"when|what time? is|was * appointment",
                                               "when|what time? is|was my * appointment",
                                               "when|what time? is|was * * appointment"}));
}

bool asks_message(const Words& w) {
  return has_any(w, {"leave|take|send|pass|give|left a|the|them|him|her|my|on? a|the? message",
                     "leave|take a? note|message", "call|phone|ring me back", "give me a call",
                     "someone|somebody call me", "^please? tell|ask|let him|her|them|dr|doctor|the",
                     "can|could you tell|ask him|her|them|dr|doctor|the"});
}

bool asks_hours(const Words& w) {
  if (has(w, "any|an|next|first|earliest|available opening|openings")) return false;
  return has_any(
      w,
      {"opening|business|office|working|your|the|holiday hours", "^hours$", "what hours",
       "what are your|the hours", "are|is|were you|they|the|y'all *? open|closed",
       "are|is|will you|they|it|be? be? open|closed", "will you be open|closed",
       "what|when time? do|are|will|does|is you|they|the? *? be? open|opened|close|closed|closing",
       "when|what time? you|do open|close", "do you|they open|close", "you open|closed on",
       "open on|today|tomorrow|now|late|saturday|saturdays|sunday|sundays|weekends",
       "how late are|is|do", "how early", "closing time"});
}

bool asks_prices(const Words& w) {
  return has_any(
      w, {"how much", "price|prices|pricing|cost|costs|fee|fees|rates|charge|charges|price's",
          "how expensive"});
}

bool asks_contact(const Words& w) {
  return has_any(w, {"your|the|an email|e-mail|website", "email address", "web site|page",
                     "your|the phone|telephone? number", "what number do|can i call"});
}

bool asks_address(const Words& w) {
  return has_any(
      w, {"address", "where are you|y'all|they located?$", "located", "location", "directions",
          "where is|'s your|the|this office|shop|clinic|practice|store|salon|place|business",
          "where's your|the office|shop|clinic|practice|store|salon|place|business",
          "how do|can|would i get there|to"});
}

bool asks_services(const Words& w) {
  return has_any(w, {"what|which kind|kinds|sort|type? of? services|treatments|appointments",
                     "what do|can you do|offer|provide$", "what else do you do|offer",
                     "list|name of|your|the? services", "what services"});
}

bool asks_booking(const Words& w, const Heard& heard) {
  bool word = has_any(
      w,
      {"book|booking|schedule|scheduling|reserve|appointment|appointments|availability|available",
       "openings|opening|slot|slots|reservation", "set up a|an|my",
       "come|get in on|for|to|at|today|tomorrow|next|this", "come|get in$", "see the|a|dr|doctor",
       "sign|fit|squeeze me", "make an appointment"});
  if (word) return true;
  bool wants =
      has_any(w, {"i'd|i like|need|want", "i would like|love", "i want|need",
                  "can|could|may i get|have|do", "do you have anything|something|time|space|room",
                  "what do you have", "let's do", "i'm calling", "can|could i", "looking for|to",
                  "get a|an|my", "i'll take|have", "give me", "is there anything"});
  bool does = heard.service && has_any(w, {"make|get|schedule|take", "set up"});
  return does || (wants && (heard.service || heard.when));
}

bool asks_question(const Words& w) {
  return has_any(
      w, {"what|what's|how|how's|why|where|where's|who|who's|which|when",
          "^so|and|but|um|uh|hi|hello|well? "
          "do|does|is|are|can|could|will|would|should|did|am|has|have "
          "you|i|your|the|there|it|this|they|we|my|a|an|parking|insurance",
          "do|does|is|are|can|will you|your|the|there|i", "^so? does|is|are|did|will|should *",
          "tell me about|if|more|what|how", "question|questions", "wondering|wonder",
          "know if|about|what|whether|how|more", "information on|about", "what about"});
}

bool ends_call(const Words& w) {
  return has_any(
      w, {"bye|goodbye", "good bye", "hang up", "that's|that is? all|everything|it",
          "that will be all", "that'll be all", "nothing else|more",
          "i'm|i am|we're done|finished|good|all", "see you later|then|soon",
          "have a good|nice|great day|one", "end the|this? call", "no that's it|all", "all set"});
}

}  // namespace

Intent intent_of(const Words& w, Heard heard) {
  bool bare_help = has_any(
      w, {"^help me?$", "^please help me?$", "what can you do", "what can i say|do|ask",
          "^options$", "the? menu$", "how does this work", "what are my options", "i need help$"});
  if (asks_repeat(w)) return Intent::repeat;
  if (asks_robot(w)) return Intent::robot;
  if (asks_human(w)) return Intent::human;
  if (has_any(w,
              {"never mind|nevermind", "forget it|about", "scratch that", "stop$", "nevermind"}) ||
      (heard.busy &&
       has_any(w, {"^no? cancel that|it|this?$", "^no? please? cancel$", "start over"})))
    return Intent::abandon;
  if (asks_cancel(w, heard)) return Intent::cancel;
  if (asks_move(w, heard)) return Intent::move;
  if (asks_lookup(w)) return Intent::lookup;
  if (asks_message(w)) return Intent::message;
  if (asks_hours(w)) return Intent::hours;
  if (asks_contact(w)) return Intent::contact;
  if (asks_address(w)) return Intent::address;
  if (asks_prices(w)) return Intent::prices;
  if (bare_help) return Intent::help;
  if (asks_services(w)) return Intent::services;
  if (heard.service && has(w, "how long")) return Intent::duration;
  bool wants_time = has_any(w, {"appointment|time|slot|opening|openings|available|availability"});
  if (heard.service && !heard.when && !wants_time &&
      has_any(w, {"do|does you|they|y'all guys? do|offer|provide|have|perform|give",
                  "can you do|perform"}))
    return Intent::offered;
  if (asks_booking(w, heard)) return Intent::book;
  if (ends_call(w)) return Intent::goodbye;
  if (!heard.when && asks_question(w)) return Intent::question;
  if (has_any(w, {"thank you", "thanks|thankyou"})) return Intent::thanks;
  if (has_any(w, {"^hello|hi|hey there?$", "^good morning|afternoon|evening$",
                  "^hello?|hi|hey good morning|afternoon|evening$"}))
    return Intent::greeting;
  return heard.service || heard.when ? Intent::inform : Intent::none;
}

std::optional<bool> yes_or_no(const Words& words, Asked asked) {
  Words w = words;
  while (!w.empty() && has(w, "^uh|um|er|well|oh|hm|hmm|mm|so|and")) {
    if (has(w, "^uh|mm huh|hm|hmm")) return true;
    w.erase(w.begin());
  }
  if (has_any(w, {"^no", "^nope|nah|negative|wrong|incorrect|never", "^not",
                  "^that's|that is? not|wrong|incorrect", "^that isn't", "^don't|do not",
                  "^please don't", "^i don't", "^i'd rather not"}))
    return has_any(w, {"^no problem", "^not a problem"});
  if (has_any(w, {"^yes|yeah|yep|yup|ya|sure|correct|right|ok|okay|absolutely|definitely|exactly|"
                  "perfect|great|"
                  "affirmative|certainly",
                  "^of course", "^go ahead", "^please do?$", "^book it|that", "^do it|that|so$",
                  "^sounds good|great|right|fine",
                  "^that's|that is? right|correct|fine|good|great|it|perfect|okay|ok",
                  "^that works|sounds|would|will", "^it works|is$", "^fine", "^i would|do$",
                  "^i'd like|love that|to$", "^please go|book|do|send", "^let's do",
                  "^works for me", "^why not"}))
    return true;
  bool closed = asked == Asked::confirm || asked == Asked::doubt || asked == Asked::offer;
  if (!closed || w.size() > 8) return std::nullopt;
  if (has_any(w, {"no|nope|wrong|incorrect|not|don't"})) return false;
  if (has_any(w, {"yes|yeah|yep|correct|sure|okay", "that's right", "go ahead", "book it"}))
    return true;
  return std::nullopt;
}

std::optional<std::size_t> choice_of(const Words& w, std::size_t count) {
  if (count == 0) return std::nullopt;
  constexpr std::array<std::string_view, 5> patterns{"first|1st|one|1|earlier|earliest|former",
                                                     "second|2nd|two|2", "third|3rd|three|3",
                                                     "fourth|4th|four|4", "fifth|5th|five|5"};
  if (has_any(w, {"the last one?", "the latter|latest one?", "the later one?"})) return count - 1;
  for (std::size_t i = 0; i < patterns.size() && i < count; ++i) {
    auto word = std::string(patterns[i]);
    if (has(w, "number|option " + word) || has(w, "the " + word + " one|option? please?$") ||
        has(w, "^" + word + " one? please?$") ||
        has(w, "the " + word + " of|would|is|works|sounds"))
      return i;
  }
  return std::nullopt;
}

Act::Part part_of(const Words& w) {
  if (has_any(w, {"all of it|that|them", "^everything|all wrong?$", "none of it|that|them",
                  "something else$"}))
    return Act::Part::all;
  if (has_any(w, {"the|my|a|different|another|wrong name", "^name$"})) return Act::Part::name;
  if (has_any(w, {"the|my|phone|telephone|different|wrong phone|number", "^phone|number$"}))
    return Act::Part::phone;
  if (has_any(w, {"the|a|different|another|wrong service|treatment", "^service|treatment$"}))
    return Act::Part::service;
  if (has_any(w, {"the|a|different|another|wrong day|date", "^day|date$"})) return Act::Part::day;
  if (has_any(w, {"the|a|different|another|wrong time|hour", "^time$"})) return Act::Part::time;
  return Act::Part::none;
}

bool any_time(const Words& w) {
  return has_any(
      w, {"any time|day", "anytime|whenever", "doesn't|does not matter", "don't care",
          "what do you have|got$", "what times|slots do|are you? have|available|free?",
          "what's available|open|free", "anything is? fine|works|goes", "you choose|pick",
          "surprise me", "whatever you have|works|is", "what do you have available|open|free?$",
          "first available", "next available|opening"});
}

}  // namespace parley::dialog
