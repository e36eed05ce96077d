#include "own_words.hpp"

#include "parley/base/strings.hpp"

namespace parley::dialog {
namespace {

constexpr OwnWords english{
    .thanks_for_calling = "Thank you for calling",
    .i_am = "I'm",
    .assistant = "the automated assistant.",
    .recorded = "This call is recorded.",
    .how_can_i_help = "How can I help you?",
    .not_understood = "I'm sorry, I didn't catch that. Could you say it again?",
    .filler = "One moment, please, I'm looking.",
    .lost_thread = "I'm sorry, I lost my thread there. What else can I do for you?",
    .nothing_done = "To be clear, I haven't changed anything yet. Shall I try again?",
    .anything_else = "Is there anything else I can do for you?",
    .still_there = "Are you still there?",
    .goodbye = "Thank you for calling. Goodbye."};
constexpr OwnWords german{
    .thanks_for_calling = "Vielen Dank f\u00FCr Ihren Anruf bei",
    .i_am = "Ich bin",
    .assistant = "der automatische Assistent.",
    .recorded = "Dieses Gespr\u00E4ch wird aufgezeichnet.",
    .how_can_i_help = "Wie kann ich Ihnen helfen?",
    .not_understood = "Das habe ich leider nicht verstanden. K\u00F6nnen Sie es bitte wiederholen?",
    .filler = "Einen Moment bitte, ich sehe nach.",
    .lost_thread = "Entschuldigung, ich habe den Faden verloren. Was kann ich f\u00FCr Sie tun?",
    .nothing_done =
        "Um es klar zu sagen: Es ist noch nichts eingetragen. Soll ich es noch einmal "
        "versuchen?",
    .anything_else = "Kann ich sonst noch etwas f\u00FCr Sie tun?",
    .still_there = "Sind Sie noch da?",
    .goodbye = "Vielen Dank f\u00FCr Ihren Anruf. Auf Wiederh\u00F6ren."};
constexpr OwnWords spanish{
    .thanks_for_calling = "Gracias por llamar a",
    .i_am = "Soy",
    .assistant = "el asistente autom\u00E1tico.",
    .recorded = "Esta llamada se graba.",
    .how_can_i_help = "\u00BFEn qu\u00E9 puedo ayudarle?",
    .not_understood = "Perdone, no le he entendido. \u00BFPuede repetirlo?",
    .filler = "Un momento, por favor, lo estoy mirando.",
    .lost_thread = "Perdone, he perdido el hilo. \u00BFQu\u00E9 puedo hacer por usted?",
    .nothing_done =
        "Para que quede claro: todav\u00EDa no he hecho ning\u00FAn cambio. "
        "\u00BFLo intento otra vez?",
    .anything_else = "\u00BFPuedo ayudarle en algo m\u00E1s?",
    .still_there = "\u00BFSigue ah\u00ED?",
    .goodbye = "Gracias por llamar. Adi\u00F3s."};
constexpr OwnWords french{
    .thanks_for_calling = "Merci d'avoir appel\u00E9",
    .i_am = "Je suis",
    .assistant = "l'assistant automatique.",
    .recorded = "Cet appel est enregistr\u00E9.",
    .how_can_i_help = "Comment puis-je vous aider ?",
    .not_understood = "Pardon, je n'ai pas compris. Pouvez-vous r\u00E9p\u00E9ter ?",
    .filler = "Un instant, je regarde.",
    .lost_thread = "Pardon, j'ai perdu le fil. Que puis-je faire pour vous ?",
    .nothing_done =
        "Pour \u00EAtre clair, rien n'est encore chang\u00E9. Voulez-vous que "
        "j'essaie encore ?",
    .anything_else = "Puis-je faire autre chose pour vous ?",
    .still_there = "\u00CAtes-vous toujours l\u00E0 ?",
    .goodbye = "Merci de votre appel. Au revoir."};

}  // namespace

const OwnWords& own_words(std::string_view language) {
  auto tag = to_lower(language.substr(0, language.find('-')));
  if (tag == "de") return german;
  if (tag == "es") return spanish;
  if (tag == "fr") return french;
  return english;
}

OwnGreeting own_greeting_of(const business::Agent& agent) {
  const auto& greeting = agent.greeting;
  auto end = greeting.find_last_not_of(' ');
  if (end == greeting.npos || greeting[end] != '?') return {greeting, ""};
  auto before = greeting.find_last_of(".!?", end - 1);
  if (end == 0 || before == greeting.npos) return {greeting, ""};
  auto begin = greeting.find_first_not_of(' ', before + 1);
  return {greeting.substr(0, before + 1), greeting.substr(begin, end + 1 - begin)};
}

std::vector<std::string> own_greeting(const business::Profile& profile, bool recording) {
  const auto& words = own_words(profile.agent.language);
  std::vector<std::string> sentences;
  auto introduced =
      std::string(words.i_am) + " " + profile.agent.name + ", " + std::string(words.assistant);
  auto [said, question] = own_greeting_of(profile.agent);
  if (said.empty()) said = std::string(words.thanks_for_calling) + " " + profile.name + ".";
  sentences.push_back(std::move(said));
  sentences.push_back(std::move(introduced));
  if (recording)
    sentences.push_back(profile.agent.recording_notice.empty() ? std::string(words.recorded)
                                                               : profile.agent.recording_notice);
  sentences.push_back(question.empty() ? std::string(words.how_can_i_help) : std::move(question));
  return sentences;
}

}  // namespace parley::dialog
