#pragma once
#include "understanding.hpp"

namespace parley::dialog {

/// What the words alone say the caller is after; `service` and `when` tell that one was heard.
/// The order of the rules in rules.cpp is their priority.
struct Heard {
  bool service = false;
  bool when = false;
  bool busy = false;
  Asked asked = Asked::open;
};
Intent intent_of(const Words& words, Heard heard);

/// Yes or no at the start of the sentence; anywhere in it when a yes or no was asked for.
std::optional<bool> yes_or_no(const Words& words, Asked asked);

/// "the second one", "number two", "the last one", of `count`.
std::optional<std::size_t> choice_of(const Words& words, std::size_t count);

/// "the time is wrong".
Act::Part part_of(const Words& words);

/// "whenever", "what do you have": any time suits.
bool any_time(const Words& words);

}  // namespace parley::dialog
