// What the words of whoever picks up say of them. English; other languages are told by rhythm.
#include <array>
#include <string>

#include "parley/audio/answer_detector.hpp"

namespace parley::audio {

namespace {

struct Phrase {
  std::string_view words;
  AnswerKind kind;
  double confidence;
};

constexpr auto machine = AnswerKind::machine;
constexpr auto screening = AnswerKind::screening;
constexpr auto human = AnswerKind::human;

/// The first that is found counts: what only a machine says stands before what both say.
constexpr std::array phrases{
    Phrase{"leave a message", machine, 0.97},
    Phrase{"leave your message", machine, 0.97},
    Phrase{"leave me a message", machine, 0.97},
    Phrase{"leave us a message", machine, 0.97},
    Phrase{"leave your name", machine, 0.95},
    Phrase{"record your message", machine, 0.97},
    Phrase{"after the tone", machine, 0.95},
    Phrase{"after the beep", machine, 0.95},
    Phrase{"at the tone", machine, 0.95},
    Phrase{"at the beep", machine, 0.95},
    Phrase{"voicemail", machine, 0.93},
    Phrase{"voice mail", machine, 0.93},
    Phrase{"voice messaging", machine, 0.93},
    Phrase{"mailbox", machine, 0.93},
    Phrase{"answering machine", machine, 0.93},
    Phrase{"come to the phone", machine, 0.9},
    Phrase{"take your call", machine, 0.85},
    Phrase{"get back to you", machine, 0.85},
    Phrase{"call you back as soon as", machine, 0.9},
    Phrase{"is not available", machine, 0.8},
    Phrase{"is unavailable", machine, 0.8},
    Phrase{"you have reached", machine, 0.7},
    Phrase{"you've reached", machine, 0.7},
    Phrase{"state your name", screening, 0.95},
    Phrase{"say your name", screening, 0.95},
    Phrase{"record your name", screening, 0.95},
    Phrase{"reason for your call", screening, 0.93},
    Phrase{"reason for calling", screening, 0.93},
    Phrase{"why you are calling", screening, 0.93},
    Phrase{"why you're calling", screening, 0.93},
    Phrase{"using a screening service", screening, 0.97},
    Phrase{"screening service", screening, 0.95},
    Phrase{"see if this person is available", screening, 0.95},
    Phrase{"before i try to connect", screening, 0.95},
    Phrase{"may i ask who is calling", screening, 0.75},
    Phrase{"who is calling", screening, 0.65},
    Phrase{"who's calling", screening, 0.65},
    Phrase{"who's there", human, 0.8},
    Phrase{"who is this", human, 0.8},
    Phrase{"how can i help", human, 0.8},
    Phrase{"how may i help", human, 0.8},
    Phrase{"speaking", human, 0.75},
    Phrase{"hello", human, 0.65},
};

std::string plain(std::string_view text) {
  std::string words;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'';
    if (kept)
      words += c;
    else if (!words.empty() && words.back() != ' ')
      words += ' ';
  }
  return words;
}

}  // namespace

AnswerWords judge_answer(std::string_view words) {
  auto said = plain(words);
  for (const auto& phrase : phrases)
    if (said.contains(phrase.words)) return {phrase.kind, phrase.confidence};
  return {};
}

}  // namespace parley::audio
