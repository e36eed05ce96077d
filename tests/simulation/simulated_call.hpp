#pragma once
#include <memory>
#include <string>
#include <vector>

#include "booking_caller.hpp"
#include "fake_tools.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/providers/pocketsphinx/pocketsphinx_recognizer.hpp"
#include "parley/voice/call_session.hpp"

namespace parley::simulation {

using callers::Answers;
using callers::CallerSound;

struct SimulatedCall {
  std::string
      transcript;  ///< both sides in the order of the call, with what was heard of the caller
  voice::SessionReport report;
};

/// The embedded recognizer, computing inline. Loading its model takes a second: one for all calls.
class Listener {
 public:
  Listener();
  speech::Recognizer& recognizer() { return *recognizer_; }

 private:
  WorkerPool pool_{{.name = "hearing", .threads = 0}};
  std::unique_ptr<providers::pocketsphinx::PocketsphinxRecognizer> recognizer_;
};

struct CallSetting {
  dialog::testing::Practice& practice;
  std::vector<std::string> documents;  ///< sentences of the business's documents
  std::string from = "+12125550142";
  Duration limit = std::chrono::minutes(4);
  std::string today = "2026-03-02";  ///< the call begins there at 15:00 UTC, 10 AM in New York
};

/// One call in virtual time, from the caller's sound to the appointment: the call session with its
/// turn detection, the embedded recognizer and the built-in dialogue are the real ones; the line,
/// the agent's voice and the calendar are stand-ins. The noise of the line never stops. The same
/// sound and seed give the same call.
SimulatedCall hold_call(Listener& listener, CallSetting setting, CallerSound sound,
                        Answers answers);

/// Sentences of a dental practice's documents.
std::vector<std::string> practice_documents();

struct BookingCall : SimulatedCall {
  bool booked = false;  ///< the wanted service, day and time, and nothing else
  bool named = false;   ///< under the caller's name
  bool wrong = false;   ///< an appointment that the caller did not want
  int keys = 0;         ///< how often the caller had to press a key
};
/// One of callers::booking_callers() books what they want at a practice that is open every day. The
/// seed gives the noise, and the day on which they call.
BookingCall book_by_voice(Listener& listener, std::size_t caller, std::uint64_t seed);

struct QuestionCall : SimulatedCall {
  bool answered = false;
  int tries = 0;
};
/// Somebody asks what only the documents know, up to three times, and waits for `answer`.
QuestionCall ask_by_voice(Listener& listener, CallerSound sound, const std::string& question,
                          const std::string& answer);

}  // namespace parley::simulation
