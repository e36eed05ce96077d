#include "parley/simulators/receptionist.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "parley/base/strings.hpp"
#include "parley/calendar/natural_date.hpp"

namespace parley::simulators {

namespace {

using calendar::LocalTime;

constexpr std::string_view which_one = "Which one suits you?";
constexpr std::string_view what_name = "What name shall I put it under?";

bool says(const std::string& text, const char* pattern) {
  return std::regex_search(text, std::regex(pattern, std::regex::icase));
}

/// One conversation, and what is remembered of it: all of it stands in the turns.
class Receptionist {
 public:
  Receptionist(const ModelRequest& request, WallTime now) : request_(request) {
    std::smatch date;
    // Other dates in a prompt are examples.
    std::regex form(R"((Now:|It is) \w+, (\d{4}-\d{2}-\d{2}))");
    auto today = std::regex_search(request.system, date, form) ? date.str(2) + "T08:00"
                                                               : to_rfc3339(now).substr(0, 16);
    if (auto parsed = calendar::parse_local(today)) now_ = *parsed;
  }

  ModelReply reply() {
    if (request_.turns.empty()) return speak("How can I help you?");
    const auto& last = request_.turns.back();
    if (!last.outcomes.empty()) return after_tools(last);
    return after_words(last.text);
  }

 private:
  static ModelReply speak(std::string text) {
    ModelReply reply;
    reply.text = std::move(text);
    return reply;
  }
  static ModelReply call(std::string name, json::object arguments, std::string text = {}) {
    ModelReply reply;
    reply.text = std::move(text);
    reply.calls.push_back({"", std::move(name), std::move(arguments)});
    return reply;
  }
  bool has(std::string_view tool) const {
    return std::ranges::find(request_.tools, tool) != request_.tools.end();
  }

  std::string last_words_of_ours() const {
    for (auto turn = request_.turns.rbegin(); turn != request_.turns.rend(); ++turn)
      if (turn->role == ModelTurn::Role::assistant && !turn->text.empty()) return turn->text;
    return "";
  }
  /// All that the caller said, the last first.
  std::string words_of_caller() const {
    std::string all;
    for (auto turn = request_.turns.rbegin(); turn != request_.turns.rend(); ++turn)
      if (turn->role == ModelTurn::Role::user) all += turn->text + "\n";
    return all;
  }

  /// The service whose line in the prompt shares a word with what the caller said.
  std::string service() const {
    std::regex id("svc_[A-Za-z0-9]+");
    auto said = to_lower(words_of_caller());
    std::string first;
    for (const auto& line : split(request_.system, '\n')) {
      std::smatch found;
      if (!std::regex_search(line, found, id)) continue;
      if (first.empty()) first = found.str();
      std::regex word("[a-z]{4,}");
      auto name = to_lower(std::regex_replace(line, id, ""));
      for (std::sregex_iterator at(name.begin(), name.end(), word), end; at != end; ++at)
        if (said.contains(at->str())) return found.str();
    }
    return first;
  }

  ModelReply find_slots(const std::string& text) {
    auto when = calendar::parse_natural_date(text, now_).when;
    auto midnight = std::chrono::floor<std::chrono::days>(now_);
    LocalTime from =
        when.first_day ? LocalTime(std::chrono::local_days(*when.first_day)) : LocalTime(midnight);
    LocalTime to = when.last_day
                       ? LocalTime(std::chrono::local_days(*when.last_day) + std::chrono::days(1))
                       : LocalTime(midnight + std::chrono::days(7));
    if (when.earliest && when.exact_day()) from += *when.earliest;
    from = std::max(from, now_);
    return call("find_slots",
                {{"service", service()},
                 {"from", calendar::to_text(from)},
                 {"to", calendar::to_text(std::max(to, from + std::chrono::hours(1)))},
                 {"limit", 2}},
                "Let me look.");
  }

  /// What find_slots gave last.
  std::vector<std::string> offered() const {
    std::vector<std::string> starts;
    for (const auto& turn : request_.turns)
      for (const auto& outcome : turn.outcomes) {
        auto result = parse_json(outcome.content);
        const auto* slots = result ? value_at(*result, "/slots") : nullptr;
        if (!slots || !slots->is_array()) continue;
        starts.clear();
        for (const auto& slot : slots->as_array()) starts.push_back(text_at(slot, "/start"));
      }
    return starts;
  }

