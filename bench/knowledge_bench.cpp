// Search and ingest of documents: how they cost from a hundred passages to a million.
//   knowledge_bench [most passages = 1000000]
//   knowledge_bench 1000000 only
//   knowledge_bench 1000000 words      the built-in embedding and words only
//   knowledge_bench 1000000 model      vectors of an embedding model only
//   knowledge_bench ingest
#include <fmt/format.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <random>
#include <thread>

#include "business_index.hpp"
#include "graph_figures.hpp"
#include "parsers.hpp"
#include "passages.hpp"
#include "spread.hpp"

namespace parley::knowledge {
namespace {

using bench::load_now;
using bench::processor_ms;
using bench::resident_mb;
using bench::Spread;
using bench::wall_ms;

constexpr std::size_t passages_a_document = 100;
constexpr std::size_t words_a_passage = 100;
constexpr std::size_t neighbours_asked = 10;
constexpr std::size_t queries_asked = 500;
const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());

std::string word(unsigned rank) {
  std::string out = "w";
  for (; rank > 0; rank /= 20) out += static_cast<char>('a' + rank % 20);
  return out;
}

/// Text as documents have it: words by Zipf's law, half of them from what the document is about
/// (two hundred words of its own), so that some passages are nearer to each other than others.
class Author {
 public:
  explicit Author(std::uint64_t seed) : random_(seed) {}

