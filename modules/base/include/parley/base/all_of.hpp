#pragma once
#include <vector>

#include "parley/base/task.hpp"

namespace parley {

/// Runs all of them until each has ended. When one throws, the others are cancelled and waited for,
/// and what it threw is thrown. The caller's own cancellation cancels all and comes out as
/// operation_aborted. All are in one group: Asio's `&&` makes a group, and two coroutines, for each
/// pair.
asio::awaitable<void> all_of(std::vector<asio::awaitable<void>> works);

}  // namespace parley
