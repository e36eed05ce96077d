#pragma once
#include <functional>
#include <vector>

#include "parley/dialog/language_model.hpp"

namespace parley::dialog {

/// That one engine's place was taken by another in one generation. For logs and metrics.
struct TakeOver {
  std::string from;
  std::string to;  ///< empty: nobody could
  Error why;       ///< timeout when it was only slow
};
/// May be called from any thread that uses the engines.
using OnTakeOver = std::function<void(const TakeOver&)>;

struct FallbackTimes {
  /// So long without an event, and the next engine is started beside it; who gives one first goes
  /// on, the other is cancelled.
  Duration slow_after = std::chrono::milliseconds(800);
  /// An engine that failed or lost its place is left alone: so long the first time, twice as long
  /// each further time, at least as long as it asked for (Retry-After).
  Duration first_rest = std::chrono::seconds(10);
  Duration longest_rest = std::chrono::minutes(2);
};

/// Several language models as one, best first. One that fails is left at once, a slow one when
/// another is faster. After text was given the next one goes on from those words: they are in its
/// prompt as what was already said, words that it repeats are left out, and text is given in whole
/// words only, so that none is cut in two. After a rest one generation tries the engine again while
/// the others still go elsewhere. A generation that gives neither text nor a request counts as a
/// failure.
///
/// generate() returns when there is a first event. Errors: unavailable when every engine has failed
/// or rests. A stream that had given requests when its engine failed and no other could take over
/// ends as if those were all. The engines and the clock outlive it. Thread-safe.
class FallbackLanguageModel final : public LanguageModel {
 public:
  FallbackLanguageModel(Clock& clock, std::vector<LanguageModel*> engines, FallbackTimes times = {},
                        OnTakeOver on_take_over = {});
  ~FallbackLanguageModel() override;
  /// Of the best one.
  std::string name() const override;
  Task<std::unique_ptr<LanguageStream>> generate(Context ctx, ModelPrompt prompt) override;

  struct Parts;

 private:
  std::unique_ptr<Parts> parts_;
};

}  // namespace parley::dialog
