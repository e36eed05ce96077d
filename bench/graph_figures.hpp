#pragma once
#include <cstddef>

namespace parley::bench {

/// Prints what searching the vectors of an embedding model (ModelVectors) costs and finds, among so
/// many passages: the HNSW graph of the embedded store, against comparing all in floats.
void measure_graph(std::size_t passages, std::size_t threads);

}  // namespace parley::bench
