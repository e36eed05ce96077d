#pragma once
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "parley/base/clock.hpp"
#include "parley/base/random.hpp"
#include "parley/simulators/fault_plan.hpp"

namespace parley::simulators {

/// One client, the service behind the gate, and the fault between them. up() and down() run side by
/// side on one strand, and each keeps it alive.
class GatedConnection {
 public:
  using Socket = asio::ip::tcp::socket;
  GatedConnection(Socket client, Socket service, Fault fault, Clock& clock)
      : client_(std::move(client)),
        service_(std::move(service)),
        fault_(std::move(fault)),
        clock_(clock),
        random_(fault_.seed) {}

  asio::awaitable<void> up();    ///< from the client to the service, until either ends
  asio::awaitable<void> down();  ///< and back
  /// Both see a failure.
  void cut();

 private:
  using error_code = boost::system::error_code;
  static constexpr std::size_t piece_bytes = 16u << 10;
  using Piece = std::array<char, piece_bytes>;

  /// Whether the fault ended the connection, as it does to the client's first bytes or the answer.
  asio::awaitable<bool> strikes(Fault::When when);
  asio::awaitable<bool> give(std::span<char> answer);
  asio::awaitable<bool> trickle(std::span<char> answer);
  void end();

  Socket client_;
  Socket service_;
  const Fault fault_;
  Clock& clock_;
  SeededRandom random_;
  bool client_spoke_ = false;
  std::size_t given_ = 0;
};

}  // namespace parley::simulators
