#include "grammar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "common_names.hpp"
#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

std::string either(const std::vector<std::string>& choices) { return parley::join(choices, " | "); }

/// Names with their weights: a likeness between two is decided by how many people have them.
std::string weighted(std::vector<std::string> names, std::string_view frequent) {
  auto often = split(frequent, ' ');
  for (auto& name : names)
    name.insert(0, std::ranges::find(often, name) != often.end() ? "/12/ " : "/1/ ");
  return either(names);
}

/// A service's words as the grammar takes them; JSGF's own marks never come through words_of.
std::string spelled(const Words& words) {
  Words plain;
  for (auto word : words) {
    std::erase_if(word,
                  [](char c) { return (c < 'a' || c > 'z') && c != '\'' && (c < '0' || c > '9'); });
    if (!word.empty()) plain.push_back(word);
  }
  return join(plain);
}

}  // namespace

Grammar::Grammar(const business::Profile& profile, const ServiceLexicon& lexicon,
                 const std::vector<Words>& topics) {
  add_services(profile, lexicon);
  add_dates();
  add_people();
  add_requests();
  add_topics(topics);
}

void Grammar::add_services(const business::Profile& profile, const ServiceLexicon& lexicon) {
  std::vector<std::string> all;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < profile.services.size(); ++i) {
    std::vector<std::string> forms;
    for (const auto& form : lexicon.forms()[i]) {
      auto words = spelled(form);
      // The same words for two services would make the second unreachable.
      if (!words.empty() && taken.insert(words).second) forms.push_back(words);
    }
    if (forms.empty()) continue;
    auto rule = fmt::format("service_{}", i);
    add(rule, either(forms));
    all.push_back("<" + rule + ">");
  }
  has_services_ = !all.empty();
  if (!has_services_) return;
  add("service", either(all));
  add("a_service", "[a | an | the | my] <service>");
}

void Grammar::add_dates() {
  add("weekday", "monday | tuesday | wednesday | thursday | friday | saturday | sunday");
  add("month",
      "january | february | march | april | may | june | july | august | september | "
      "october | november | december");
  add("ordinal",
      "first | second | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth | "
      "eleventh "
      "| twelfth | thirteenth | fourteenth | fifteenth | sixteenth | seventeenth | eighteenth | "
      "nineteenth | twentieth | twenty (first | second | third | fourth | fifth | sixth | seventh "
      "| "
      "eighth | ninth) | thirtieth | thirty first");
  add("near_day",
      "/2/ today | /6/ tomorrow | /1/ the day after tomorrow | /6/ [on] <weekday> | "
      "/2/ [on] (this | next) <weekday>");
  add("date", "<month> [the] <ordinal> | the <ordinal> of <month>");
  add("day", "/24/ <near_day> | /3/ [on] <date> | /1/ on the <ordinal>");
  add("days", "next week | this week");
  add("half", "morning | afternoon");
  add("part", "in the (morning | afternoon)");
  add("hour",
      "one | two | three | four | five | six | seven | eight | nine | ten | eleven | twelve");
  add("of_half", "a.m. | p.m. | in the morning | in the afternoon");
  add("plain_clock",
      "/4/ <hour> | /4/ <hour> o'clock | /3/ <hour> <of_half> | /2/ <hour> (thirty | fifteen | "
      "forty five) [<of_half>]");
  add("clock", "/12/ <plain_clock> | /1/ half past <hour> | /1/ [a] quarter (past | to) <hour>");
  add("time", "/20/ <clock> | /1/ noon");
  // Where one of several is chosen, "the third" is that one and no day.
  add("the_day", "the <ordinal> [at <time>]");
  add("soonest",
      "as soon as possible | the next available [time | appointment] | any time | "
      "whenever you have time");
  add("free_times", "what do you have [available] | what times are available");
  // "Nine october" would be a day and "the ninth one" a choice: such neighbours need "on" or "at".
  // Where "the day" and "the time" are answers: nothing that sounds like them ("today", "at five").
  add("clear_when",
      "/6/ on <weekday> [at <time>] | /4/ tomorrow [at <time>] | /2/ on <date> | /3/ [at] <hour> "
      "o'clock | /2/ at <hour> <of_half>");
  add("when",
      "/4/ <day> | /10/ <day> at <time> | /3/ <day> (<part> | <half>) | /2/ <near_day> "
      "<plain_clock> | /5/ [at] <time> | /2/ [at] <time> (<near_day> | on <date> | on the "
      "<ordinal>) | /1/ <days>");
}

