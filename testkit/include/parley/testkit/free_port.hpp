#pragma once

namespace parley::testkit {

/// A loopback port that nobody listened on a moment ago. Throws std::runtime_error.
int free_port();

/// Whether somebody accepts connections on that loopback port.
bool accepts(int port);

}  // namespace parley::testkit
