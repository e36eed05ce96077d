#include "parley/base/settings.hpp"

#include <charconv>
#include <functional>
#include <stdexcept>
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "parley/base/strings.hpp"

namespace parley {

namespace {

constexpr std::string_view prefix = "PARLEY_";

std::string scalar_text(const toml::node& node) {
  if (auto* text = node.as_string()) return text->get();
  if (auto* number = node.as_integer()) return std::to_string(number->get());
  if (auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  return "";
}

std::string mask(const std::string& secret) {
  if (secret.empty()) return "";
  return secret.size() < 12 ? "****" : "****" + secret.substr(secret.size() - 2);
}

}  // namespace

std::string environment_name(std::string_view key) {
  std::string name(prefix);
  for (char c : key) {
    if (c == '.') c = '_';
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return name;
}

Settings::Settings(std::span<const SettingSpec> specs) {
  for (auto& spec : specs)
    entries_.emplace(std::string(spec.key), Entry{spec, std::string(spec.fallback)});
}

Result<Settings::Entry*> Settings::find(std::string_view key) {
  auto found = entries_.find(key);
  if (found != entries_.end()) return &found->second;
  std::vector<std::string> known;
  for (auto& [name, entry] : entries_) known.push_back(name);
  auto message = "unknown setting '" + std::string(key) + "'";
  if (auto close = nearest(key, known)) message += "; did you mean '" + *close + "'?";
  return fail(Errc::invalid, message);
}

Result<void> Settings::load_file(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    return fail(Errc::not_found, "the configuration file " + file.string() + " does not exist");
  auto parsed = toml::parse_file(file.string());
  if (!parsed) {
    auto& error = parsed.error();
    return fail(Errc::invalid, file.string() + ":" + std::to_string(error.source().begin.line) +
                                   ": " + std::string(error.description()));
  }
  auto where = [&](const toml::node& node) {
    return file.string() + ":" + std::to_string(node.source().begin.line) + ": ";
  };
  auto source = file.filename().string();
  // Tables inside tables: [resilience.twilio] attempts = 2 is resilience.twilio.attempts.
  std::function<Result<void>(const std::string&, const toml::table&)> read =
      [&](const std::string& section, const toml::table& keys) -> Result<void> {
    for (auto& [name, node] : keys) {
      auto key = section.empty() ? std::string(name.str()) : section + "." + std::string(name);
      if (auto* inner = node.as_table()) {
        if (auto done = read(key, *inner); !done) return done;
        continue;
      }
      auto entry = find(key);
      if (!entry) return fail(Errc::invalid, where(node) + entry.error().detail);
      if (section.empty()) return fail(Errc::invalid, where(node) + "belongs into a [section]");
      if (!node.is_string() && !node.is_integer() && !node.is_boolean())
        return fail(Errc::invalid,
                    where(node) + key + " must be text, a whole number, true or false");
      (*entry)->value = scalar_text(node);
      (*entry)->source = source;
    }
    return {};
  };
  return read("", parsed.table());
}

Result<void> Settings::load_environment(char** environment,
                                        std::span<const std::string_view> not_settings) {
  std::map<std::string, Entry*, std::less<>> names;
  for (auto& [key, entry] : entries_) names[environment_name(key)] = &entry;
  for (; *environment; ++environment) {
    std::string_view variable(*environment);
    auto equals = variable.find('=');
    auto name = variable.substr(0, equals);
    if (!name.starts_with(prefix) || std::ranges::find(not_settings, name) != not_settings.end())
      continue;
    auto found = names.find(name);
    if (found == names.end()) {
      std::vector<std::string> known;
      for (auto& [known_name, entry] : names) known.push_back(known_name);
      auto message = "unknown environment variable " + std::string(name);
      if (auto close = nearest(name, known)) message += "; did you mean " + *close + "?";
      return fail(Errc::invalid, message);
    }
    found->second->value = std::string(variable.substr(equals + 1));
    found->second->source = "environment";
  }
  return {};
}

Result<void> Settings::set(std::string_view assignment, std::string_view source) {
  auto equals = assignment.find('=');
  if (equals == std::string_view::npos)
    return fail(Errc::invalid, "'" + std::string(assignment) + "' is not key=value");
  auto entry = find(assignment.substr(0, equals));
  if (!entry) return std::unexpected(entry.error());
  (*entry)->value = std::string(assignment.substr(equals + 1));
  (*entry)->source = std::string(source);
  return {};
}

const std::string& Settings::text(std::string_view key) const {
  auto found = entries_.find(key);
  if (found == entries_.end()) throw std::logic_error("no setting " + std::string(key));
  return found->second.value;
}

bool Settings::is_set(std::string_view key) const {
  auto found = entries_.find(key);
  return found != entries_.end() && found->second.source != "default";
}

Result<std::int64_t> Settings::integer(std::string_view key, std::int64_t min,
                                       std::int64_t max) const {
  auto& value = text(key);
  std::int64_t number = 0;
  auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (ec != std::errc{} || end != value.data() + value.size() || number < min || number > max)
    return fail(Errc::invalid, std::string(key) + " = '" + value + "' (" +
                                   entries_.find(key)->second.source +
                                   ") must be a whole number from " + std::to_string(min) + " to " +
                                   std::to_string(max));
  return number;
}

Result<bool> Settings::flag(std::string_view key) const {
  auto value = to_lower(text(key));
  if (value == "true" || value == "yes" || value == "on" || value == "1") return true;
  if (value == "false" || value == "no" || value == "off" || value == "0" || value.empty())
    return false;
  return fail(Errc::invalid, std::string(key) + " = '" + value + "' (" +
                                 entries_.find(key)->second.source + ") must be true or false");
}

std::vector<Settings::InForce> Settings::in_force() const {
  std::vector<InForce> all;
  for (auto& [key, entry] : entries_)
    all.push_back({key, entry.spec.secret ? mask(entry.value) : entry.value, entry.source,
                   std::string(entry.spec.help)});
  return all;
}

}  // namespace parley
