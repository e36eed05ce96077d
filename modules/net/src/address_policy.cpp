#include "parley/net/address_policy.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace parley::net {

namespace {

namespace ip = boost::asio::ip;

struct Range {
  std::uint32_t network;
  int bits;
};

constexpr std::uint32_t v4(std::uint32_t a, std::uint32_t b, std::uint32_t c) {
  return a << 24 | b << 16 | c << 8;
}

// IANA's special-purpose registry.
constexpr std::array not_public{
    Range{v4(0, 0, 0), 8},      Range{v4(10, 0, 0), 8},     Range{v4(100, 64, 0), 10},
    Range{v4(127, 0, 0), 8},    Range{v4(169, 254, 0), 16}, Range{v4(172, 16, 0), 12},
    Range{v4(192, 0, 0), 24},   Range{v4(192, 0, 2), 24},   Range{v4(192, 88, 99), 24},
    Range{v4(192, 168, 0), 16}, Range{v4(198, 18, 0), 15},  Range{v4(198, 51, 100), 24},
    Range{v4(203, 0, 113), 24}, Range{v4(224, 0, 0), 4},    Range{v4(240, 0, 0), 4}};

bool is_public_v4(const ip::address_v4& address) {
  auto value = address.to_uint();
  auto covers = [value](const Range& range) {
    return value >> (32 - range.bits) == range.network >> (32 - range.bits);
  };
  return std::ranges::none_of(not_public, covers);
}

ip::address_v4 v4_inside(const ip::address_v6::bytes_type& bytes, std::size_t at) {
  return ip::address_v4({bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]});
}

bool starts_with(const ip::address_v6::bytes_type& bytes,
                 std::initializer_list<std::uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

bool is_public_v6(const ip::address_v6& address) {
  auto bytes = address.to_bytes();
  if (address.is_v4_mapped()) return is_public_v4(v4_inside(bytes, 12));
  if (starts_with(bytes, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}))  // NAT64
    return is_public_v4(v4_inside(bytes, 12));
  if (starts_with(bytes, {0x20, 0x02})) return is_public_v4(v4_inside(bytes, 2));  // 6to4
  if (starts_with(bytes, {0x20, 0x01, 0x0d, 0xb8})) return false;                  // documentation
  if (starts_with(bytes, {0x20, 0x01}) && bytes[2] < 2) return false;  // Teredo, ORCHID and kin
  return (bytes[0] & 0xE0) == 0x20;  // global unicast is 2000::/3, and nothing else is
}

}  // namespace

bool is_public_address(const ip::address& address) {
  return address.is_v4() ? is_public_v4(address.to_v4()) : is_public_v6(address.to_v6());
}

}  // namespace parley::net
