#pragma once
#include "parley/business/business.hpp"
#include "text.hpp"

namespace parley::dialog {

/// A service heard in a sentence.
struct ServiceHit {
  std::size_t index = 0;  ///< in Profile::services
  Span where;
  double score = 0;
  bool negated = false;  ///< "not the cleaning"
};

/// The words callers use for the services of one business. Immutable, thread-safe.
class ServiceLexicon {
 public:
  explicit ServiceLexicon(const business::Profile& profile);

  /// Every service named in the sentence, in order; two that fit the same words about equally well
  /// both stand there. `asked`: a service was asked for, so a weaker likeness is enough.
  enum class Context { any, asked };
  std::vector<ServiceHit> find(const Words& words, Context context) const;

  /// Ways to say each service: its name, its aliases, and words only it has.
  const std::vector<std::vector<Words>>& forms() const { return forms_; }

 private:
  std::vector<std::vector<Words>> forms_;
};

}  // namespace parley::dialog
