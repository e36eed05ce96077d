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
/// The same two beside an embedder that knows what words mean.
constexpr double share_beside_embedder = 0.5;
constexpr float least_match = 0.1F;
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

/// Scores by place.
struct BusinessIndex::Candidates {
  explicit Candidates(std::uint32_t places) : lexical(places) {}
  std::vector<float> lexical;  ///< dense: most words of a question stand in many passages
  std::unordered_map<std::uint32_t, float> similar;
  /// Of similarity below which it is chance.
  float least_similar = least_similarity;
  double words_share = lexical_share;
};

struct BusinessIndex::Ranked {
  double score;
  std::uint32_t place;
  float lexical;
  static bool better(const Ranked& a, const Ranked& b) {
    return a.score != b.score ? a.score > b.score : a.place < b.place;
  }
};

BusinessIndex::BusinessIndex(std::int64_t version, Segments segments, Speedup speedup)
    : version_(version), segments_(std::move(segments)), speedup_(std::move(speedup)) {
  double total = 0;
  for (const auto& segment : segments_) {
    passages_ += segment->passages();
    total += segment->total_length();
    size_bytes_ += segment->size_bytes() + 100;
  }
  if (passages_ > 0 && total > 0) average_length_ = total / static_cast<double>(passages_);
  if (speedup_.vectors) size_bytes_ += speedup_.vectors->size_bytes();
  if (speedup_.words) size_bytes_ += speedup_.words->size_bytes();
  number_places();
}

void BusinessIndex::number_places() {
  auto place = [&](const Segment* segment, std::uint32_t start) {
    placed_.push_back({start, segment});
    starts_.emplace(&segment->vectors(), start);
    documents_.emplace(segment->document().str(), placed_.back());
  };
  std::unordered_set<const Segment*> present;
  for (const auto& segment : segments_) present.insert(segment.get());
  if (speedup_.words) {
    for (const auto& segment : speedup_.words->segments()) {
      auto size = static_cast<std::uint32_t>(segment->passages());
      if (present.contains(segment.get()))
        place(segment.get(), places_);
      else
        gone_.emplace_back(places_, places_ + size);
      places_ += size;
    }
  }
  for (const auto& segment : segments_) {
    if (speedup_.words && speedup_.words->covers(segment.get())) continue;
    place(segment.get(), places_);
    not_merged_.push_back(placed_.back());
    places_ += static_cast<std::uint32_t>(segment->passages());
  }
}

std::optional<BusinessIndex::Speedup> BusinessIndex::make_speedup(
    const Segments& segments, const std::function<bool()>& stop) {
  VectorColumns::Blocks blocks;
  for (const auto& segment : segments)
    blocks.push_back(std::shared_ptr<const VectorBlock>(segment, &segment->vectors()));
  Speedup made;
  made.words = MergedWords::build(segments, stop);
  if (!made.words) return std::nullopt;
  made.vectors = VectorColumns::build(std::move(blocks), stop);
  if (!made.vectors) return std::nullopt;
  return made;
}

bool BusinessIndex::wants_speedup(std::size_t threshold) const {
  const auto& merged = speedup_.vectors;
  std::size_t outside = passages_;
  if (merged)
    for (const auto& segment : segments_)
      if (merged->covers(&segment->vectors())) outside -= segment->passages();
  bool mostly_gone = merged && merged->passages() > 2 * (passages_ - outside);
  // What is outside costs each search, a new one costs all passages: so it may be the more, the
  // more there are.
  auto worth_it = std::max(threshold, passages_ / 20);
  return outside > worth_it || (mostly_gone && passages_ > threshold);
}

double BusinessIndex::rarity(std::string_view term) const {
  std::size_t with = 0;
  if (speedup_.words) with += speedup_.words->postings(term).size();
  for (const auto& [start, segment] : not_merged_) with += segment->postings(term).size();
  if (with == 0) return 0;
  // Documents that are gone still count in the merged words.
  auto n = static_cast<double>(std::min(with, passages_));
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
  if (speedup_.words)
    speedup_.words->similar_terms(letters, static_cast<int>(2 * allowed), consider);
  for (const auto& [start, segment] : not_merged_)
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
  auto score = [&](const QueryTerm& term, float frequency, float length) {
    auto norm = 1 - length_penalty + length_penalty * static_cast<double>(length) / average_length_;
    auto often = static_cast<double>(frequency);
    return static_cast<float>(term.weight * often * (saturation + 1) / (often + saturation * norm));
  };
  for (const auto& term : terms) {
    if (speedup_.words)
      for (auto [place, frequency] : speedup_.words->postings(term.stem))
        candidates.lexical[place] += score(term, frequency, speedup_.words->length(place));
    for (const auto& [start, segment] : not_merged_)
      for (auto [passage, frequency] : segment->postings(term.stem))
        candidates.lexical[start + passage] += score(term, frequency, segment->length(passage));
  }
  for (auto [from, to] : gone_)
    std::fill(candidates.lexical.begin() + from, candidates.lexical.begin() + to, 0.0F);
}

