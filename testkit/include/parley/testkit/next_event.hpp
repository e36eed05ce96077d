#pragma once
#include "parley/telephony/media_stream.hpp"

namespace parley::testkit {

/// One event of a stream; what follows it stays there. Errors: as receive_all().
inline Task<telephony::MediaEvent> next_event(telephony::MediaStream& stream) {
  std::optional<telephony::MediaEvent> next;
  auto receiving = stream.receive_all([&](telephony::MediaEvent& event) {
    next = std::move(event);
    return false;
  });
  auto received = co_await std::move(receiving);
  if (!received) co_return std::unexpected(received.error());
  co_return std::move(*next);
}

}  // namespace parley::testkit
