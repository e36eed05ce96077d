#pragma once
#include <string>
#include <vector>

#include "parley/business/business.hpp"
#include "parley/dialog/dialogue.hpp"

namespace parley::dialog {

/// What tools with an effect have done in a call: so that each is told to the caller, nothing else
/// is claimed, and nothing is done twice.
class EffectLedger {
 public:
  explicit EffectLedger(std::shared_ptr<const business::Profile> profile)
      : profile_(std::move(profile)) {}

  enum class Told { no, yes };
  /// Notes a result; a refusal ({"booked": false}) is none.
  void note(const ToolSpec& spec, const json::object& arguments, const json::object& result,
            Told told);
  /// The result of the same call made before in this call, if it still stands.
  const json::object* standing(std::string_view tool, const json::object& arguments) const;

  bool booked_or_moved() const;
  bool did(std::string_view tool) const;
  /// A tool of the business's own did something: what, only it knows.
  bool did_own() const;
  std::size_t count() const noexcept { return effects_.size(); }
  bool has_untold() const;
  /// Confirms, in the built-in dialogue's words, what the caller was not told; then it is.
  std::vector<std::string> tell();
  void all_told();
  /// For the model: one line each.
  std::string lines() const;
  /// From what was done alone: kind "none" and no summary when there was nothing.
  Outcome outcome() const;

 private:
  struct Effect {
    std::string tool;
    json::object arguments;
    json::object result;
    bool told = false;
    bool stands = true;
  };
  std::string sentence(const Effect& effect) const;
  std::string note_of(const Effect& effect) const;

  std::shared_ptr<const business::Profile> profile_;
  std::vector<Effect> effects_;
};

/// The same text for equal JSON, whatever the order of its fields.
std::string canonical(const json::value& value);

}  // namespace parley::dialog