void Grammar::add_people() {
  // Names that are months only count where nothing else can stand.
  std::vector<std::string> clear;
  for (auto& name : split(common_first_names(), ' '))
    if (name != "april" && name != "may" && name != "june") clear.push_back(name);
  add("clear_first_name", weighted(clear, frequent_first_names()));
  add("first_name", "/100/ <clear_first_name> | /1/ april | /1/ may | /1/ june");
  add("last_name", weighted(split(common_last_names(), ' '), frequent_last_names()));
  add("name", "/12/ <first_name> <last_name> | /5/ <first_name> | /2/ <last_name>");
  add("full_name", "<clear_first_name> [<last_name>]");
  std::vector<std::string> letters;
  for (char c = 'a'; c <= 'z'; ++c) letters.push_back(std::string(1, c) + ".");
  add("letter", either(letters));
  add("spelled_name", "<letter> <letter> <letter>+");
  add("digit", "zero | oh | one | two | three | four | five | six | seven | eight | nine");
  add("pair", "<digit> <digit> | double <digit>");
  add("three_digits", "<digit> <pair> | double <digit> <digit> | <digit> hundred");
  add("four_digits", "<pair> <pair> | <digit> double <digit> <digit> | <digit> <digit> hundred");
  add("phone", "[one] <three_digits> <three_digits> <four_digits>");
  add("phone_part",
      "<three_digits> | <three_digits> <three_digits> | <four_digits> | <three_digits> "
      "<four_digits>");
}

void Grammar::add_requests() {
  add("yes",
      "/30/ yes | /12/ yes please | /6/ yeah | /6/ yes that's right | /4/ that's right | /4/ "
      "correct | /4/ sure | /3/ yep | /3/ that's correct | /3/ okay | /2/ go ahead | yes go ahead "
      "| book it | please do | sounds good | that works | perfect | exactly | yes book it");
  add("no",
      "/30/ no | /6/ no thank you | /6/ no that's wrong | /4/ that's wrong | /4/ that's not right "
      "| /3/ nope | /2/ no thanks | not really");
  add("repeat",
      "what was that | repeat that [please] | say that again | can you repeat that | pardon me "
      "| i didn't hear that");
  add("help", "help | what can you do | what are my options");
  add("human",
      "(can i | i want to | i'd like to | let me) (speak | talk) (to | with) (a person | a human | "
      "someone | a real person | the manager | the owner | a representative) | operator | "
      "representative");
  add("goodbye",
      "goodbye | bye | bye bye | that's all | that's it | nothing else | that's everything | "
      "no that's all [thank you]");
  add("thanks", "thank you [very much] | thanks");
  add("abandon", "never mind | forget it");
  add("robot",
      "are you a (robot | machine | computer | real person) | am i talking to a (robot | machine "
      "| person) | is this a (robot | recording | machine)");
  add("hours",
      "what are your [opening | business] hours | what are the hours | when are you open | "
      "when do you (open | close) [today | tomorrow] | what time do you (open | close) [today | "
      "tomorrow | on <weekday>] | are you open [today | tomorrow | on <weekday> | now]");
  add("address",
      "where are you [located] | what's your address | what is your address | how do i get "
      "there | where is your office");
  add("services", "what services do you (offer | have) | what do you offer");
  add("contact", "what's your (phone number | email address | website)");
  add("prices",
      has_services_
          ? "how much is <a_service> | how much does <a_service> cost | what does <a_service> "
            "cost | what's the price of <a_service> | what are your prices"
          : "what are your prices");
  add("message",
      "[i'd like to | i want to | can i] leave a message | take a message | [can] someone call "
      "me back");
  add("i_would",
      "i'd like to | i would like to | i want to | i need to | can i | could i | i'm calling to");
  add("to_book", "book | schedule | make | set up | get");
  add("appointment", "an appointment");
  auto wished = has_services_ ? "(<appointment> [for <a_service>] | <a_service> [appointment])"
                              : std::string("<appointment>");
  add("book",
      fmt::format("(<i_would> <to_book> | i'd like | i would like | i need | i want | book | "
                  "can i get | do you have time for) {}",
                  wished));
  // Without a name: it is asked for on its own, where it is heard far better than at the end of a
  // long sentence, and what is no name here is not taken for one.
  add("booking", "/4/ <book> | /6/ <book> [for] <when> | /1/ <book> <soonest>");
  add("move", "[<i_would>] (move | change | reschedule) my appointment [to <when>]");
  add("cancel", "[<i_would>] cancel my appointment");
  add("lookup", "when is my appointment | what time is my appointment | do i have an appointment");
  // What can be said whatever was asked.
  add("common", "<repeat> | <help> | <human> | <goodbye> | <abandon> | <message>");
  // And where yes or no is waited for: no short words that noise turns either of them into.
  add("aside", "<repeat> | <human> | <message> | never mind | goodbye");
  add("change",
      "no make it | no i meant | actually | make it | i meant | how about | let's do | change it "
      "to");
}