  std::string chosen() const {
    auto starts = offered();
    if (starts.empty()) return "";
    bool was_offered = false;
    for (const auto& turn : request_.turns) {
      if (turn.role == ModelTurn::Role::assistant) was_offered = turn.text.contains(which_one);
      if (!was_offered || turn.role != ModelTurn::Role::user || turn.text.empty()) continue;
      auto when = calendar::parse_natural_date(turn.text, now_).when;
      for (const auto& start : starts) {
        auto time = calendar::parse_local(start);
        if (time && when.exact_time() &&
            *time - std::chrono::floor<std::chrono::days>(*time) == *when.earliest)
          return start;
      }
      if (says(turn.text, "second|later|last|other")) return starts.back();
    }
    return starts.front();
  }

  static std::string name_in(const std::string& text) {
    auto name = std::regex_replace(
        text,
        std::regex("^.*?(my name is|name's|this is|it's|it is|under|i am|i'm) ", std::regex::icase),
        "");
    while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
    return name;
  }

  ModelReply after_words(const std::string& text) {
    auto before = last_words_of_ours();
    if (before.contains(what_name) && has("book_appointment"))
      return call(
          "book_appointment",
          {{"service", service()}, {"start", chosen()}, {"name", name_in(text)}, {"phone", ""}});
    if (before.contains(which_one))
      return says(text, "\\b(no|neither|none)\\b")
                 ? find_slots("next week")
                 : speak(fmt::format("{}, good. {}", spoken(chosen()), what_name));
    if (has("take_message") && says(text, "message|call me back|speak to (a|some)"))
      return call("take_message", {{"text", text}});
    if (has("find_slots") &&
        says(text, "book|appointment|schedule|come in|see the|make an|available|free"))
      return find_slots(text);
    if (says(text, "\\b(bye|goodbye|that's all|that is all)\\b"))
      return speak("Thank you for calling. Goodbye.");
    if (has("search_knowledge") &&
        says(text, "\\?|^(how|what|when|where|do|does|is|are|can)\\b|price|cost|park|insurance"))
      return call("search_knowledge", {{"query", text}});
    return speak(
        "I can book an appointment, answer a question, or take a message. What would you "
        "like?");
  }

  std::string called(const std::string& id) const {
    for (auto turn = request_.turns.rbegin(); turn != request_.turns.rend(); ++turn)
      for (const auto& one : turn->calls)
        if (one.id == id) return one.name;
    return "";
  }

  ModelReply after_tools(const ModelTurn& turn) {
    std::string text;
    for (const auto& outcome : turn.outcomes) {
      auto result = parse_json(outcome.content);
      auto said = result ? about(called(outcome.id), *result)
                         : std::string("I am sorry, that did not work.");
      text += (text.empty() ? "" : " ") + said;
    }
    return speak(std::move(text));
  }

  std::string spoken(std::string_view local) const {
    auto time = calendar::parse_local(local);
    return time ? calendar::spoken(*time, now_) : std::string(local);
  }

  std::string offer(const json::value& result, std::string_view field) const {
    const auto* slots = value_at(result, field);
    std::vector<std::string> times;
    if (slots && slots->is_array())
      for (const auto& slot : slots->as_array())
        if (times.size() < 2) times.push_back(spoken(text_at(slot, "/start")));
    if (times.empty()) return "There is nothing free then. Would another day do?";
    return fmt::format("I have {}. {}", fmt::join(times, " or "), which_one);
  }

  std::string about(const std::string& tool, const json::value& result) const {
    if (!result.is_object() || value_at(result, "/error"))
      return "I am sorry, I cannot do that at the moment. May I take a message?";
    if (tool == "find_slots") return offer(result, "/slots");
    if (tool == "book_appointment") {
      const auto* booked = value_at(result, "/booked");
      if (booked && booked->is_bool() && booked->get_bool())
        return fmt::format("You are booked for {}. Is there anything else?",
                           spoken(text_at(result, "/appointment/start")));
      return "That time has just gone. " + offer(result, "/alternatives");
    }
    if (tool == "take_message") return "I will pass that on. Is there anything else?";
    if (tool == "search_knowledge") {
      auto text = text_at(result, "/passages/0/text");
      if (text.empty()) return "I do not know that. Shall I take a message?";
      return text.substr(0, text.find('\n')) + " Is there anything else?";
    }
    return "That is done. Is there anything else?";
  }

  const ModelRequest& request_;
  LocalTime now_{};
};

}  // namespace

ModelReply receptionist_reply(const ModelRequest& request, WallTime now) {
  return Receptionist(request, now).reply();
}

}  // namespace parley::simulators
