// The format, key by key: what stands here is read, and is what the schema tells.
#include "scenario_keys.hpp"

#include "parley/base/strings.hpp"

namespace parley::evals {

namespace {

using std::chrono::milliseconds;
constexpr std::int64_t longest_ms = 600'000;

json::object text_schema(std::string_view meaning) {
  return {{"type", "string"}, {"minLength", 1}, {"description", meaning}};
}
json::object pattern_schema(std::string_view meaning) {
  return {{"type", "string"}, {"format", "regex"}, {"description", meaning}};
}
json::object number_schema(double least, double most, std::string_view meaning) {
  return {{"type", "number"}, {"minimum", least}, {"maximum", most}, {"description", meaning}};
}
json::object ms_schema(std::string_view meaning) {
  return {{"type", "integer"}, {"minimum", 0}, {"maximum", longest_ms}, {"description", meaning}};
}
json::object choice_schema(std::vector<std::string> values, std::string_view meaning) {
  return {{"enum", json::array(values.begin(), values.end())}, {"description", meaning}};
}
json::object ref_list(std::string_view name, std::string_view meaning) {
  return {{"type", "array"},
          {"items", json::object{{"$ref", "#/$defs/" + std::string(name)}}},
          {"description", meaning}};
}

Duration time_at(Reading& in, const YAML::Node& node) {
  return milliseconds(in.integer(node, 0, longest_ms));
}

std::string phone_at(Reading& in, const YAML::Node& node) {
  auto number = normalize_e164(in.text(node, 40));
  if (!number) in.problem(node.Mark(), number.error().detail);
  return number.value_or("");
}

std::string keys_at(Reading& in, const YAML::Node& node) {
  auto keys = in.text(node, 32);
  if (keys.find_first_not_of("0123456789*#") != std::string::npos)
    in.problem(node.Mark(), "keys are digits, * and #, such as \"12#\"");
  return keys;
}

template <class T>
Key<T> text_key(std::string name, std::string T::* member, std::string_view meaning) {
  return {std::move(name), text_schema(meaning),
          [member](Reading& in, const YAML::Node& node, T& to) { to.*member = in.text(node); }};
}

void read_when(Reading& in, const YAML::Node& node, Step& step) {
  if (!node.IsScalar()) {
    read_mapping(in, node, when_keys(), step.when);
    return;
  }
  auto text = in.text(node);
  if (text == "at_once") {
    step.when.kind = When::Kind::at_once;
  } else if (text.starts_with('/') && text.size() > 1) {
    step.when.kind = When::Kind::agent_says;
    step.when.pattern = in.pattern(node);
  } else {
    in.problem(node.Mark(),
               "'when' is at_once, a /pattern/, or a mapping with agent_says or after_ms");
  }
}

/// A key that says what a step does; a step does one thing.
Key<Step> act(std::string name, Step::Kind kind, json::object schema,
              void (*read)(Reading&, const YAML::Node&, Step&)) {
  return {std::move(name), std::move(schema),
          [kind, read](Reading& in, const YAML::Node& node, Step& step) {
            step.kind = kind;
            read(in, node, step);
          }};
}

using Wants = Expectation::Kind;
Key<Expectation> wants(std::string name, Wants kind, json::object schema,
                       void (*read)(Reading&, const YAML::Node&, Expectation&)) {
  return {std::move(name), std::move(schema),
          [kind, read](Reading& in, const YAML::Node& node, Expectation& expectation) {
            expectation.kind = kind;
            read(in, node, expectation);
          }};
}
void read_pattern(Reading& in, const YAML::Node& node, Expectation& to) {
  to.pattern = in.pattern(node);
}
void read_word(Reading& in, const YAML::Node& node, Expectation& to) { to.pattern = in.text(node); }
void read_limit(Reading& in, const YAML::Node& node, Expectation& to) {
  to.limit = time_at(in, node);
}

void read_appointment(Reading& in, const YAML::Node& node, Expectation& to) {
  static const std::vector<std::string> known{"service", "date", "time", "customer", "phone"};
  if (node.IsScalar() && node.Scalar() == "none") {
    to.kind = Wants::no_appointment;
    return;
  }
  if (!node.IsMap()) {
    in.problem(node.Mark(), "'none', or a mapping with " + join(known, ", "));
    return;
  }
  for (const auto& member : node) {
    auto name = member.first.IsScalar() ? member.first.Scalar() : std::string();
    if (std::ranges::find(known, name) == known.end()) {
      auto near = nearest(name.substr(0, 100), known);
      in.problem(member.first.Mark(),
                 "unknown key '" + name + "'; " +
                     (near ? "the nearest is '" + *near + "'" : "known are " + join(known, ", ")));
      continue;
    }
    to.fields[name] = in.text(member.second);
  }
}

template <class T, class Each>
void read_list(Reading& in, const YAML::Node& node, std::vector<T>& to, std::size_t most,
               Each each) {
  for (const auto& item : in.list(node, most)) {
    T made;
    each(in, item, made);
    to.push_back(std::move(made));
  }
}

/// How many of these keys the mapping has.
std::size_t count_keys(const YAML::Node& node, std::initializer_list<const char*> names) {
  std::size_t count = 0;
  for (auto* name : names)
    if (node.IsMap() && node[name]) ++count;
  return count;
}

void read_step(Reading& in, const YAML::Node& node, Step& step) {
  read_mapping(in, node, step_keys(), step);
  if (node.IsMap() &&
      count_keys(node, {"say", "interrupt", "keys", "silence_ms", "noise_db", "hang_up"}) != 1)
    in.problem(node.Mark(),
               "a step does one thing: say, interrupt, keys, silence_ms, noise_db or "
               "hang_up");
  if (node.IsMap() && node["after_ms"] && !node["interrupt"])
    in.problem(node.Mark(), "'after_ms' belongs to 'interrupt'; other steps have 'when'");
  if (node.IsMap() && node["when"] && node["interrupt"])
    in.problem(node.Mark(), "'interrupt' has 'after_ms' instead of 'when'");
}

void read_answer(Reading& in, const YAML::Node& node, Answer& answer) {
  read_mapping(in, node, answer_keys(), answer);
  if (!node.IsMap()) return;
  if (!node["when"]) in.problem(node.Mark(), "'when' is missing");
  if (count_keys(node, {"say", "keys", "hang_up"}) != 1)
    in.problem(node.Mark(), "an answer does one thing: say, keys or hang_up");
}

void read_expectation(Reading& in, const YAML::Node& node, Expectation& expectation) {
  read_mapping(in, node, expectation_keys(), expectation);
  if (!node.IsMap()) return;
  if (count_keys(node, {"says", "absent", "heard", "transcript", "tool_called", "tool_absent",
                        "appointment", "outcome", "phase", "max_latency_ms", "max_length_ms",
                        "ended_by", "interruptions"}) != 1)
    in.problem(node.Mark(), "an expectation is of one thing");
  if (node["within_ms"] && count_keys(node, {"says", "tool_called"}) == 0)
    in.problem(node.Mark(), "'within_ms' belongs to 'says' or 'tool_called'");
  if (node["arguments"] && !node["tool_called"])
    in.problem(node.Mark(), "'arguments' belongs to 'tool_called'");
}

}  // namespace

const std::vector<Key<CallerProfile>>& caller_keys() {
  static const std::vector<Key<CallerProfile>> keys{
      {"voice",
       text_schema("flite:slt, flite:rms, flite:awb, flite:kal16, or espeak: and a voice of "
                   "espeak-ng, as espeak:en-gb+f3"),
       [](Reading& in, const YAML::Node& node, CallerProfile& to) {
         to.voice = in.text(node, 40);
         if (!to.voice.starts_with("flite:") && !to.voice.starts_with("espeak:"))
           in.problem(node.Mark(), "a voice is flite: or espeak: and its name");
       }},
      {"accent", text_schema("a variant of espeak-ng instead of a voice: en-gb-scotland"),
       [](Reading& in, const YAML::Node& node, CallerProfile& to) {
         to.voice = "espeak:" + in.text(node, 32);
       }},
      {"speed", number_schema(0.5, 2, "how fast they talk; 1 is usual"),
       [](Reading& in, const YAML::Node& node, CallerProfile& to) {
         to.speed = in.number(node, 0.5, 2);
       }},
      {"noise_db", number_schema(0, 100, "voice over noise; 20 a quiet street, 5 hard to hear"),
       [](Reading& in, const YAML::Node& node, CallerProfile& to) {
         to.noise_db = in.number(node, 0, 100);
       }},
      {"phone", text_schema("the number they call from"),
       [](Reading& in, const YAML::Node& node, CallerProfile& to) {
         to.phone = phone_at(in, node);
       }}};
  return keys;
}

const std::vector<Key<When>>& when_keys() {
  static const std::vector<Key<When>> keys{
      {"agent_says", pattern_schema("once the agent has said this and is silent"),
       [](Reading& in, const YAML::Node& node, When& to) {
         to.kind = When::Kind::agent_says;
         to.pattern = in.pattern(node);
       }},
      {"after_ms", ms_schema("so long after the step before"),
       [](Reading& in, const YAML::Node& node, When& to) {
         to.kind = When::Kind::pause;
         to.pause = time_at(in, node);
       }},
      {"within_ms", ms_schema("waited for no longer; 20000 when it is left out"),
       [](Reading& in, const YAML::Node& node, When& to) { to.within = time_at(in, node); }}};
  return keys;
}

const std::vector<Key<Step>>& step_keys() {
  static const std::vector<Key<Step>> keys{
      act("say", Step::Kind::say, text_schema("says this"),
          [](Reading& in, const YAML::Node& node, Step& to) { to.text = in.text(node); }),
      act("interrupt", Step::Kind::interrupt, text_schema("says this while the agent speaks"),
          [](Reading& in, const YAML::Node& node, Step& to) { to.text = in.text(node); }),
      act("keys", Step::Kind::keys, text_schema("presses these: digits, * and #"),
          [](Reading& in, const YAML::Node& node, Step& to) { to.text = keys_at(in, node); }),
      act("silence_ms", Step::Kind::silence, ms_schema("says nothing for so long"),
          [](Reading& in, const YAML::Node& node, Step& to) { to.length = time_at(in, node); }),
      act("noise_db", Step::Kind::noise,
          number_schema(0, 100, "from here on the line is this noisy"),
          [](Reading& in, const YAML::Node& node, Step& to) {
            to.noise_db = in.number(node, 0, 100);
          }),
      act("hang_up", Step::Kind::hang_up, {{"const", true}, {"description", "hangs up"}},
          [](Reading& in, const YAML::Node& node, Step&) {
            if (!node.IsScalar() || node.Scalar() != "true")
              in.problem(node.Mark(), "'hang_up' is true");
          }),
      {"after_ms", ms_schema("of an interruption: so long after the agent began to speak"),
       [](Reading& in, const YAML::Node& node, Step& to) { to.length = time_at(in, node); }},
      {"when",
       {{"oneOf",
         json::array{json::object{{"type", "string"}}, json::object{{"$ref", "#/$defs/when"}}}},
        {"description",
         "at_once, a /pattern/ of the agent's words, or a mapping; left out: when "
         "the agent has answered"}},
       read_when}};
  return keys;
}

const std::vector<Key<Answer>>& answer_keys() {
  static const std::vector<Key<Answer>> keys{
      {"when", pattern_schema("the agent's last words have this"),
       [](Reading& in, const YAML::Node& node, Answer& to) { to.when = in.pattern(node); }},
      {"say", text_schema("says this"),
       [](Reading& in, const YAML::Node& node, Answer& to) { to.text = in.text(node); }},
      {"keys", text_schema("presses these"),
       [](Reading& in, const YAML::Node& node, Answer& to) {
         to.kind = Step::Kind::keys;
         to.text = keys_at(in, node);
       }},
      {"hang_up",
       {{"const", true}, {"description", "hangs up"}},
       [](Reading& in, const YAML::Node& node, Answer& to) {
         to.kind = Step::Kind::hang_up;
         if (!node.IsScalar() || node.Scalar() != "true")
           in.problem(node.Mark(), "'hang_up' is true");
       }},
      {"times",
       {{"type", "integer"},
        {"minimum", 1},
        {"maximum", 20},
        {"description", "used at most so often; 2 when it is left out"}},
       [](Reading& in, const YAML::Node& node, Answer& to) {
         to.times = static_cast<int>(in.integer(node, 1, 20));
       }}};
  return keys;
}

const std::vector<Key<Expectation>>& expectation_keys() {
  static const std::vector<Key<Expectation>> keys{
      wants("says", Wants::says, pattern_schema("the agent says this"), read_pattern),
      wants("absent", Wants::absent, pattern_schema("the agent never says this"), read_pattern),
      wants("heard", Wants::heard, pattern_schema("the caller was understood to say this"),
            read_pattern),
      wants("transcript", Wants::transcript,
            pattern_schema("the whole transcript has this, lines of \"agent: ...\" and "
                           "\"caller: ...\""),
            read_pattern),
      wants("tool_called", Wants::tool_called, text_schema("the agent used this tool"), read_word),
      wants("tool_absent", Wants::tool_absent, text_schema("the agent never used this tool"),
            read_word),
      wants("appointment", Wants::appointment,
            {{"description",
              "none, or what was booked: service, customer, phone (text or "
              "/pattern/), date (today, tomorrow, +3, 2026-03-05), time (14:00)"}},
            read_appointment),
      wants("outcome", Wants::outcome,
            text_schema("booked, moved, cancelled, answered, message, none"), read_word),
      wants("phase", Wants::phase, text_schema("the conversation reached this phase"), read_word),
      wants("max_latency_ms", Wants::max_latency,
            ms_schema("the caller never waits longer for an answer to begin"), read_limit),
      wants("max_length_ms", Wants::max_length, ms_schema("the call is not longer"), read_limit),
      wants("ended_by", Wants::ended_by, choice_schema({"agent", "caller"}, "who hangs up"),
            [](Reading& in, const YAML::Node& node, Expectation& to) {
              static const std::vector<std::string> allowed{"agent", "caller"};
              to.pattern = in.choice(node, allowed);
            }),
      wants("interruptions", Wants::interruptions,
            {{"type", "integer"},
             {"minimum", 0},
             {"description", "the agent stops for the caller at least so often"}},
            [](Reading& in, const YAML::Node& node, Expectation& to) {
              to.count = in.integer(node, 0, 100);
            }),
      {"within_ms",
       ms_schema("says: so soon after the caller's last word; tool_called: so soon "
                 "after the call began"),
       read_limit},
      {"arguments",
       {{"type", "object"}, {"description", "the tool was given these among others"}},
       [](Reading& in, const YAML::Node& node, Expectation& to) { to.fields = in.fields(node); }}};
  return keys;
}

const std::vector<Key<Scenario>>& scenario_keys() {
  static const std::vector<Key<Scenario>> keys{
      text_key("name", &Scenario::name, "what the scorecard calls it"),
      text_key("description", &Scenario::description, "for people"),
      {"number", text_schema("the number to call; left out: the one that is asked for"),
       [](Reading& in, const YAML::Node& node, Scenario& to) { to.number = phone_at(in, node); }},
      text_key("business", &Scenario::business, "the business's id, on a server that keeps it"),
      {"caller",
       {{"$ref", "#/$defs/caller"}},
       [](Reading& in, const YAML::Node& node, Scenario& to) {
         read_mapping(in, node, caller_keys(), to.caller);
       }},
      {"steps", ref_list("step", "what the caller does, in order"),
       [](Reading& in, const YAML::Node& node, Scenario& to) {
         read_list(in, node, to.steps, 200, read_step);
       }},
      {"answers", ref_list("answer", "what they answer after the steps; the first that fits"),
       [](Reading& in, const YAML::Node& node, Scenario& to) {
         read_list(in, node, to.answers, 200, read_answer);
       }},
      {"expect", ref_list("expectation", "what must hold of the call"),
       [](Reading& in, const YAML::Node& node, Scenario& to) {
         read_list(in, node, to.expect, 200, read_expectation);
       }},
      {"repeat",
       {{"type", "integer"}, {"minimum", 1}, {"maximum", 100}, {"description", "so many calls"}},
       [](Reading& in, const YAML::Node& node, Scenario& to) {
         to.repeat = static_cast<int>(in.integer(node, 1, 100));
       }},
      {"pass_at_least",
       {{"type", "integer"},
        {"minimum", 1},
        {"maximum", 100},
        {"description", "of the repeated calls; left out: all"}},
       [](Reading& in, const YAML::Node& node, Scenario& to) {
         to.pass_at_least = static_cast<int>(in.integer(node, 1, 100));
       }},
      {"max_seconds",
       {{"type", "integer"},
        {"minimum", 5},
        {"maximum", 1800},
        {"description", "the caller hangs up after so long; 120"}},
       [](Reading& in, const YAML::Node& node, Scenario& to) {
         to.longest = std::chrono::seconds(in.integer(node, 5, 1800));
       }}};
  return keys;
}

}  // namespace parley::evals