void Grammar::add_topics(const std::vector<Words>& topics) {
  std::vector<std::string> all;
  std::set<std::string> taken;
  for (const auto& topic : topics) {
    auto words = spelled(topic);
    // More words are harder to mistake for something else.
    if (!words.empty() && taken.insert(words).second)
      all.push_back((topic.size() > 1 ? "/3/ " : "/1/ ") + words);
  }
  has_topics_ = !all.empty();
  if (!has_topics_) return;
  add("topic", either(all));
  add("a_topic", "[a | an | the | your | my] <topic>");
  add("topic_question",
      "/6/ how much (is | are) <a_topic> | /3/ how much (does | do) <a_topic> cost | "
      "/8/ do you (have | take | accept | offer | sell | make) <a_topic> | "
      "/3/ (is | are) there <a_topic> | /6/ (what is | what are | what's | what about | tell me "
      "about) <a_topic> [policy] | /2/ how long (does | do) <a_topic> take");
}

std::string Grammar::body(Asked asked) const {
  std::string service = has_services_ ? "<a_service>" : "<appointment>";
  switch (asked) {
    case Asked::open:
      return with_needed(
          "/40/ <booking> | /6/ <greeted> <booking> | /4/ <a_service_when> | /6/ <move> | /6/ "
          "<cancel> | /3/ <lookup> | /6/ <hours> | /6/ <prices> | /3/ <address> | /3/ <services> | "
          "/1/ <contact> | /1/ <robot> | /2/ <thanks> | /3/ <yes> | /3/ <no> | /6/ <common>" +
          std::string(has_topics_ ? " | /12/ <topic_question>" : ""));
    case Asked::service:
      return with_needed(
          fmt::format("/30/ [i'd like | i need | i want | it's for | for | just | maybe] {0} "
                      "[please] | /4/ {0} (<when> | <the_day>) | /1/ <services> | /1/ <prices> | "
                      "/2/ <common>",
                      service));
    case Asked::when:
      return with_needed(
          "/40/ <when> [please] | /5/ (how about | for | let's do | maybe | can i come) "
          "<when> [please] | /3/ <the_day> | /2/ <soonest> | /2/ <free_times> | /1/ <hours> | /2/ "
          "<common>");
    case Asked::choice:
      return with_needed(
          "/20/ <pick> [please] | /16/ <when> [please] | /4/ (i'll take | let's do | how about) "
          "<when> [please] | /2/ <soonest> | /2/ <free_times> | /4/ <yes> | /8/ <no> | /2/ "
          "<common>");
    case Asked::name:
      return with_needed(
          "/80/ my name is <name> | /80/ <name> | /30/ (it's | this is | the name is | i'm | for | "
          "yes it's) <name> | /2/ <common>");
    case Asked::phone:
      return with_needed(
          "/20/ [it's | my number is | the number is | yes it's] <phone> | /5/ <phone_part> | /3/ "
          "<no> | /1/ <common>");
    case Asked::confirm:
      return with_needed(fmt::format(
          "/40/ <yes> | /30/ <no> | /4/ <change> (<when> | <the_day>) | /2/ <change> {} "
          "| /4/ [no] (the | change the) <part_wrong> [is wrong] | /1/ <aside>",
          service));
    case Asked::doubt:
      return with_needed(fmt::format(
          "/30/ <yes> | /30/ <no> | /2/ [no] (i said | i meant) ({0} | <near_day> | at <clock>) | "
          "/1/ <aside>",
          service));
    case Asked::what_else:
      return with_needed(fmt::format(
          "/40/ [the | change the] <part_wrong> | /6/ all of it | /2/ everything | /2/ "
          "<change> (<when> | <the_day>) | "
          "/2/ <change> {} | /2/ <clear_when> | /2/ [the | my] name is <full_name> | /1/ "
          "<yes> | /2/ <no> "
          "| /1/ <aside>",
          service));
    case Asked::appointment:
      return with_needed(fmt::format(
          "/20/ <pick> [please] | /10/ <when> | /5/ the {} | /6/ <yes> | /6/ <no> | /2/ "
          "<common>",
          has_services_ ? "<service>" : "<appointment>"));
    case Asked::offer:
      return with_needed("/20/ <yes> | /20/ <no> | /5/ <booking> | /2/ <common>");
    case Asked::message:
      return "";
  }
  return "";
}

