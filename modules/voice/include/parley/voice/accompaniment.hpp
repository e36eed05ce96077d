#pragma once
#include <memory>

#include "parley/dialog/dialogue.hpp"
#include "parley/speech/recognizer.hpp"
#include "parley/speech/synthesizer.hpp"
#include "parley/telephony/companion.hpp"
#include "parley/voice/journal.hpp"

namespace parley::voice {

/// The engines and the dialogue of a call whose line can also show things: the companion is told
/// what is heard, said and done, and a call goes on as text while speech is away. A sentence that
/// no engine speaks is shown, and counts as heard. An engine that failed is tried again by itself,
/// so the voice comes back as it went.
///
/// One call, on its strand; outlives the session that uses its parts.
class Accompaniment {
 public:
  struct Parts {
    telephony::Companion& companion;
    Clock& clock;
    speech::Recognizer& recognizer;
    speech::Synthesizer& synthesizer;
    Journal& journal;  ///< is told of a voice that failed, since the session does not see it fail
  };
  explicit Accompaniment(Parts parts);
  ~Accompaniment();
  Accompaniment(const Accompaniment&) = delete;
  Accompaniment& operator=(const Accompaniment&) = delete;

  speech::Recognizer& recognizer() noexcept;
  speech::Synthesizer& synthesizer() noexcept;
  /// The same dialogue, with more patience while the caller types.
  std::unique_ptr<dialog::Dialogue> patient(std::unique_ptr<dialog::Dialogue> dialogue);
  /// What goes into the timeline is told to the companion, as far as it concerns it.
  void follow(const TimelineEntry& entry);

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

}  // namespace parley::voice
