#pragma once
#include <boost/asio/awaitable.hpp>

#include "parley/base/error.hpp"

namespace parley {

namespace asio = boost::asio;

/// A coroutine that gives a T or the Error that prevented it. Cancellation is an exception
/// (boost::system::system_error with operation_aborted) and is never swallowed on the way up.
template <class T>
using Task = asio::awaitable<Result<T>>;

}  // namespace parley
