#pragma once
#include <span>
#include <vector>

#include "fault_rule.hpp"

namespace parley::simulators {

/// Reads the language of fault_plan.hpp: one pass over words.
class FaultParser {
 public:
  FaultParser(std::string_view text, FaultPlan::Place place) : text_(text), place_(place) {}
  Result<std::vector<FaultPlan::Rule>> rules();

 private:
  struct Word {
    std::string_view text;
    std::size_t line = 1;
    std::size_t column = 1;
    enum class Kind { word, quoted, end_of_rule, end } kind = Kind::word;
  };
  using Rule = FaultPlan::Rule;

  Result<void> cut();
  Result<Rule> rule();
  Result<void> effect(Rule& rule);
  Result<void> status(Rule& rule);
  Result<void> condition(Rule& rule);
  Result<void> check(const Rule& rule, const Word& effect) const;
  const Word& peek() const { return words_[at_]; }
  const Word& take() { return words_[at_ < words_.size() - 1 ? at_++ : at_]; }
  Result<const Word*> argument(std::string_view of, std::string_view example);
  Result<std::uint64_t> number(std::string_view of, std::uint64_t least, std::uint64_t most);
  Result<Duration> duration(const Word& word, std::string_view text) const;
  Result<std::uint64_t> whole(const Word& word, std::string_view text, std::uint64_t least,
                              std::uint64_t most) const;
  std::unexpected<Error> wrong(const Word& word, std::string what) const;
  std::unexpected<Error> unknown(const Word& word, std::string_view kind,
                                 std::span<const std::string> known) const;

  std::string_view text_;
  FaultPlan::Place place_;
  std::vector<Word> words_;
  std::size_t at_ = 0;
};

}  // namespace parley::simulators
