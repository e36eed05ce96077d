#include "segment.hpp"

#include <algorithm>
#include <unordered_map>

namespace parley::knowledge {

namespace {
constexpr std::size_t most_text_kept = 1u << 20;  ///< bytes, of a document
}

std::uint64_t Segment::hash_of(std::string_view term) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (char c : term) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return hash;
}

Segment::Segment(DocumentId document, std::int64_t version, std::string_view name,
                 const std::vector<IndexedPassage>& passages)
    : document_(std::move(document)), version_(version), name_(name) {
  std::size_t text_bytes = 0;
  for (const auto& passage : passages) text_bytes += passage.heading.size() + passage.text.size();
  if (text_bytes <= most_text_kept)
    for (const auto& passage : passages)
      said_.push_back({passage.heading, passage.text, passage.page});
  std::unordered_map<std::string, std::vector<Posting>> terms;
  auto named = name.substr(0, name.rfind('.'));
  for (std::uint32_t p = 0; p < passages.size(); ++p) {
    const auto& passage = passages[p];
    auto length = 0.0F;
    auto count = [&](std::string_view text, float weight) {
      for (auto& term : index_terms(text)) {
        length += weight;
        auto& list = terms[std::move(term)];
        if (list.empty() || list.back().passage != p) list.push_back({p, 0.0F});
        list.back().frequency += weight;
      }
    };
    count(named, 1.0F);
    count(passage.heading, 2.0F);
    count(passage.text, 1.0F);
    ids_.push_back(passage.id);
    lengths_.push_back(length);
    total_length_ += length;
    vectors_.add(passage.embedding);
  }
  std::vector<std::pair<std::uint64_t, const std::pair<const std::string, std::vector<Posting>>*>>
      order;
  order.reserve(terms.size());
  for (const auto& entry : terms) order.emplace_back(hash_of(entry.first), &entry);
  std::ranges::sort(order, {}, [](const auto& item) { return item.first; });
  for (const auto& [hash, entry] : order) {
    hashes_.push_back(hash);
    letters_.push_back(letters_of(entry->first));
    term_starts_.push_back(static_cast<std::uint32_t>(text_.size()));
    text_ += entry->first;
    posting_starts_.push_back(static_cast<std::uint32_t>(postings_.size()));
    postings_.insert(postings_.end(), entry->second.begin(), entry->second.end());
  }
  term_starts_.push_back(static_cast<std::uint32_t>(text_.size()));
  posting_starts_.push_back(static_cast<std::uint32_t>(postings_.size()));
}

std::span<const Segment::Posting> Segment::postings(std::string_view term) const {
  auto hash = hash_of(term);
  auto found = std::ranges::lower_bound(hashes_, hash);
  if (found == hashes_.end() || *found != hash) return {};
  return postings_of(static_cast<std::size_t>(found - hashes_.begin()));
}

std::uint64_t Segment::letters_of(std::string_view term) {
  std::uint64_t letters = 0;
  for (char c : term) letters |= std::uint64_t{1} << (static_cast<unsigned char>(c) & 63u);
  return letters;
}

std::size_t Segment::size_bytes() const noexcept {
  std::size_t said = 0;
  for (const auto& one : said_) said += sizeof(Said) + one.heading.size() + one.text.size();
  return said + sizeof(*this) + ids_.size() * (sizeof(ChunkId) + 40 + sizeof(float)) +
         vectors_.size_bytes() + hashes_.size() * 24 + text_.size() +
         postings_.size() * sizeof(Posting);
}

}  // namespace parley::knowledge
