#include "english_tables.hpp"

#include <algorithm>
#include <array>

#include "parley/base/strings.hpp"

namespace parley::dialog::english {
namespace {

struct Form {
  std::string_view written;
  std::string_view said;
};

constexpr std::array<Form, 37> abbreviations{{{"dr", "Doctor"},        {"mr", "Mister"},
                                              {"mrs", "Missus"},       {"ms", "Miz"},
                                              {"prof", "Professor"},   {"ave", "Avenue"},
                                              {"blvd", "Boulevard"},   {"rd", "Road"},
                                              {"ln", "Lane"},          {"apt", "apartment"},
                                              {"ste", "suite"},        {"approx", "approximately"},
                                              {"appt", "appointment"}, {"appts", "appointments"},
                                              {"dept", "department"},  {"etc", "et cetera"},
                                              {"vs", "versus"},        {"inc", "Incorporated"},
                                              {"ltd", "Limited"},      {"corp", "Corporation"},
                                              {"jr", "Junior"},        {"sr", "Senior"},
                                              {"e.g", "for example"},  {"i.e", "that is"},
                                              {"mon", "Monday"},       {"tue", "Tuesday"},
                                              {"tues", "Tuesday"},     {"wed", "Wednesday"},
                                              {"thu", "Thursday"},     {"thur", "Thursday"},
                                              {"thurs", "Thursday"},   {"fri", "Friday"},
                                              {"sat", "Saturday"},     {"min", "minutes"},
                                              {"mins", "minutes"},     {"hrs", "hours"},
                                              {"ext", "extension"}}};

struct Unit {
  std::string_view written;
  std::string_view one;
  std::string_view many;
};
constexpr std::array<Unit, 40> units{{{"kg", "kilogram", "kilograms"},
                                      {"g", "gram", "grams"},
                                      {"mg", "milligram", "milligrams"},
                                      {"lb", "pound", "pounds"},
                                      {"lbs", "pound", "pounds"},
                                      {"oz", "ounce", "ounces"},
                                      {"km", "kilometer", "kilometers"},
                                      {"m", "meter", "meters"},
                                      {"cm", "centimeter", "centimeters"},
                                      {"mm", "millimeter", "millimeters"},
                                      {"mi", "mile", "miles"},
                                      {"ft", "foot", "feet"},
                                      {"yd", "yard", "yards"},
                                      {"sq ft", "square foot", "square feet"},
                                      {"sq. ft", "square foot", "square feet"},
                                      {"sqft", "square foot", "square feet"},
                                      {"sq m", "square meter", "square meters"},
                                      {"m\u00B2", "square meter", "square meters"},
                                      {"mph", "mile per hour", "miles per hour"},
                                      {"km/h", "kilometer per hour", "kilometers per hour"},
                                      {"min", "minute", "minutes"},
                                      {"mins", "minute", "minutes"},
                                      {"hr", "hour", "hours"},
                                      {"hrs", "hour", "hours"},
                                      {"h", "hour", "hours"},
                                      {"sec", "second", "seconds"},
                                      {"secs", "second", "seconds"},
                                      {"ms", "millisecond", "milliseconds"},
                                      {"yrs", "year", "years"},
                                      {"yr", "year", "years"},
                                      {"wks", "week", "weeks"},
                                      {"ml", "milliliter", "milliliters"},
                                      {"l", "liter", "liters"},
                                      {"gal", "gallon", "gallons"},
                                      {"GB", "gigabyte", "gigabytes"},
                                      {"MB", "megabyte", "megabytes"},
                                      {"\u00B0F", "degree Fahrenheit", "degrees Fahrenheit"},
                                      {"\u00B0C", "degree Celsius", "degrees Celsius"},
                                      {"\u00B0", "degree", "degrees"},
                                      {"%", "percent", "percent"}}};

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 24> streets{
    "street", "st",   "avenue",  "ave",     "road",  "rd",     "boulevard", "blvd",
    "lane",   "ln",   "drive",   "dr",      "court", "ct",     "place",     "pl",
    "way",    "pkwy", "parkway", "highway", "hwy",   "square", "terrace",   "broadway"};
constexpr std::array<std::string_view, 8> rooms{"room", "suite", "ste",    "apartment",
                                                "apt",  "unit",  "flight", "gate"};
constexpr std::array<std::string_view, 51> states{
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID",
    "IL", "IN", "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO",
    "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA",
    "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"};
constexpr std::array<std::string_view, 12> codes{
    "code",         "zip",     "zipcode", "pin",    "reference", "id",
    "confirmation", "account", "policy",  "member", "tracking",  "extension"};

template <class List>
bool has(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

}  // namespace

std::optional<std::string_view> abbreviation(std::string_view word) {
  auto lower = to_lower(word);
  for (const auto& form : abbreviations)
    if (form.written == lower) return form.said;
  return std::nullopt;
}

std::optional<std::string_view> unit(std::string_view text, bool one) {
  for (const auto& form : units)
    if (form.written == text) return one ? form.one : form.many;
  return std::nullopt;
}

int month(std::string_view word) {
  auto lower = to_lower(word);
  for (std::size_t i = 0; i < months.size(); ++i) {
    auto name = to_lower(months[i]);
    bool short_form = lower == name.substr(0, 3) || (i == 8 && lower == "sept");
    if (lower == name || short_form) return static_cast<int>(i) + 1;
  }
  return 0;
}

std::string_view month_name(int month) { return months[static_cast<std::size_t>(month - 1)]; }

bool is_street_word(std::string_view word) { return has(streets, to_lower(word)); }
bool is_room_word(std::string_view word) { return has(rooms, to_lower(word)); }
bool is_state(std::string_view word) { return has(states, word); }
bool is_code_word(std::string_view word) { return has(codes, to_lower(word)); }

}  // namespace parley::dialog::english
