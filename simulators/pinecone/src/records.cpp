#include "records.hpp"

#include <algorithm>
#include <cmath>

namespace parley::simulators {

namespace {

bool same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
  return a == b;
}

/// A list of strings has what one of them is.
bool equals(const json::value& has, const json::value& wanted) {
  if (!has.is_array()) return same(has, wanted);
  return std::ranges::any_of(has.get_array(), [&](const auto& one) { return same(one, wanted); });
}

bool stands_in(const json::value& has, const json::value& list) {
  if (!list.is_array()) return false;
  return std::ranges::any_of(list.get_array(), [&](const auto& one) { return equals(has, one); });
}

Result<bool> holds(const json::value* has, std::string_view word, const json::value& wanted) {
  if (word == "$exists") return wanted.is_bool() && (has != nullptr) == wanted.get_bool();
  if (word == "$ne") return has == nullptr || !equals(*has, wanted);
  if (word == "$nin") return has == nullptr || !stands_in(*has, wanted);
  if (word == "$eq") return has != nullptr && equals(*has, wanted);
  if (word == "$in") return has != nullptr && stands_in(*has, wanted);
  constexpr std::array comparisons{"$gt", "$gte", "$lt", "$lte"};
  if (std::ranges::find(comparisons, word) == comparisons.end())
    return fail(Errc::invalid, std::string(word) + " is not a valid operator");
  if (has == nullptr || !has->is_number() || !wanted.is_number()) return false;
  auto left = has->to_number<double>();
  auto right = wanted.to_number<double>();
  if (word == "$gt") return left > right;
  if (word == "$gte") return left >= right;
  if (word == "$lt") return left < right;
  return left <= right;
}

}  // namespace

Result<bool> passes(const json::object& metadata, const json::value& filter) {
  if (!filter.is_object()) return fail(Errc::invalid, "a filter is an object");
  for (const auto& [key, wanted] : filter.get_object()) {
    if (key == "$and" || key == "$or") {
      if (!wanted.is_array()) return fail(Errc::invalid, std::string(key) + " takes a list");
      bool any = false;
      bool all = true;
      for (const auto& one : wanted.get_array()) {
        auto good = passes(metadata, one);
        if (!good) return good;
        any = any || *good;
        all = all && *good;
      }
      if (key == "$and" ? !all : !any) return false;
      continue;
    }
    const auto* has = metadata.if_contains(key);
    if (!wanted.is_object()) {
      if (has == nullptr || !equals(*has, wanted)) return false;
      continue;
    }
    for (const auto& [word, value] : wanted.get_object()) {
      auto good = holds(has, word, value);
      if (!good || !*good) return good;
    }
  }
  return true;
}

float cosine(const std::vector<float>& a, const std::vector<float>& b) {
  auto dot = 0.0F;
  auto of_a = 0.0F;
  auto of_b = 0.0F;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += a[i] * b[i];
    of_a += a[i] * a[i];
    of_b += b[i] * b[i];
  }
  return dot / std::sqrt(of_a * of_b);
}

Result<std::vector<float>> values_in(const json::value* list, std::size_t dimension) {
  if (list == nullptr || !list->is_array()) return fail(Errc::invalid, "a vector has values");
  std::vector<float> out;
  bool zero = true;
  for (const auto& number : list->get_array()) {
    boost::system::error_code wrong;
    out.push_back(number.to_number<float>(wrong));
    if (wrong) return fail(Errc::invalid, "a vector's values are numbers");
    zero = zero && out.back() == 0.0F;
  }
  if (out.size() != dimension)
    return fail(Errc::invalid, "Vector dimension " + std::to_string(out.size()) +
                                   " does not match the dimension of the index " +
                                   std::to_string(dimension));
  if (zero) return fail(Errc::invalid, "Dense vectors must contain at least one non-zero value");
  return out;
}

Result<json::object> metadata_in(const json::value* value) {
  if (value == nullptr) return json::object{};
  if (!value->is_object()) return fail(Errc::invalid, "metadata is an object");
  for (const auto& [key, one] : value->get_object()) {
    bool strings = one.is_array() && std::ranges::all_of(one.get_array(), [](const auto& text) {
                     return text.is_string();
                   });
    if (!one.is_string() && !one.is_number() && !one.is_bool() && !strings)
      return fail(Errc::invalid,
                  "Metadata value must be a string, number, boolean or list of strings, got '" +
                      json::serialize(one) + "' for field '" + std::string(key) + "'");
  }
  return value->get_object();
}

}  // namespace parley::simulators
