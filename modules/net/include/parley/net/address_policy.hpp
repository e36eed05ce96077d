#pragma once
#include <boost/asio/ip/address.hpp>

namespace parley::net {

/// Whether an address belongs to the public internet: not loopback, private, shared (100.64/10),
/// link-local (where clouds keep their metadata), unique-local, multicast, documentation, reserved
/// or unspecified; an IPv6 address that carries an IPv4 one counts as that one.
bool is_public_address(const boost::asio::ip::address& address);

}  // namespace parley::net
