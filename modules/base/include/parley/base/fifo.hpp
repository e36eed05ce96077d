#pragma once
#include <boost/container/deque.hpp>

namespace parley {

/// What waits in order. An empty one has no memory, where std::deque has 600 bytes: a call has a
/// dozen of them, most of them empty.
template <class T>
using Fifo = boost::container::deque<T>;

}  // namespace parley
