#include "profile_rules.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "agent_rules.hpp"
#include "parley/base/strings.hpp"

namespace parley::business {

namespace {

constexpr std::size_t max_services = 200;
constexpr std::size_t max_resources = 200;
constexpr std::size_t max_holidays = 1000;
constexpr std::size_t max_aliases = 20;
constexpr std::size_t max_spans = 8;
constexpr std::int64_t max_price = 100'000'000'00;
using std::chrono::minutes;

/// Gathers the first problem.
class Check {
 public:
  void that(bool good, std::string_view field, std::string_view problem) {
    if (!good && !error_) error_ = fmt::format("{}: {}", field, problem);
  }
  void text(Result<void> checked) {
    if (!checked && !error_) error_ = checked.error().detail;
  }
  template <class Count>
  void between(Count value, Count low, Count high, std::string_view field, std::string_view unit) {
    if (value < low || value > high)
      that(false, field, fmt::format("must be {} to {} {}", low.count(), high.count(), unit));
  }
  Result<void> result() const {
    if (error_) return fail(Errc::invalid, *error_);
    return {};
  }

 private:
  std::optional<std::string> error_;
};

bool has_control(std::string_view text, bool breaks_allowed) {
  return std::ranges::any_of(text, [&](char c) {
    auto byte = static_cast<unsigned char>(c);
    if (breaks_allowed && (c == '\n' || c == '\t')) return false;
    return byte < 0x20 || byte == 0x7f;
  });
}

void check_hours(Check& check, const DayHours& hours, std::string_view field) {
  check.that(hours.size() <= max_spans, field, fmt::format("at most {} spans a day", max_spans));
  minutes last{0};
  for (const auto& span : hours) {
    check.that(span.from >= minutes{0} && span.to <= minutes{24 * 60}, field,
               "times must lie between 0:00 and 24:00");
    check.that(span.from < span.to, field, "a span must end after it starts");
    check.that(span.from >= last, field, "spans must be in order and not overlap");
    last = span.to;
  }
}

template <class List>
void check_unique_names(Check& check, const List& list, std::string_view field) {
  std::set<std::string> names;
  std::set<std::string> ids;
  for (const auto& item : list) {
    check.that(names.insert(to_lower(trim(item.name))).second, field, "two have the same name");
    check.that(item.id.empty() || ids.insert(item.id.str()).second, field, "an id occurs twice");
  }
}

void check_services(Check& check, const Profile& profile) {
  check.that(profile.services.size() <= max_services, "services",
             fmt::format("at most {}", max_services));
  check_unique_names(check, profile.services, "services");
  for (const auto& service : profile.services) {
    check.text(check_line("service name", service.name, 1, 120));
    check.text(check_paragraph("service description", service.description, 2000));
    check.that(service.aliases.size() <= max_aliases, "service aliases",
               fmt::format("at most {}", max_aliases));
    for (const auto& alias : service.aliases) check.text(check_line("service alias", alias, 1, 80));
    check.between(service.duration, minutes{1}, minutes{24 * 60}, "service duration", "minutes");
    check.between(service.buffer_before, minutes{0}, minutes{480}, "buffer before", "minutes");
    check.between(service.buffer_after, minutes{0}, minutes{480}, "buffer after", "minutes");
    check.that(
        !service.price_minor || (*service.price_minor >= 0 && *service.price_minor <= max_price),
        "service price", "must not be negative");
    check.that(
        service.currency.size() == 3 &&
            std::ranges::all_of(service.currency, [](char c) { return c >= 'A' && c <= 'Z'; }),
        "currency", "must be three capital letters (ISO 4217)");
    for (const auto& id : service.resources)
      check.that(std::ranges::find(profile.resources, id, &Resource::id) != profile.resources.end(),
                 fmt::format("service '{}'", service.name), "names a resource that does not exist");
  }
}

void check_agent(Check& check, const Agent& agent) {
  check.text(check_line("agent name", agent.name, 1, 80));
  check.text(check_paragraph("greeting", agent.greeting, 1000));
  check.text(check_line("agent language", agent.language, 2, 35));
  check.that(std::ranges::all_of(agent.language,
                                 [](char c) {
                                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                          (c >= '0' && c <= '9') || c == '-';
                                 }),
             "agent language", "must be a language tag such as en-US");
  check.text(check_line("voice", agent.voice, 0, 80));
  check.that(std::isfinite(agent.speed) && agent.speed >= 0.5 && agent.speed <= 2.0, "agent speed",
             "must be 0.5 to 2.0");
  check.text(check_paragraph("recording notice", agent.recording_notice, 500));
  check.between(agent.max_call_length, std::chrono::seconds{60}, std::chrono::seconds{14400},
                "longest call", "seconds");
  check.text(check_agent_mind(agent));
}

}  // namespace

Result<void> check_line(std::string_view field, std::string_view text, std::size_t min,
                        std::size_t max) {
  if (min > 0 && trim(text).empty())
    return fail(Errc::invalid, fmt::format("{}: is missing", field));
  if (text.size() < min || text.size() > max)
    return fail(Errc::invalid, fmt::format("{}: must have {} to {} bytes", field, min, max));
  if (!is_valid_utf8(text)) return fail(Errc::invalid, fmt::format("{}: is not UTF-8", field));
  if (has_control(text, false))
    return fail(Errc::invalid, fmt::format("{}: has control characters", field));
  return {};
}

Result<void> check_paragraph(std::string_view field, std::string_view text, std::size_t max) {
  if (text.size() > max)
    return fail(Errc::invalid, fmt::format("{}: must have at most {} bytes", field, max));
  if (!is_valid_utf8(text)) return fail(Errc::invalid, fmt::format("{}: is not UTF-8", field));
  if (has_control(text, true))
    return fail(Errc::invalid, fmt::format("{}: has control characters", field));
  return {};
}

Result<void> check_profile(const Profile& profile) {
  Check check;
  check.text(check_line("name", profile.name, 1, 120));
  check.text(check_line("address", profile.address, 0, 300));
  check.text(check_line("email", profile.email, 0, 254));
  check.that(profile.email.empty() || profile.email.find('@') != std::string::npos, "email",
             "is not an address");
  check.text(check_line("website", profile.website, 0, 500));
  check.text(check_paragraph("description", profile.description, 4000));
  if (auto zone = calendar::Zone::find(profile.time_zone); !zone)
    check.that(false, "timeZone", zone.error().detail);
  for (const auto& hours : profile.hours) check_hours(check, hours, "hours");
  check.that(profile.holidays.size() <= max_holidays, "holidays",
             fmt::format("at most {}", max_holidays));
  std::set<calendar::Date> dates;
  std::set<std::string> holiday_ids;
  for (const auto& holiday : profile.holidays) {
    check.that(holiday.date.ok(), "holiday", "there is no such day");
    check.that(dates.insert(holiday.date).second, "holiday", "a date occurs twice");
    check.that(holiday.id.empty() || holiday_ids.insert(holiday.id.str()).second, "holiday",
               "an id occurs twice");
    check.text(check_line("holiday name", holiday.name, 0, 120));
    check_hours(check, holiday.hours, "holiday hours");
  }
  check.that(profile.resources.size() <= max_resources, "resources",
             fmt::format("at most {}", max_resources));
  check_unique_names(check, profile.resources, "resources");
  for (const auto& resource : profile.resources)
    check.text(check_line("resource name", resource.name, 1, 120));
  check_services(check, profile);
  check.between(profile.booking.minimum_notice, minutes{0}, minutes{365 * 24 * 60}, "notice",
                "minutes");
  check.between(profile.booking.furthest_ahead, std::chrono::days{1}, std::chrono::days{730},
                "furthest ahead", "days");
  check.between(profile.booking.slot_step, minutes{5}, minutes{480}, "slot step", "minutes");
  check_agent(check, profile.agent);
  return check.result();
}

}  // namespace parley::business