std::string Grammar::spelling_body() const {
  return with_needed(
      "/12/ [my name is | it's] <name> | /6/ [it's] <spelled_name> | /20/ (go on | continue) "
      "without "
      "(a | my) name | /1/ <aside>");
}

std::string Grammar::day_body(const Words& denied) const {
  return with_needed(
      "/40/ <day> [please] | /4/ (how about | maybe | let's do) <day> | /6/ <day> at <time> | /2/ "
      "<days> | /1/ <soonest> | /1/ <aside>",
      {{"weekday", without("weekday", denied)}});
}

std::string Grammar::time_body(const Words& denied) const {
  return with_needed(
      "/40/ at <clock> [please] | /20/ <clock> [please] | /2/ [at] noon | /4/ (how about | maybe "
      "at) <clock> | /3/ <part> | /1/ <soonest> | /1/ <free_times> | /1/ <aside>",
      {{"hour", without("hour", denied)}});
}

/// A rule of single words without some of them; all of them when none would be left.
std::string Grammar::without(const std::string& rule, const Words& denied) const {
  std::vector<std::string> kept;
  for (const auto& choice : split(rules_.at(rule), '|')) {
    std::string word(trim(choice));
    if (std::ranges::find(denied, word) == denied.end()) kept.push_back(std::move(word));
  }
  return kept.empty() ? rules_.at(rule) : either(kept);
}

/// The utterance and the rules it reaches, each once; those of `instead` in place of our own.
std::string Grammar::with_needed(const std::string& utterance, const Rules& instead) const {
  std::map<std::string, std::string> extra{
      {"greeted", "hi | hello | good morning | yes"},
      {"a_service_when", has_services_ ? "<a_service> [please] [[for | on] <when>]" : "<when>"},
      {"pick", "/8/ the <nth> [one] | /2/ number <number> | /2/ <nth> | /1/ the last one"},
      {"nth", "first | second | third"},
      {"number", "one | two | three"},
      {"part_wrong", "time | day | date | name | service"}};
  auto rule_of = [&](const std::string& name) -> const std::string& {
    if (auto other = instead.find(name); other != instead.end()) return other->second;
    auto own = rules_.find(name);
    return own != rules_.end() ? own->second : extra.at(name);
  };
  std::string body = fmt::format("public <utterance> = {} ;\n", utterance);
  std::set<std::string> done;
  std::vector<std::string> waiting{utterance};
  while (!waiting.empty()) {
    auto text = std::move(waiting.back());
    waiting.pop_back();
    for (auto at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1)) {
      auto name = text.substr(at + 1, text.find('>', at) - at - 1);
      if (!done.insert(name).second) continue;
      body += fmt::format("<{}> = {} ;\n", name, rule_of(name));
      waiting.push_back(rule_of(name));
    }
  }
  return body;
}

}  // namespace parley::dialog
