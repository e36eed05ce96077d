#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "field.hpp"
#include "file_reader.hpp"
#include "parley/base/strings.hpp"

namespace parley::transform {

namespace {

constexpr std::size_t max_file_bytes = 1u << 20;
constexpr std::size_t max_fields = 1000;
constexpr std::size_t max_nesting = 8;
constexpr std::size_t max_told_faults = 20;

/// In the order of Type.
const std::vector<std::string> type_names{"any",   "text",  "integer", "number",   "boolean",
                                          "money", "phone", "date",    "date_time"};

/// What a file's parts share while it is compiled.
struct Compilation {
  Faults faults;
  std::size_t fields = 0;
};

std::unique_ptr<Mapping::Record> compile_record(Compilation& whole, FileReader& in,
                                                UnknownPolicy inherited, std::size_t depth);

std::optional<Pointer> pointer_at(FileReader& in, std::string_view key, std::string_view text) {
  auto pointer = Pointer::parse(text);
  if (pointer) return std::move(*pointer);
  in.fault(key, pointer.error().detail);
  return std::nullopt;
}

void read_paths(FileReader& in, Field& field) {
  auto to = in.text("to");
  if (!to) {
    in.fault("to", "is required: where the value goes, as a JSON pointer like '/name'");
  } else if (auto pointer = pointer_at(in, "to", *to)) {
    if (pointer->steps().empty()) in.fault("to", "must name a field, like '/name'");
    field.to = std::move(*pointer);
  }
  for (auto& from : in.texts("from"))
    if (auto pointer = pointer_at(in, "from", from)) field.from.push_back(std::move(*pointer));
  const auto* constant = in.any("value");
  if (constant) field.constant = *constant;
  if (constant && !field.from.empty()) in.fault("value", "a field has 'from' or 'value', not both");
  if (!constant && field.from.empty())
    in.fault("from", "is required: where the value comes from, or a fixed 'value'");
}

void read_cleaning(FileReader& in, Field& field) {
  const std::vector<std::string> words{"strip_html", "strip_control", "collapse_spaces", "trim"};
  std::array<bool*, 4> flags{&field.cleaning.strip_html, &field.cleaning.strip_control,
                             &field.cleaning.collapse_spaces, &field.cleaning.trim};
  for (auto& name : in.texts("clean")) {
    auto found = std::ranges::find(words, name);
    if (found == words.end())
      in.fault("clean", fmt::format("'{}' is not a way of cleaning{}", name.substr(0, 80),
                                    instead_of(name, words)));
    else
      *flags.at(static_cast<std::size_t>(found - words.begin())) = true;
  }
  field.limit.characters = in.count("max_length", 1'000'000);
  field.limit.cut = in.word("too_long", {"refuse", "cut"}) == 1;
  if (field.limit.characters > 0 && field.type != Type::text && field.type != Type::any)
    in.fault("max_length", "is for text");
  if (field.limit.cut && field.limit.characters == 0)
    in.fault("too_long", "says what to do past 'max_length', which is not given");
}

void read_times(FileReader& in, Field& field) {
  bool is_time = field.type == Type::date || field.type == Type::date_time;
  for (auto& name : in.texts("formats")) {
    if (auto format = parse_date_format(name)) {
      field.formats.push_back(*format);
      continue;
    }
    auto names = date_format_names();
    in.fault("formats", fmt::format("'{}' is not a format{}", name.substr(0, 80),
                                    instead_of(name, {names.begin(), names.end()})));
  }
  if (!is_time && !field.formats.empty()) in.fault("formats", "is for date and date_time");
  auto zone_name = in.text("zone");
  if (zone_name && !is_time) in.fault("zone", "is for date and date_time");
  if (!is_time) return;
  auto zone = CivilZone::find(zone_name.value_or("UTC"));
  if (!zone)
    in.fault("zone", zone.error().detail);
  else
    field.zone = *zone;
  if (field.formats.empty()) field.formats.push_back(DateFormat::rfc3339);
}

void read_money(FileReader& in, Field& field) {
  auto currency = in.text("currency");
  auto currency_from = in.text("currency_from");
  auto decimal = in.text("decimal");
  if (field.type != Type::money) {
    if (currency || currency_from || decimal)
      in.fault(currency ? "currency" : currency_from ? "currency_from" : "decimal", "is for money");
    return;
  }
  if (currency && !decimals_of(*currency))
    in.fault("currency", "must be an ISO 4217 code of three capital letters, like USD");
  if (currency) field.money.currency = *currency;
  if (currency_from) field.money.currency_from = pointer_at(in, "currency_from", *currency_from);
  if (decimal && *decimal != "." && *decimal != ",") in.fault("decimal", "must be '.' or ','");
  if (decimal == ",") field.money.decimal = ',';
}

void read_values(FileReader& in, Field& field, bool has_type) {
  if (const auto* values = in.object("values")) field.values = *values;
  if (const auto* otherwise = in.any("otherwise")) field.otherwise = *otherwise;
  if (field.otherwise && !field.values)
    in.fault("otherwise", "says what a value that is not among 'values' becomes; there are none");
  if (field.values && has_type) in.fault("type", "'values' say what comes out; leave 'type' out");
}

void read_presence(FileReader& in, Field& field) {
  if (const auto* fallback = in.any("default")) field.fallback = *fallback;
  field.required = in.flag("required");
  field.drop_invalid = in.word("if_invalid", {"refuse", "drop"}) == 1;
  if (field.constant && (field.required || field.fallback || field.drop_invalid))
    in.fault("value", "is always there: 'required', 'default' and 'if_invalid' say nothing");
  if (field.required && field.fallback)
    in.fault("required", "a field with a 'default' is never missing");
}

Field compile_field(Compilation& whole, const json::value& value, std::string at,
                    const UnknownPolicy& unknown, std::size_t depth) {
  Field field;
  FileReader in(value, at, whole.faults);
  if (!value.is_object()) return field;
  read_paths(in, field);
  const auto* type = in.any("type");
  if (auto found = in.word("type", type_names)) field.type = static_cast<Type>(*found);
  read_cleaning(in, field);
  read_times(in, field);
  read_money(in, field);
  read_values(in, field, type != nullptr);
  read_presence(in, field);
  if (const auto* each = in.any("each")) {
    if (type || field.values || field.constant || field.drop_invalid)
      in.fault("each", "maps a list: 'type', 'values', 'value' and 'if_invalid' belong inside");
    FileReader inside(*each, in.place("each"), whole.faults);
    field.each = compile_record(whole, inside, unknown, depth + 1);
  }
  in.finish();
  return field;
}

/// Two fields that write to the same place, or one inside the other.
void check_targets(const Mapping::Record& record, const std::string& at, Faults& faults) {
  std::vector<std::pair<std::string, std::size_t>> targets;
  for (std::size_t i = 0; i < record.fields.size(); ++i)
    if (!record.fields[i].to.steps().empty())
      targets.emplace_back(record.fields[i].to.text() + "/", i);
  if (record.unknown.what == Unknown::keep)
    targets.emplace_back(escaped_step(record.unknown.keep_under) + "/", record.fields.size());
  std::ranges::sort(targets);
  for (std::size_t i = 0; i + 1 < targets.size(); ++i) {
    auto& [first, first_index] = targets[i];
    auto& [second, second_index] = targets[i + 1];
    if (!second.starts_with(first)) continue;
    bool with_unknown = first_index == record.fields.size() || second_index == record.fields.size();
    auto later = std::min(std::max(first_index, second_index), record.fields.size() - 1);
    faults.push_back(fmt::format(
        "{}/{}/to: {} is already written {}", at, later, second.substr(0, second.size() - 1),
        with_unknown ? "by what 'unknown' keeps"
                     : fmt::format("by {}/{}", at, std::min(first_index, second_index))));
  }
}

UnknownPolicy read_unknown(FileReader& in, Faults& faults, UnknownPolicy inherited) {
  const auto* value = in.any("unknown");
  if (!value) return inherited;
  if (value->is_object()) {
    FileReader inside(*value, in.place("unknown"), faults);
    auto keep = inside.text("keep");
    if (!keep || keep->empty()) inside.fault("keep", "must name the key that unknown fields go to");
    inside.finish();
    return {Unknown::keep, keep.value_or("")};
  }
  auto found = in.word("unknown", {"drop", "refuse"});
  return {found == 1 ? Unknown::refuse : Unknown::drop, ""};
}

std::unique_ptr<Mapping::Record> compile_record(Compilation& whole, FileReader& in,
                                                UnknownPolicy inherited, std::size_t depth) {
  auto record = std::make_unique<Mapping::Record>();
  record->unknown = read_unknown(in, whole.faults, std::move(inherited));
  const auto* fields = in.any("fields");
  const auto* list = fields ? fields->if_array() : nullptr;
  if (!list || list->empty()) {
    in.fault("fields", "must be a list with at least one field");
  } else if (depth > max_nesting) {
    in.fault("fields", fmt::format("lists may stand in lists {} deep", max_nesting));
  } else if (whole.fields += list->size(); whole.fields > max_fields) {
    in.fault("fields", fmt::format("a mapping has at most {} fields", max_fields));
  } else {
    for (std::size_t i = 0; i < list->size(); ++i)
      record->fields.push_back(compile_field(
          whole, (*list)[i], fmt::format("{}/{}", in.place("fields"), i), record->unknown, depth));
    check_targets(*record, in.place("fields"), whole.faults);
  }
  for (auto& field : record->fields) {
    for (auto& from : field.from) record->known.add(from);
    if (field.money.currency_from) record->known.add(*field.money.currency_from);
  }
  if (depth > 0) in.finish();
  return record;
}

/// boost::json says how far it came; people count lines.
Result<json::value> parse_located(std::string_view text) {
  json::parse_options options;
  options.max_depth = 32;
  json::parser parser({}, options);
  boost::system::error_code ec;
  auto read = parser.write_some(text.data(), text.size(), ec);
  auto rest = trim(text.substr(read));
  if (!ec && rest.empty()) return parser.release();
  auto before = text.substr(0, read);
  auto line = std::ranges::count(before, '\n') + 1;
  auto start = before.rfind('\n');
  auto column = start == std::string_view::npos ? read + 1 : read - start;
  return fail(Errc::invalid,
              fmt::format("line {}, column {}: {}", line, column,
                          ec ? "malformed JSON: " + ec.message() : "text after the end"));
}

}  // namespace

Result<Mapping> Mapping::compile(const json::value& file) {
  Compilation whole;
  FileReader in(file, "", whole.faults);
  in.text("description");
  auto record = compile_record(whole, in, {}, 0);
  in.finish();
  auto& faults = whole.faults;
  if (faults.empty()) return Mapping(std::move(record));
  auto more = faults.size() > max_told_faults ? faults.size() - max_told_faults : 0;
  if (more > 0) faults.resize(max_told_faults);
  auto detail = join(faults, "\n");
  if (more > 0) detail += fmt::format("\nand {} more", more);
  return fail(Errc::invalid, detail);
}

Result<Mapping> Mapping::parse(std::string_view text) {
  if (text.size() > max_file_bytes) return fail(Errc::invalid, "a mapping has at most 1 MB");
  auto file = parse_located(text);
  if (!file) return std::unexpected(file.error());
  return compile(*file);
}

}  // namespace parley::transform
