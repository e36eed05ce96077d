#include "error_words.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace parley::providers::elevenlabs {

Error error_of_word(std::string_view word) {
  constexpr std::array keys{std::string_view("auth_error"), std::string_view("invalid_api_key")};
  constexpr std::array unpaid{std::string_view("quota_exceeded"),
                              std::string_view("unaccepted_terms")};
  constexpr std::array busy{std::string_view("rate_limited"), std::string_view("queue_overflow"),
                            std::string_view("resource_exhausted"),
                            std::string_view("too_many_concurrent_requests"),
                            std::string_view("system_busy")};
  auto is_of = [&](auto& words) { return std::ranges::find(words, word) != words.end(); };
  // Anything but one known word could be a sentence with what was said in it.
  if (is_of(keys)) return {Errc::unauthenticated, "answered " + std::string(word)};
  if (is_of(unpaid)) return {Errc::forbidden, "answered " + std::string(word)};
  if (is_of(busy)) return {Errc::rate_limited, "answered " + std::string(word)};
  return {Errc::unavailable, "ended the session with an error"};
}

}  // namespace parley::providers::elevenlabs
