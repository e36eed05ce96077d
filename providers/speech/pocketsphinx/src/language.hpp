#pragma once
#include <memory>
#include <string>
#include <vector>

#include "lexicon.hpp"
#include "parley/base/error.hpp"
#include "parley/speech/recognizer.hpp"

namespace parley::providers::pocketsphinx {

/// An Expectation made ready for decoders: checked, with the sound of every word. Immutable.
struct Language {
  struct Word {
    std::string text;
    std::vector<std::string> pronunciations;
  };
  std::string fingerprint;
  std::string grammar;                 ///< complete JSGF, empty when there is none
  std::string arpa;                    ///< n-gram model, empty when there is none
  std::vector<Word> words;             ///< all that either uses
  std::vector<std::string> unsayable;  ///< words of sentences and keywords without a pronunciation
};

/// Errors: invalid for a grammar that does not parse, imports another, has no public rule or holds
/// a word that cannot be said.
Result<std::shared_ptr<const Language>> compile(const speech::Expectation& expectation,
                                                const Lexicon& lexicon);

/// Lower-case words of plain text; what is no word is left out.
std::vector<std::string> plain_words(std::string_view text);

/// What is listened for when the dialogue says nothing.
const speech::Expectation& default_expectation();

}  // namespace parley::providers::pocketsphinx
