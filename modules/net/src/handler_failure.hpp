#pragma once
#include <boost/asio/awaitable.hpp>
#include <string>

namespace parley::net {

/// The text of the exception being handled: for the log only.
std::string what_was_thrown();

/// What a handler threw may have been its cancellation, which passes on.
boost::asio::awaitable<void> throw_if_cancelled();

}  // namespace parley::net
