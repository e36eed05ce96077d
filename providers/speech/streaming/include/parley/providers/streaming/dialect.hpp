#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parley/audio/frame.hpp"
#include "parley/net/websocket.hpp"

namespace parley::providers::streaming {

/// What a vendor's message says about the running utterance.
struct Heard {
  enum class Kind {
    nothing,    ///< about something else
    partial,    ///< the words since the last settled ones, for now
    settled,    ///< these words are fixed; more follows
    finalized,  ///< the same, and it answers a finalize
    deaf        ///< there was too little to hear: it answers a finalize with no words
  };
  Kind kind = Kind::nothing;
  std::string text;
  double confidence = 0;
  std::optional<Duration> until;  ///< so much of the session's audio was listened to
  std::vector<std::string> alternatives;
};

/// How one vendor speaks over its WebSocket. One session, one strand.
class Dialect {
 public:
  virtual ~Dialect() = default;
  virtual net::WebSocketMessage audio(std::span<const std::int16_t> samples) = 0;
  virtual net::WebSocketMessage finalize() = 0;
  /// Nothing: it needs none.
  virtual std::optional<net::WebSocketMessage> keep_alive() = 0;
  virtual std::optional<net::WebSocketMessage> farewell() = 0;
  /// Errors: whatever ends the session.
  virtual Result<Heard> read(const net::WebSocketMessage& message) = 0;
};

/// Confidence in words of a language that was not asked for: the dialogue asks again rather than
/// act on them.
inline constexpr double foreign_confidence = 0.3;

}  // namespace parley::providers::streaming
