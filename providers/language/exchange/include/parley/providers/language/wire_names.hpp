#pragma once
#include <map>
#include <string>
#include <vector>

#include "parley/dialog/language_model.hpp"

namespace parley::providers::language {

/// The names of one prompt's tools, and the ids of its requests, in the letters that vendors
/// accept: A-Z, a-z, 0-9, _ and -. What is accepted as it is stays; others get a name of their own.
class WireNames {
 public:
  static constexpr std::size_t max_name_bytes = 64;
  static constexpr std::size_t max_id_bytes = 40;

  explicit WireNames(const dialog::ModelPrompt& prompt);

  const std::string& name(const std::string& ours) const { return names_.at(ours); }
  /// As the prompt has it; a name that it does not have stays as it is.
  std::string our_name(const std::string& wire) const;
  /// Of the request in messages[message] and of its answer in the one after it. Ids that engines
  /// make anew for each answer ("call_0") are told apart.
  const std::string& id(std::size_t message, const std::string& ours) const {
    return ids_.at({message, ours});
  }

 private:
  void add_name(const std::string& ours);
  std::map<std::string, std::string> names_;
  std::map<std::string, std::string> ours_;
  std::map<std::pair<std::size_t, std::string>, std::string> ids_;
};

/// What every vendor refuses. Errors: invalid: no message, roles that do not take turns, an empty
/// message, a request without its answer in the next message, or an answer without its request.
Result<void> check(const dialog::ModelPrompt& prompt);

}  // namespace parley::providers::language
