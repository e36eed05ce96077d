#pragma once
#include <string>
#include <string_view>

#include "parley/base/clock.hpp"

namespace parley::voice {

/// What is known of a caller's turn at a pause in it.
struct TurnSoFar {
  std::string_view asked;  ///< what the caller answers: Expectation::name
  std::string_view words;  ///< partials or early finals; empty when the engine told none
  /// The words are of all that was spoken; otherwise their end says nothing.
  enum class Freshness { stale, current } freshness = Freshness::current;
  Duration voiced{};  ///< how much speech there was
  /// How far the words can be believed, 0 to 1: what they say counts that much.
  double belief = 1;
};

/// The belief in words of an engine that does not say how sure it is of its partials, as the
/// embedded one, which fits whatever it hears into its grammar until the sentence is complete.
inline constexpr double belief_in_unsure_words = 0.5;

/// Why a pause is taken for an end or not; each a number of the sum below. For tests and logs.
struct EndSigns {
  double state = 0;         ///< what was asked: a yes is short, a number is given in groups
  double syntax = 0;        ///< how the words end: "and", "my name is", "um", a question mark
  double completeness = 0;  ///< an answer to what was asked, or part of one
  double length = 0;        ///< how much was spoken
};

/// Whether the turn is over, and how long a pause may be.
struct EndEstimate {
  double over = 0.5;  ///< probability
  EndSigns signs;
  /// The words are an answer or a whole request: work on the reply may begin.
  bool complete = false;
};

/// A small logistic estimate: its weights are in the table at the top of endpointer.cpp, chosen
/// with bench/turn_bench on one set of scripted turns and judged on another. English words; for
/// other languages give no words. A pure function.
EndEstimate estimate_end(const TurnSoFar& turn);

/// How long a pause may be before it ends the turn. `usual` is what it is when nothing speaks for
/// either side; the least is 0.36 and the most 2.3 times that (250 ms and 1.6 s of 700 ms).
Duration patience_of(const EndEstimate& estimate, Duration usual);

}  // namespace parley::voice