  std::vector<unsigned> subject() {
    std::vector<unsigned> words(200);
    for (auto& one : words) one = std::uniform_int_distribution<unsigned>(500, 200'000)(random_);
    return words;
  }
  std::string text(const std::vector<unsigned>& subject, std::size_t words) {
    std::string out;
    for (std::size_t w = 0; w < words; ++w) {
      bool common = random_() % 2 == 0;
      out += common ? word(zipf(200'000)) : word(subject[zipf(subject.size()) - 1]);
      out += ' ';
    }
    return out;
  }

 private:
  unsigned zipf(std::size_t most) {
    auto u = std::uniform_real_distribution<>(0, 1)(random_);
    return std::clamp<unsigned>(static_cast<unsigned>(std::pow(static_cast<double>(most), u)), 1,
                                static_cast<unsigned>(most));
  }
  std::mt19937_64 random_;
};

struct Corpus {
  BusinessIndex::Segments segments;
  std::vector<std::string> questions;
};

Corpus write_corpus(std::size_t passages) {
  Corpus corpus;
  auto documents = std::max<std::size_t>(1, passages / passages_a_document);
  corpus.segments.resize(documents);
  std::atomic<std::size_t> next = 0;
  auto write = [&] {
    for (auto d = next++; d < documents; d = next++) {
      Author author(d + 1);
      auto subject = author.subject();
      std::vector<IndexedPassage> cut;
      for (std::size_t p = 0; p < std::min(passages, passages_a_document); ++p) {
        auto text = author.text(subject, words_a_passage);
        cut.push_back({ChunkId(fmt::format("chunk_{}_{}", d, p)), "", text, embed_passage(text)});
      }
      corpus.segments[d] =
          std::make_shared<Segment>(DocumentId(fmt::format("doc_{}", d)), 1, "d", cut);
    }
  };
  {
    std::vector<std::jthread> authors;
    for (std::size_t t = 0; t < threads; ++t) authors.emplace_back(write);
  }
  Author asker(0);
  for (std::size_t q = 0; q < queries_asked; ++q) {
    Author again(q * 7919 % documents + 1);
    auto subject = again.subject();
    corpus.questions.push_back("how much is the " + asker.text(subject, 6));
  }
  return corpus;
}

/// The exact nearest, by looking at all.
std::vector<float> nearest_of_all(const Corpus& corpus, const ByteVector& query) {
  std::vector<float> all;
  for (const auto& segment : corpus.segments)
    for (std::size_t p = 0; p < segment->passages(); ++p)
      all.push_back(segment->vectors().cosine(query, p));
  auto keep = std::min(neighbours_asked, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(keep), std::greater{});
  all.resize(keep);
  return all;
}

ByteVector direction_of(const std::string& question) {
  auto direction = embed_terms(query_terms(question));
  return {{direction.begin(), direction.end()}, inverse_length(direction)};
}

void measure_vectors(const Corpus& corpus, const VectorColumns& columns) {
  Spread wall;
  Spread processor;
  Spread exact;
  double same = 0;
  double all = 0;
  auto asked = std::min<std::size_t>(corpus.questions.size(), 100);
  for (std::size_t q = 0; q < asked; ++q) {
    auto query = direction_of(corpus.questions[q]);
    auto a = wall_ms();
    auto b = processor_ms();
    auto found = columns.nearest(query, neighbours_asked);
    auto c = processor_ms();
    wall.values.push_back(wall_ms() - a);
    processor.values.push_back(c - b);
    auto expected = nearest_of_all(corpus, query);
    exact.values.push_back(processor_ms() - c);
    all += static_cast<double>(expected.size());
    // Passages equally near count as each other.
    for (const auto& [cosine, place] : found) same += cosine >= expected.back() - 1e-6F;
  }
  fmt::print(
      "  vectors alone: wall p50 {:.2f} ms, p99 {:.2f} ms, processor time p50 {:.2f} ms, p99 "
      "{:.2f} ms, recall@10 {:.3f}; one by one: processor time {:.1f} ms\n",
      wall.at(0.5), wall.at(0.99), processor.at(0.5), processor.at(0.99), same / all,
      exact.at(0.5));
  std::fflush(stdout);
}

using Found = std::vector<std::vector<BusinessIndex::Hit>>;

/// How many of the ten best of `exact` are among those of `quick`.
double recall(const Found& exact, const Found& quick) {
  double same = 0;
  double all = 0;
  for (std::size_t q = 0; q < std::min(exact.size(), quick.size()); ++q)
    for (const auto& hit : exact[q]) {
      ++all;
      same += std::ranges::any_of(quick[q], [&](const auto& one) { return one.id == hit.id; });
    }
  return same / all;
}

Found measure_search(std::string_view what, const BusinessIndex& index, const Corpus& corpus,
                     std::size_t asked) {
  Spread wall;
  Spread processor;
  Found found;
  for (std::size_t q = 0; q < asked; ++q) {
    auto a = wall_ms();
    auto p = processor_ms();
    found.push_back(index.search(corpus.questions[q], neighbours_asked));
    processor.values.push_back(processor_ms() - p);
    wall.values.push_back(wall_ms() - a);
    if (found.back().empty()) throw std::runtime_error("nothing was found");
  }
  fmt::print(
      "  words + vectors, {}: p50 {:.2f} ms, p99 {:.2f} ms (processor time p50 {:.2f}, p99 "
      "{:.2f})\n",
      what, wall.at(0.5), wall.at(0.99), processor.at(0.5), processor.at(0.99));
  std::fflush(stdout);
  return found;
}

void measure(std::size_t passages) {
  auto began = wall_ms();
  auto corpus = write_corpus(passages);
  auto written = wall_ms();
  BusinessIndex plain(1, corpus.segments);
  fmt::print(
      "{} passages of {} words in {} documents (text made, embedded and indexed in {:.1f} "
      "s), {:.0f} MB resident\n",
      plain.passages(), words_a_passage, corpus.segments.size(), (written - began) / 1e3,
      resident_mb());
  std::fflush(stdout);
  auto exact = measure_search("document by document", plain, corpus,
                              passages > 100'000 ? 50 : queries_asked);
  if (passages <= 5000) return;  // as the server does it
  auto blocks_at = wall_ms();
  auto speedup = BusinessIndex::make_speedup(corpus.segments).value();
  auto built = wall_ms();
  BusinessIndex quick(1, corpus.segments, speedup);
  fmt::print(
      "  vectors and words merged in {:.1f} s; {:.0f} MB resident, vectors {:.0f} MB, words {:.0f} "
      "MB; load {:.1f}\n",
      (built - blocks_at) / 1e3, resident_mb(),
      static_cast<double>(speedup.vectors->size_bytes()) / 1e6,
      static_cast<double>(speedup.words->size_bytes()) / 1e6, load_now());
  std::fflush(stdout);
  measure_vectors(corpus, *speedup.vectors);
  auto found = measure_search("merged", quick, corpus, queries_asked);
  fmt::print("  recall@10 of words + vectors against all compared: {:.3f}\n", recall(exact, found));
  std::fflush(stdout);
}

/// What becomes of a text once it is out of its document, against getting it out.
void measure_ingest() {
  Author author(1);
  auto subject = author.subject();
  std::string html = "<html><body>";
  std::string text;
  for (int p = 0; p < 3000; ++p) {
    auto paragraph = author.text(subject, 60) + ".";
    if (p % 20 == 0) html += "<h2>" + author.text(subject, 4) + "</h2>";
    html += "<p>" + paragraph + "</p>\n";
    text += paragraph + "\n\n";
  }
  html += "</body></html>";
  for (const auto& [type, bytes] :
       {std::pair<std::string, std::string>{"text/html", html}, {"text/plain", text}}) {
    Spread extraction;
    Spread cutting;
    Spread indexing;
    std::size_t passages = 0;
    for (int round = 0; round < 7; ++round) {
      auto a = processor_ms();
      auto extracted = parse_document(type, bytes, {});
      auto b = processor_ms();
      if (!extracted) throw std::runtime_error(extracted.error().detail);
      std::vector<IndexedPassage> indexed;
      for (auto& piece : cut_passages(extracted->blocks, {500, 50})) {
        auto direction = embed_passage(piece.heading + "\n" + piece.text);
        indexed.push_back(
            {ChunkId(fmt::format("c{}", indexed.size())), piece.heading, piece.text, direction});
      }
      auto c = processor_ms();
      Segment segment(DocumentId("doc_1"), 1, "d", indexed);
      auto d = processor_ms();
      passages = segment.passages();
      extraction.values.push_back(b - a);
      cutting.values.push_back(c - b);
      indexing.values.push_back(d - c);
    }
    auto mb = static_cast<double>(bytes.size()) / 1e6;
    auto speed = [&](Spread& spread) { return mb / spread.at(0.5) * 1e3; };
    fmt::print(
        "ingest of {} ({:.1f} MB, {} passages), processor time, median of 7: extraction {:.0f} ms "
        "({:.1f} MB/s), cutting and embedding {:.0f} ms ({:.1f} MB/s), indexing at the first "
        "search {:.0f} ms ({:.1f} MB/s)\n",
        type, mb, passages, extraction.at(0.5), speed(extraction), cutting.at(0.5), speed(cutting),
        indexing.at(0.5), speed(indexing));
  }
}

int run(int argc, char** argv) {
  struct sysinfo machine{};
  ::sysinfo(&machine);
  fmt::print("machine: {} cores, {:.1f} GB memory\n", std::thread::hardware_concurrency(),
             static_cast<double>(machine.totalram) * machine.mem_unit / 1e9);
  std::string_view first = argc > 1 ? argv[1] : "1000000";
  measure_ingest();
  if (first == "ingest") return 0;
  auto most = static_cast<std::size_t>(std::strtoull(argv[argc > 1 ? 1 : 0], nullptr, 10));
  if (argc < 2 || most == 0) most = 1'000'000;
  std::string_view what = argc > 2 ? argv[2] : "";
  std::size_t first_size = what.empty() ? 100 : most;
  for (std::size_t passages = first_size; passages <= most; passages *= 10) {
    if (what != "model") measure(passages);
    if (what != "words" && passages >= 10'000) bench::measure_graph(passages, threads);
  }
  return 0;
}

}  // namespace
}  // namespace parley::knowledge

int main(int argc, char** argv) { return parley::knowledge::run(argc, argv); }
