#include "claims.hpp"

#include <array>
#include <initializer_list>

#include "parley/base/strings.hpp"
#include "text.hpp"

namespace parley::dialog {
namespace {

/// Patterns of text.hpp over words: an apostrophe stays within its word.
constexpr std::array<std::string_view, 11> booked{
    "i've|we've|i|we have|just|already? booked|scheduled|reserved|rescheduled|moved",
    "i|we have just|now|already? booked|scheduled|reserved|rescheduled|moved",
    "i've|we've just|gone|now? ahead? and? booked|scheduled|reserved|rescheduled",
    "you're|you are? now|all booked|scheduled|set|confirmed",
    "all set for|on|at|with",
    "has|have been booked|scheduled|reserved|confirmed|rescheduled|moved",
    "ist|wurde gebucht|reserviert|eingetragen",
    "he reservado|agendado|programado",
    "ha sido reservada|agendada|confirmada|programada",
    "j'ai reserve|pris",
    "a ete reserve|confirme|enregistre"};
constexpr std::array<std::string_view, 7> has_booking{
    "you're|you are? booked|scheduled|confirmed",
    "appointment|booking|visit|reservation is|was now? booked|confirmed|scheduled|set|made|moved",
    "your spot|slot is reserved|confirmed|booked",
    "booking|appointment confirmed for|on|at",
    "termin ist|steht bestatigt|fest|gebucht",
    "cita esta confirmada|reservada|agendada",
    "rendez vous est confirme|reserve|pris"};
constexpr std::array<std::string_view, 5> cancelled{
    "i've|we've|i|we have? just|now? cancelled|canceled",
    "appointment|booking|visit is|was now? cancelled|canceled", "has been cancelled|canceled",
    "he cancelado", "j'ai annule"};
constexpr std::array<std::string_view, 4> message_taken{
    "i've|we've|i|we have? just? passed|forwarded|left|taken|sent on|along? your|the|a? message",
    "message has been sent|taken|passed|forwarded|left",
    "message was|is sent|taken|passed|forwarded",
    "nachricht ist|wurde hinterlassen|weitergeleitet|notiert"};

/// In the same clause: that it is not so, or not yet.
constexpr std::array<std::string_view, 4> denials{
    "not|never|nothing|can't|cannot|couldn't|haven't|isn't|aren't|hasn't|wasn't|unable",
    "can|shall|let|want|like|need|try|trying|whether", "nicht|kein|keine|mochten|soll",
    "pas|voulez|quiere"};
/// Anywhere in the sentence: that it depends.
constexpr std::array<std::string_view, 3> conditions{
    "once|when|if|before|until|after|unless|would|could|should|will|i'll|we'll|you'll|you'd|i'd",
    "wenn|sobald|falls|bevor", "si|cuando|quand"};

/// Without accents, as the patterns are written.
std::string plain_letters(std::string text) {
  struct Letter {
    std::string_view accented;
    std::string_view plain;
  };
  constexpr std::array<Letter, 12> letters{{{"\u2019", "'"},
                                            {"\u00E4", "a"},
                                            {"\u00F6", "o"},
                                            {"\u00FC", "u"},
                                            {"\u00E1", "a"},
                                            {"\u00E9", "e"},
                                            {"\u00E8", "e"},
                                            {"\u00ED", "i"},
                                            {"\u00F3", "o"},
                                            {"\u00FA", "u"},
                                            {"\u00E0", "a"},
                                            {"\u00EA", "e"}}};
  for (const auto& letter : letters)
    for (auto at = text.find(letter.accented); at != std::string::npos;
         at = text.find(letter.accented, at))
      text.replace(at, letter.accented.size(), letter.plain);
  return text;
}

template <class List>
bool matches(const Words& words, const List& patterns) {
  for (auto pattern : patterns)
    if (has(words, pattern)) return true;
  return false;
}

}  // namespace

std::optional<Claim> claim_in(std::string_view sentence) {
  auto text = plain_letters(std::string(sentence));
  if (trim(text).ends_with('?')) return std::nullopt;
  if (matches(words_of(text), conditions)) return std::nullopt;
  for (std::size_t at = 0; at < text.size();) {
    auto end = std::min(text.find_first_of(",;:", at), text.size());
    auto words = words_of(std::string_view(text).substr(at, end - at));
    at = end + 1;
    if (matches(words, denials)) continue;
    // German puts the verb at the end, however much stands before it.
    bool perfect = has(words, "habe|hab|haben ich|wir?");
    if (perfect && has(words, "abgesagt|storniert")) return Claim::cancelled;
    if (perfect && has(words, "gebucht|eingetragen|reserviert")) return Claim::booked;
    if (matches(words, cancelled)) return Claim::cancelled;
    if (matches(words, message_taken)) return Claim::message_taken;
    if (matches(words, booked)) return Claim::booked;
    if (matches(words, has_booking)) return Claim::has_booking;
  }
  return std::nullopt;
}

}  // namespace parley::dialog
