#include "parley/providers/flite/pronunciation.hpp"

#include <algorithm>
#include <cctype>

#include "library.hpp"

namespace parley::providers::flite {

std::mutex& library_mutex() {
  static std::mutex mutex;
  return mutex;
}

void initialise_library() {
  static const bool done = [] {
    flite_init();
    return true;
  }();
  (void)done;
}

std::vector<std::string> pronounce(std::string_view word) {
  std::vector<std::string> phones;
  if (word.empty() || word.size() > 64) return phones;
  const bool plain =
      std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '\''; });
  const bool has_letter = std::ranges::any_of(word, [](char c) { return c != '\''; });
  if (!plain || !has_letter) return phones;
  std::lock_guard lock(library_mutex());
  initialise_library();
  const std::string text(word);
  cst_val* found = lex_lookup(cmu_lex_init(), text.c_str(), nullptr, nullptr);
  for (const cst_val* item = found; item != nullptr; item = val_cdr(item)) {
    std::string phone = val_string(val_car(item));
    std::erase_if(phone, [](char c) { return c >= '0' && c <= '9'; });
    if (phone == "pau" || phone.empty()) continue;
    // Flite tells the reduced vowel from the full one; CMU's phone set does not.
    if (phone == "ax") phone = "ah";
    for (char& c : phone) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    phones.push_back(std::move(phone));
  }
  delete_val(found);
  return phones;
}

}  // namespace parley::providers::flite
