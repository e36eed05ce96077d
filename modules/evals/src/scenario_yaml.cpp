#include <fmt/format.h>

#include "parley/base/strings.hpp"
#include "scenario_keys.hpp"

namespace parley::evals {

namespace {

constexpr std::size_t most_bytes = 256u << 10;
constexpr std::size_t most_scenarios = 100;

std::int64_t ms(Duration duration) { return duration / std::chrono::milliseconds(1); }

Scenario read_one(Reading& reading, const YAML::Node& node) {
  Scenario made;
  made.pass_at_least = 0;
  read_mapping(reading, node, scenario_keys(), made);
  if (made.pass_at_least == 0) made.pass_at_least = made.repeat;
  if (!node.IsMap()) return made;
  if (!node["name"]) reading.problem(node.Mark(), "'name' is missing");
  if (made.steps.empty() && made.answers.empty())
    reading.problem(node.Mark(), "the caller does nothing: 'steps' or 'answers' is missing");
  if (made.expect.empty())
    reading.problem(node.Mark(), "nothing is expected, so nothing could fail: 'expect' is missing");
  if (made.pass_at_least > made.repeat)
    reading.problem(node.Mark(), "'pass_at_least' is more than 'repeat'");
  return made;
}

template <class T>
json::object mapping_schema(const std::vector<Key<T>>& keys) {
  json::object properties;
  for (const auto& key : keys) properties[key.name] = key.schema;
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", properties}};
}

// Writing

void emit(YAML::Emitter& out, const char* key, const std::string& text) {
  out << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << text;
}
void emit(YAML::Emitter& out, const char* key, std::int64_t number) {
  out << YAML::Key << key << YAML::Value << number;
}
void emit(YAML::Emitter& out, const char* key, double number) {
  out << YAML::Key << key << YAML::Value << fmt::format("{}", number);
}

/// Slashes around a pattern are left out when it is read.
void emit_pattern(YAML::Emitter& out, const char* key, const std::string& pattern) {
  bool slashed = pattern.size() >= 2 && pattern.front() == '/' && pattern.back() == '/';
  emit(out, key, slashed ? "/" + pattern + "/" : pattern);
}

void emit_when(YAML::Emitter& out, const When& when) {
  bool usual = when.kind == When::Kind::agent_finished && when.within == When{}.within;
  if (usual) return;
  out << YAML::Key << "when" << YAML::Value;
  if (when.kind == When::Kind::at_once) {
    out << "at_once";
    return;
  }
  out << YAML::Flow << YAML::BeginMap;
  if (when.kind == When::Kind::agent_says) emit_pattern(out, "agent_says", when.pattern);
  if (when.kind == When::Kind::pause) emit(out, "after_ms", ms(when.pause));
  if (when.within != When{}.within) emit(out, "within_ms", ms(when.within));
  out << YAML::EndMap;
}

void emit_act(YAML::Emitter& out, Step::Kind kind, const std::string& text) {
  if (kind == Step::Kind::say) emit(out, "say", text);
  if (kind == Step::Kind::interrupt) emit(out, "interrupt", text);
  if (kind == Step::Kind::keys) emit(out, "keys", text);
  if (kind == Step::Kind::hang_up) out << YAML::Key << "hang_up" << YAML::Value << true;
}

void emit_step(YAML::Emitter& out, const Step& step) {
  out << YAML::BeginMap;
  emit_act(out, step.kind, step.text);
  if (step.kind == Step::Kind::interrupt) emit(out, "after_ms", ms(step.length));
  if (step.kind == Step::Kind::silence) emit(out, "silence_ms", ms(step.length));
  if (step.kind == Step::Kind::noise) emit(out, "noise_db", step.noise_db);
  emit_when(out, step.when);
  out << YAML::EndMap;
}

std::string name_of(Expectation::Kind kind) {
  static const std::vector<std::string> names{
      "says",           "absent",        "heard",       "transcript",   "tool_called",
      "tool_absent",    "appointment",   "appointment", "outcome",      "phase",
      "max_latency_ms", "max_length_ms", "ended_by",    "interruptions"};
  return names.at(static_cast<std::size_t>(kind));
}

void emit_json(YAML::Emitter& out, const json::value& value) {
  if (value.is_object()) {
    out << YAML::BeginMap;
    for (const auto& member : value.get_object()) {
      out << YAML::Key << YAML::DoubleQuoted << std::string(member.key()) << YAML::Value;
      emit_json(out, member.value());
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    out << YAML::BeginSeq;
    for (const auto& item : value.get_array()) emit_json(out, item);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    out << YAML::DoubleQuoted << std::string(value.get_string());
  } else {
    out << json::serialize(value);
  }
}

void emit_expectation(YAML::Emitter& out, const Expectation& wanted) {
  using Kind = Expectation::Kind;
  out << YAML::BeginMap;
  auto name = name_of(wanted.kind);
  bool is_time = wanted.kind == Kind::max_latency || wanted.kind == Kind::max_length;
  if (is_time) {
    emit(out, name.c_str(), ms(wanted.limit.value_or(Duration{})));
  } else if (wanted.kind == Kind::interruptions) {
    emit(out, name.c_str(), wanted.count);
  } else if (wanted.kind == Kind::no_appointment) {
    emit(out, name.c_str(), std::string("none"));
  } else if (wanted.kind == Kind::appointment) {
    out << YAML::Key << name << YAML::Value;
    emit_json(out, wanted.fields);
  } else if (wanted.kind <= Kind::transcript) {
    emit_pattern(out, name.c_str(), wanted.pattern);
  } else {
    emit(out, name.c_str(), wanted.pattern);
  }
  if (wanted.limit && !is_time) emit(out, "within_ms", ms(*wanted.limit));
  if (wanted.kind == Kind::tool_called && !wanted.fields.empty()) {
    out << YAML::Key << "arguments" << YAML::Value;
    emit_json(out, wanted.fields);
  }
  out << YAML::EndMap;
}

}  // namespace

Result<std::vector<Scenario>> read_scenarios(std::string_view yaml, const std::string& file) {
  if (yaml.size() > most_bytes) return fail(Errc::invalid, file + ": larger than 256 KB");
  Reading reading(file);
  std::vector<Scenario> scenarios;
  try {
    auto documents = YAML::LoadAll(std::string(yaml));
    if (documents.size() > most_scenarios)
      return fail(Errc::invalid, file + ": more than 100 scenarios");
    for (const auto& document : documents)
      if (!document.IsNull()) scenarios.push_back(read_one(reading, document));
  } catch (const YAML::Exception& wrong) {
    reading.problem(wrong.mark, wrong.msg);
  }
  if (!reading.problems().empty()) return fail(Errc::invalid, join(reading.problems(), "\n"));
  if (scenarios.empty()) return fail(Errc::invalid, file + ": there is no scenario in it");
  return scenarios;
}

std::string to_yaml(const Scenario& scenario) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  emit(out, "name", scenario.name);
  if (!scenario.description.empty()) emit(out, "description", scenario.description);
  if (!scenario.number.empty()) emit(out, "number", scenario.number);
  if (!scenario.business.empty()) emit(out, "business", scenario.business);
  const CallerProfile usual;
  out << YAML::Key << "caller" << YAML::Value << YAML::BeginMap;
  emit(out, "voice", scenario.caller.voice);
  if (scenario.caller.speed != usual.speed) emit(out, "speed", scenario.caller.speed);
  if (scenario.caller.noise_db != usual.noise_db) emit(out, "noise_db", scenario.caller.noise_db);
  emit(out, "phone", scenario.caller.phone);
  out << YAML::EndMap;
  out << YAML::Key << "steps" << YAML::Value << YAML::BeginSeq;
  for (const auto& step : scenario.steps) emit_step(out, step);
  out << YAML::EndSeq;
  if (!scenario.answers.empty()) {
    out << YAML::Key << "answers" << YAML::Value << YAML::BeginSeq;
    for (const auto& answer : scenario.answers) {
      out << YAML::BeginMap;
      emit_pattern(out, "when", answer.when);
      emit_act(out, answer.kind, answer.text);
      emit(out, "times", static_cast<std::int64_t>(answer.times));
      out << YAML::EndMap;
    }
    out << YAML::EndSeq;
  }
  out << YAML::Key << "expect" << YAML::Value << YAML::BeginSeq;
  for (const auto& wanted : scenario.expect) emit_expectation(out, wanted);
  out << YAML::EndSeq;
  if (scenario.repeat != 1) {
    emit(out, "repeat", static_cast<std::int64_t>(scenario.repeat));
    emit(out, "pass_at_least", static_cast<std::int64_t>(scenario.pass_at_least));
  }
  emit(out, "max_seconds", scenario.longest / std::chrono::seconds(1));
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

json::object scenario_schema() {
  auto schema = mapping_schema(scenario_keys());
  schema["$schema"] = "https://json-schema.org/draft/2020-12/schema";
  schema["title"] = "Parley scenario";
  schema["required"] = json::array{"name", "expect"};
  auto answer = mapping_schema(answer_keys());
  answer["required"] = json::array{"when"};
  schema["$defs"] = json::object{{"caller", mapping_schema(caller_keys())},
                                 {"when", mapping_schema(when_keys())},
                                 {"step", mapping_schema(step_keys())},
                                 {"answer", std::move(answer)},
                                 {"expectation", mapping_schema(expectation_keys())}};
  return schema;
}

}  // namespace parley::evals
