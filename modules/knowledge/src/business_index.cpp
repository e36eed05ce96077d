#include "business_index.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace parley::knowledge {

namespace {

// BM25's two constants: how soon repeating a word stops counting, how much long passages are
// marked down.
constexpr double saturation = 1.2;
constexpr double length_penalty = 0.5;
/// How much of the fused score is words; the rest is the embedding.
constexpr double lexical_share = 0.7;
/// Below this a cosine of the built-in embedding is chance.
constexpr float least_similarity = 0.2F;
/// A word that no passage has still gives the embedding its letters.
constexpr double unknown_weight = 1.0;
constexpr std::size_t vector_candidates = 64;
constexpr std::size_t max_corrections = 3;
constexpr std::size_t longest_corrected = 30;

/// The edit distance of two words of at most 32 letters, or nothing above `allowed`. Gives up
/// early: it is asked of every word that has about the same letters.
std::optional<std::size_t> near_distance(std::string_view a, std::string_view b,
                                         std::size_t allowed) {
  std::array<std::uint8_t, 33> row;
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0];
    row[0] = static_cast<std::uint8_t>(i);
    auto least = row[0];
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = static_cast<std::uint8_t>(std::min({replaced, row[j] + 1, row[j - 1] + 1}));
      least = std::min(least, row[j]);
    }
    if (least > allowed) return std::nullopt;
  }
  if (row[b.size()] > allowed) return std::nullopt;
  return row[b.size()];
}

}  // namespace

/// Scores by place: by segment, then by passage.
struct BusinessIndex::Candidates {
  explicit Candidates(const Segments& segments) {
    std::uint32_t start = 0;
    for (const auto& segment : segments) {
      starts.emplace(segment.get(), start);
      start += static_cast<std::uint32_t>(segment->passages());
    }
    lexical.resize(start);
  }
  std::unordered_map<const Segment*, std::uint32_t> starts;
  std::vector<float> lexical;  ///< dense: most words of a question stand in many passages
  std::unordered_map<std::uint32_t, float> similar;
};

BusinessIndex::BusinessIndex(std::int64_t version, Segments segments,
                             std::shared_ptr<const VectorGraph> graph)
    : version_(version), segments_(std::move(segments)), graph_(std::move(graph)) {
  double total = 0;
  for (const auto& segment : segments_) {
    passages_ += segment->passages();
    total += segment->total_length();
    size_bytes_ += segment->size_bytes();
  }
  if (passages_ > 0 && total > 0) average_length_ = total / static_cast<double>(passages_);
  if (graph_) size_bytes_ += graph_->size_bytes();
}

bool BusinessIndex::wants_graph(std::size_t threshold) const {
  std::size_t outside = passages_;
  if (graph_)
    for (const auto& segment : segments_)
      if (graph_->covers(segment.get())) outside -= segment->passages();
  bool mostly_gone = graph_ && graph_->passages() > 2 * (passages_ - outside);
  return outside > threshold || (mostly_gone && passages_ > threshold);
}

double BusinessIndex::rarity(std::string_view term) const {
  std::size_t with = 0;
  for (const auto& segment : segments_) with += segment->postings(term).size();
  if (with == 0) return 0;
  auto n = static_cast<double>(with);
  return std::log(1.0 + (static_cast<double>(passages_) - n + 0.5) / (n + 0.5));
}

/// Known words get their rarity as weight; unknown ones become the words they may be a slip of.
std::vector<QueryTerm> BusinessIndex::resolve(std::vector<QueryTerm> terms) const {
  std::vector<QueryTerm> out;
  for (auto& term : terms) {
    auto rare = rarity(term.stem);
    if (rare > 0) out.push_back({std::move(term.stem), term.weight * rare});
    // A joined or related word that no passage has was only a guess.
    else if (term.weight == 1.0)
      replace_unknown(term, out);
    if (rare == 0 && term.weight == 1.0) out.push_back({std::move(term.stem), unknown_weight});
  }
  return out;
}