void BusinessIndex::score_vectors(const std::vector<QueryTerm>& terms,
                                  Candidates& candidates) const {
  auto direction = embed_terms(terms);
  ByteVector query{{direction.begin(), direction.end()}, inverse_length(direction)};
  if (query.inverse_length == 0.0F) return;
  std::vector<std::pair<float, std::uint32_t>> found;
  const auto& merged = speedup_.vectors;
  if (merged) {
    for (const auto& [cosine, place] : merged->nearest(query, 2 * vector_candidates)) {
      auto start = starts_.find(place.block);
      if (start != starts_.end()) found.emplace_back(cosine, start->second + place.passage);
    }
  }
  for (const auto& [start, segment] : placed_) {
    const auto& vectors = segment->vectors();
    if (merged && merged->covers(&vectors)) continue;
    for (std::uint32_t p = 0; p < vectors.size(); ++p)
      found.emplace_back(vectors.cosine(query, p), start + p);
  }
  auto keep = std::min(found.size(), vector_candidates);
  std::ranges::partial_sort(found, found.begin() + static_cast<std::ptrdiff_t>(keep),
                            std::greater{});
  for (std::size_t i = 0; i < keep && found[i].first >= least_similarity; ++i)
    candidates.similar.emplace(found[i].second, found[i].first);
}

void BusinessIndex::score_matches(std::span<const VectorMatch> matches,
                                  Candidates& candidates) const {
  candidates.least_similar = least_match;
  candidates.words_share = share_beside_embedder;
  for (const auto& match : matches) {
    auto placed = documents_.find(match.document.str());
    if (placed == documents_.end() || match.similarity < least_match) continue;
    const auto& segment = *placed->second.segment;
    // A passage of an earlier version of the document has another id and is not found.
    for (std::uint32_t p = 0; p < segment.passages(); ++p)
      if (segment.id(p) == match.id)
        candidates.similar.emplace(placed->second.start + p, match.similarity);
  }
}

BusinessIndex::Hit BusinessIndex::hit_at(const Ranked& ranked) const {
  auto after = std::ranges::upper_bound(placed_, ranked.place, {}, &Placed::start);
  const auto& [start, segment] = *std::prev(after);
  return {segment->id(ranked.place - start), segment->document(),
          std::clamp(ranked.score, 0.0, 1.0), static_cast<double>(ranked.lexical)};
}

std::optional<BusinessIndex::Said> BusinessIndex::said(const Hit& hit) const {
  auto placed = documents_.find(hit.document.str());
  if (placed == documents_.end()) return std::nullopt;
  const auto* segment = placed->second.segment;
  for (std::size_t p = 0; p < segment->passages(); ++p)
    if (segment->id(p) == hit.id && segment->said(p)) return Said{segment, segment->said(p)};
  return std::nullopt;
}

std::vector<BusinessIndex::Hit> BusinessIndex::search(std::string_view query, std::size_t limit,
                                                      std::span<const VectorMatch> matches) const {
  if (passages_ == 0 || limit == 0) return {};
  auto terms = resolve(query_terms(query));
  if (terms.empty() && matches.empty()) return {};
  Candidates candidates(places_);
  score_words(terms, candidates);
  score_matches(matches, candidates);
  if (candidates.similar.empty()) {
    candidates.least_similar = least_similarity;
    candidates.words_share = lexical_share;
    score_vectors(terms, candidates);
  }

  auto most_lexical = 0.0F;
  for (auto score : candidates.lexical) most_lexical = std::max(most_lexical, score);
  auto most_similar = candidates.least_similar;
  for (const auto& [place, cosine] : candidates.similar)
    most_similar = std::max(most_similar, cosine);
  auto by_words = most_lexical > 0.0F ? candidates.words_share / most_lexical : 0.0;
  auto by_direction = (1 - candidates.words_share) / most_similar;

  std::vector<Ranked> best;
  for (const auto& [place, cosine] : candidates.similar) {
    auto lexical = std::exchange(candidates.lexical[place], 0.0F);
    best.push_back({by_words * lexical + by_direction * cosine, place, lexical});
  }
  // Of the many only those are kept that may still be among the best.
  auto cut = [&] {
    if (best.size() <= limit) return 0.0F;
    auto last = best.begin() + static_cast<std::ptrdiff_t>(limit);
    std::ranges::nth_element(best, last - 1, Ranked::better);
    best.erase(last, best.end());
    return by_words > 0 ? static_cast<float>(best.back().score / by_words) : 0.0F;
  };
  auto least = cut() * (1 - 1e-5F);
  auto full = 4 * limit + vector_candidates;
  for (std::uint32_t place = 0; place < candidates.lexical.size(); ++place) {
    auto lexical = candidates.lexical[place];
    if (lexical <= least) continue;
    best.push_back({by_words * lexical, place, lexical});
    if (best.size() >= full) least = cut() * (1 - 1e-5F);
  }
  std::ranges::sort(best, Ranked::better);
  if (best.size() > limit)
    best.erase(best.begin() + static_cast<std::ptrdiff_t>(limit), best.end());
  std::vector<Hit> hits;
  for (const auto& ranked : best) hits.push_back(hit_at(ranked));
  return hits;
}

}  // namespace parley::knowledge
