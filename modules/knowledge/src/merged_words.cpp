#include "merged_words.hpp"

#include <algorithm>
#include <unordered_map>

namespace parley::knowledge {

std::shared_ptr<const MergedWords> MergedWords::build(Segments segments,
                                                      const std::function<bool()>& stop) {
  std::shared_ptr<MergedWords> merged(new MergedWords(std::move(segments)));
  if (!merged->fill(stop)) return nullptr;
  return merged;
}

bool MergedWords::fill(const std::function<bool()>& stop) {
  struct Term {
    std::string_view text;
    std::size_t count = 0;
    std::size_t next = 0;  ///< where its next posting goes
  };
  std::unordered_map<std::uint64_t, Term> terms;
  for (const auto& segment : segments_) {
    if (stop && stop()) return false;
    covered_.insert(segment.get());
    for (std::size_t p = 0; p < segment->passages(); ++p) lengths_.push_back(segment->length(p));
    for (std::size_t t = 0; t < segment->terms(); ++t) {
      auto& term = terms[segment->term_hash(t)];
      if (term.count == 0) term.text = segment->term(t);
      term.count += segment->postings_of(t).size();
    }
  }
  hashes_.reserve(terms.size());
  for (const auto& [hash, term] : terms) hashes_.push_back(hash);
  std::ranges::sort(hashes_);
  posting_starts_.reserve(hashes_.size() + 1);
  std::size_t start = 0;
  for (auto hash : hashes_) {
    auto& term = terms.find(hash)->second;
    texts_.push_back(term.text);
    letters_.push_back(Segment::letters_of(term.text));
    posting_starts_.push_back(start);
    term.next = start;
    start += term.count;
  }
  posting_starts_.push_back(start);
  postings_.resize(start);
  std::uint32_t first = 0;
  for (const auto& segment : segments_) {
    if (stop && stop()) return false;
    for (std::size_t t = 0; t < segment->terms(); ++t) {
      auto& next = terms.find(segment->term_hash(t))->second.next;
      for (const auto& posting : segment->postings_of(t))
        postings_[next++] = {first + posting.passage, posting.frequency};
    }
    first += static_cast<std::uint32_t>(segment->passages());
  }
  return true;
}

std::span<const Segment::Posting> MergedWords::postings(std::string_view term) const {
  auto hash = Segment::hash_of(term);
  auto found = std::ranges::lower_bound(hashes_, hash);
  if (found == hashes_.end() || *found != hash) return {};
  auto i = static_cast<std::size_t>(found - hashes_.begin());
  return std::span(postings_).subspan(posting_starts_[i],
                                      posting_starts_[i + 1] - posting_starts_[i]);
}

std::size_t MergedWords::size_bytes() const noexcept {
  return hashes_.size() * (3 * 8 + sizeof(std::string_view)) +
         postings_.size() * sizeof(Segment::Posting) + lengths_.size() * sizeof(float) +
         segments_.size() * 32;
}

}  // namespace parley::knowledge
