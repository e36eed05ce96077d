#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "words.hpp"

namespace parley::knowledge {

inline constexpr std::size_t embedding_size = 256;

/// A direction in feature space in one byte a dimension: a unit vector, scaled so that its largest
/// component is 127.
using Embedding = std::array<std::int8_t, embedding_size>;

/// What a text is about, without a model: hashed word stems and character trigrams, so that words
/// misheard, misspelt or inflected still come near. The same on every machine and in every version:
/// stored.
Embedding embed_passage(std::string_view utf8);
/// A question's terms, each with the weight that its rarity in the searched passages gives it.
Embedding embed_terms(std::span<const QueryTerm> terms);

}  // namespace parley::knowledge
