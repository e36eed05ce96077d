#include "parley/base/run_to_end.hpp"

#include <boost/asio/co_spawn.hpp>

namespace parley::detail {

void begin(asio::io_context& io, asio::awaitable<void> work, End& end) {
  asio::co_spawn(io, std::move(work), [&end](std::exception_ptr thrown) {
    end.thrown = std::move(thrown);
    end.reached = true;
  });
}

}  // namespace parley::detail