void BusinessIndex::replace_unknown(const QueryTerm& term, std::vector<QueryTerm>& out) const {
  if (term.stem.size() < 4 || term.stem.size() > longest_corrected) return;
  std::size_t allowed = term.stem.size() < 7 ? 1 : 2;
  std::map<std::string, std::size_t, std::less<>> found;
  std::unordered_set<std::uint64_t> judged;  // documents share most of their words
  auto consider = [&](std::uint64_t hash, std::string_view candidate) {
    auto gap = candidate.size() > term.stem.size() ? candidate.size() - term.stem.size()
                                                   : term.stem.size() - candidate.size();
    if (gap > allowed || candidate.size() < 3 || !judged.insert(hash).second) return;
    if (auto distance = near_distance(candidate, term.stem, allowed))
      found.emplace(candidate, *distance);
  };
  auto letters = Segment::letters_of(term.stem);
  for (const auto& segment : segments_)
    segment->similar_terms(letters, static_cast<int>(2 * allowed), consider);
  std::vector<std::pair<std::size_t, std::string>> best;
  for (auto& [candidate, distance] : found) best.emplace_back(distance, candidate);
  std::ranges::sort(best);
  for (std::size_t i = 0; i < std::min(best.size(), max_corrections); ++i) {
    auto weight = best[i].first == 1 ? 0.7 : 0.45;
    auto rare = rarity(best[i].second);
    out.push_back({std::move(best[i].second), term.weight * weight * rare});
  }
}

void BusinessIndex::score_words(const std::vector<QueryTerm>& terms, Candidates& candidates) const {
  for (const auto& segment : segments_) {
    auto start = candidates.starts.at(segment.get());
    for (const auto& term : terms) {
      for (const auto& posting : segment->postings(term.stem)) {
        auto norm = 1 - length_penalty +
                    length_penalty * static_cast<double>(segment->length(posting.passage)) /
                        average_length_;
        auto frequency = static_cast<double>(posting.frequency);
        auto gain = term.weight * frequency * (saturation + 1) / (frequency + saturation * norm);
        candidates.lexical[start + posting.passage] += static_cast<float>(gain);
      }
    }
  }
}

void BusinessIndex::score_vectors(const std::vector<QueryTerm>& terms,
                                  Candidates& candidates) const {
  auto query = embed_terms(terms);
  auto inverse = inverse_length(query);
  if (inverse == 0.0F) return;
  std::vector<std::pair<float, std::uint32_t>> found;
  if (graph_) {
    for (const auto& [cosine, place] : graph_->nearest(query, 2 * vector_candidates)) {
      auto start = candidates.starts.find(place.segment);
      if (start != candidates.starts.end())
        found.emplace_back(cosine, start->second + place.passage);
    }
  }
  for (const auto& segment : segments_) {
    if (graph_ && graph_->covers(segment.get())) continue;
    auto start = candidates.starts.at(segment.get());
    for (std::uint32_t p = 0; p < segment->passages(); ++p)
      found.emplace_back(
          similarity(query, inverse, segment->embedding(p), segment->inverse_length(p)), start + p);
  }
  auto keep = std::min(found.size(), vector_candidates);
  std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(keep),
                            std::greater{});
  for (std::size_t i = 0; i < keep && found[i].first >= least_similarity; ++i)
    candidates.similar.emplace(found[i].second, found[i].first);
}

std::vector<BusinessIndex::Hit> BusinessIndex::search(std::string_view query,
                                                      std::size_t limit) const {
  if (passages_ == 0) return {};
  auto terms = resolve(query_terms(query));
  if (terms.empty()) return {};
  Candidates candidates(segments_);
  score_words(terms, candidates);
  score_vectors(terms, candidates);

  auto most_lexical = *std::ranges::max_element(candidates.lexical);
  auto most_similar = least_similarity;
  for (const auto& [place, cosine] : candidates.similar)
    most_similar = std::max(most_similar, cosine);
  std::vector<std::pair<double, std::uint32_t>> ranked;
  for (std::uint32_t place = 0; place < candidates.lexical.size(); ++place) {
    auto similar = candidates.similar.find(place);
    bool near = similar != candidates.similar.end();
    auto lexical = candidates.lexical[place];
    if (lexical <= 0.0F && !near) continue;
    auto words = most_lexical > 0.0F ? static_cast<double>(lexical / most_lexical) : 0.0;
    auto direction = near ? static_cast<double>(similar->second / most_similar) : 0.0;
    ranked.emplace_back(lexical_share * words + (1 - lexical_share) * direction, place);
  }
  auto keep = std::min(limit, ranked.size());
  auto better = [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  };
  std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(keep), better);

  std::vector<Hit> hits;
  for (std::size_t i = 0; i < keep; ++i) {
    auto [score, place] = ranked[i];
    for (const auto& segment : segments_) {
      auto start = candidates.starts.at(segment.get());
      if (place < start || place >= start + segment->passages()) continue;
      hits.push_back({segment->id(place - start), segment->document(), std::clamp(score, 0.0, 1.0),
                      static_cast<double>(candidates.lexical[place])});
      break;
    }
  }
  return hits;
}

}  // namespace parley::knowledge
