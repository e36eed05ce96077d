#include "effect_ledger.hpp"

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"
#include "phrases.hpp"

namespace parley::dialog {
namespace {

struct Known {
  std::string_view tool;
  std::string_view done;  ///< the field that says so
  std::string_view kind;  ///< of the outcome
};
/// In the order of what a call is remembered for.
constexpr std::array<Known, 4> known{{{"take_message", "taken", "message"},
                                      {"cancel_appointment", "cancelled", "cancelled"},
                                      {"move_appointment", "moved", "moved"},
                                      {"book_appointment", "booked", "booked"}}};

const Known* known_tool(std::string_view tool) {
  auto found = std::ranges::find(known, tool, &Known::tool);
  return found == known.end() ? nullptr : &*found;
}

bool is_true(const json::object& object, std::string_view field) {
  auto* found = object.if_contains(field);
  return found && found->is_bool() && found->as_bool();
}

struct Appointment {
  std::string service;
  std::optional<calendar::LocalTime> start;
  std::string name;
};

Appointment appointment_of(const business::Profile& profile, const json::object& result) {
  Appointment appointment;
  auto* found = result.if_contains("appointment");
  if (!found || !found->is_object()) return appointment;
  const auto& object = found->as_object();
  auto* service = profile.service(ServiceId(text_in(object, "service")));
  appointment.service = service ? service->name : text_in(object, "serviceName");
  if (appointment.service.empty()) appointment.service = "appointment";
  if (auto start = calendar::parse_local(text_in(object, "start"))) appointment.start = *start;
  appointment.name = text_in(object, "name");
  return appointment;
}

}  // namespace

std::string canonical(const json::value& value) {
  if (value.is_object()) {
    std::vector<std::string> fields;
    for (const auto& [name, part] : value.as_object())
      fields.push_back(json::serialize(json::value(name)) + ":" + canonical(part));
    std::ranges::sort(fields);
    return "{" + parley::join(fields, ",") + "}";
  }
  if (value.is_array()) {
    std::vector<std::string> items;
    for (const auto& item : value.as_array()) items.push_back(canonical(item));
    return "[" + parley::join(items, ",") + "]";
  }
  return json::serialize(value);
}

void EffectLedger::note(const ToolSpec& spec, const json::object& arguments,
                        const json::object& result, Told told) {
  if (!spec.has_effect) return;
  auto* one = known_tool(spec.name);
  if (one && !is_true(result, one->done)) return;
  // What was booked may be moved or cancelled, and then booked anew: earlier calls stand no more.
  bool changes = spec.name == "move_appointment" || spec.name == "cancel_appointment";
  if (changes)
    for (auto& effect : effects_) effect.stands = false;
  effects_.push_back({spec.name, arguments, result, told == Told::yes, true});
}

const json::object* EffectLedger::standing(std::string_view tool,
                                           const json::object& arguments) const {
  auto wanted = canonical(arguments);
  for (const auto& effect : effects_)
    if (effect.stands && effect.tool == tool && canonical(effect.arguments) == wanted)
      return &effect.result;
  return nullptr;
}

bool EffectLedger::booked_or_moved() const {
  return did("book_appointment") || did("move_appointment");
}

bool EffectLedger::did(std::string_view tool) const {
  return std::ranges::any_of(effects_, [&](const Effect& effect) { return effect.tool == tool; });
}

bool EffectLedger::did_own() const {
  return std::ranges::any_of(effects_,
                             [](const Effect& effect) { return !known_tool(effect.tool); });
}

bool EffectLedger::has_untold() const {
  return std::ranges::any_of(effects_, [](const Effect& effect) { return !effect.told; });
}

std::vector<std::string> EffectLedger::tell() {
  std::vector<std::string> sentences;
  for (auto& effect : effects_)
    if (!std::exchange(effect.told, true)) sentences.push_back(sentence(effect));
  return sentences;
}

void EffectLedger::all_told() {
  for (auto& effect : effects_) effect.told = true;
}

std::string EffectLedger::sentence(const Effect& effect) const {
  auto visit = appointment_of(*profile_, effect.result);
  if (effect.tool == "book_appointment" && visit.start)
    return phrases::booked(visit.service, *visit.start);
  if (effect.tool == "move_appointment" && visit.start)
    return phrases::moved(visit.service, *visit.start);
  if (effect.tool == "cancel_appointment") return "Your appointment is cancelled.";
  if (effect.tool == "take_message") return phrases::message_taken();
  return "That is done.";
}

std::string EffectLedger::note_of(const Effect& effect) const {
  auto visit = appointment_of(*profile_, effect.result);
  if (effect.tool == "book_appointment" && visit.start)
    return phrases::booked_note(visit.service, *visit.start, visit.name);
  if (effect.tool == "move_appointment" && visit.start)
    return phrases::moved_note(visit.service, *visit.start);
  if (effect.tool == "cancel_appointment") return "Cancelled an appointment.";
  if (effect.tool == "take_message") return "Left a message.";
  return "Used " + effect.tool + ".";
}

std::string EffectLedger::lines() const {
  std::string text;
  for (const auto& effect : effects_) text += "- " + note_of(effect) + "\n";
  return text;
}

Outcome EffectLedger::outcome() const {
  Outcome outcome;
  std::ptrdiff_t best = -1;
  for (const auto& effect : effects_) {
    if (!outcome.summary.empty()) outcome.summary += " ";
    outcome.summary += note_of(effect);
    auto* one = known_tool(effect.tool);
    if (!one || one - known.data() <= best) continue;
    best = one - known.data();
    outcome.kind = one->kind;
  }
  return outcome;
}

}  // namespace parley::dialog
