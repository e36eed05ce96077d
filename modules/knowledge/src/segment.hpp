#pragma once
#include <memory>
#include <string>
#include <vector>

#include "embedding.hpp"
#include "parley/base/id.hpp"
#include "vector_block.hpp"

namespace parley::knowledge {

/// A passage on its way into an index.
struct IndexedPassage {
  ChunkId id;
  std::string heading;
  std::string text;
  Embedding embedding;
  std::int64_t page = 0;
};

/// The index of one document's passages. Never changes: a new version of the document is a new
/// segment, so searches need no lock and a change costs only what changed.
class Segment {
 public:
  struct Posting {
    std::uint32_t passage;
    float frequency;  ///< words of headings and of the document's name count double
  };

  Segment(DocumentId document, std::int64_t version, std::string_view name,
          const std::vector<IndexedPassage>& passages);

  /// What a passage says, for when the database cannot tell. Longer documents have none in memory.
  struct Said {
    std::string heading;
    std::string text;
    std::int64_t page;
  };
  const Said* said(std::size_t passage) const { return said_.empty() ? nullptr : &said_[passage]; }
  const std::string& name() const noexcept { return name_; }

  const DocumentId& document() const noexcept { return document_; }
  std::int64_t version() const noexcept { return version_; }
  std::size_t passages() const noexcept { return ids_.size(); }
  const ChunkId& id(std::size_t passage) const { return ids_[passage]; }
  float length(std::size_t passage) const { return lengths_[passage]; }
  double total_length() const noexcept { return total_length_; }
  const VectorBlock& vectors() const noexcept { return vectors_; }

  std::span<const Posting> postings(std::string_view term) const;
  /// Of the terms below; the same on every machine.
  static std::uint64_t hash_of(std::string_view term);
  /// Calls `visit(hash, term)` for each term whose letters differ from `letters` (see letters_of)
  /// in at most `differences` places: what a misspelt word might be.
  template <class Visit>
  void similar_terms(std::uint64_t letters, int differences, Visit visit) const {
    for (std::size_t i = 0; i < letters_.size(); ++i)
      if (__builtin_popcountll(letters_[i] ^ letters) <= differences) visit(hashes_[i], term(i));
  }
  static std::uint64_t letters_of(std::string_view term);

  std::size_t terms() const noexcept { return hashes_.size(); }
  std::uint64_t term_hash(std::size_t i) const { return hashes_[i]; }
  std::string_view term(std::size_t i) const {
    return std::string_view(text_).substr(term_starts_[i], term_starts_[i + 1] - term_starts_[i]);
  }
  std::span<const Posting> postings_of(std::size_t i) const {
    return std::span(postings_).subspan(posting_starts_[i],
                                        posting_starts_[i + 1] - posting_starts_[i]);
  }

  std::size_t size_bytes() const noexcept;

 private:
  DocumentId document_;
  std::int64_t version_;
  std::string name_;
  std::vector<Said> said_;
  std::vector<ChunkId> ids_;
  std::vector<float> lengths_;
  double total_length_ = 0;
  VectorBlock vectors_{embedding_size};
  // Terms in the order of their hashes, their text one after the other.
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint64_t> letters_;
  std::vector<std::uint32_t> term_starts_;
  std::string text_;
  std::vector<std::uint32_t> posting_starts_;
  std::vector<Posting> postings_;
};

}  // namespace parley::knowledge
