#pragma once
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "parley/net/http.hpp"

namespace parley::net {

/// One server-sent event.
struct StreamEvent {
  std::string name;  ///< of its event field; empty: it had none
  std::string data;  ///< its data lines, joined with LF
};

/// Reads text/event-stream (the WHATWG's rules) from pieces that may be cut anywhere: within CRLF,
/// within a character. Lines end with LF, CR or CRLF; comments, ids, retry times and unknown fields
/// are left out, and so are events without data and one that its blank line does not end.
class EventStreamParser {
 public:
  /// What an event may have in all of its lines together.
  static constexpr std::size_t default_max_event_bytes = 1u << 20;
  explicit EventStreamParser(std::size_t max_event_bytes = default_max_event_bytes)
      : max_event_bytes_(max_event_bytes) {}

  /// Take what next() gives before the next piece is fed: so no more waits than a piece makes.
  /// Errors: too_large, and it stays so.
  Result<void> feed(std::string_view piece);
  /// The oldest whole event that was not taken yet.
  std::optional<StreamEvent> next();

 private:
  void end_line();
  std::size_t kept_bytes() const { return line_.size() + event_.data.size() + event_.name.size(); }

  const std::size_t max_event_bytes_;
  std::string line_;
  StreamEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;  ///< an LF now belongs to the line that has ended
  bool is_first_line_ = true;
  bool is_too_large_ = false;
  std::deque<StreamEvent> whole_;
};

/// The events of a streamed body, read as they are asked for. Used from one strand; dropping it
/// lets go of the body.
class EventStreamReader {
 public:
  explicit EventStreamReader(
      BodyStream body, std::size_t max_event_bytes = EventStreamParser::default_max_event_bytes)
      : body_(std::move(body)), parser_(max_event_bytes) {}

  /// Errors: end_of_stream after an orderly end of the body, too_large, or the body's own.
  Task<StreamEvent> next();
  /// Bytes of the body so far.
  std::size_t received_bytes() const noexcept { return received_bytes_; }

 private:
  BodyStream body_;
  EventStreamParser parser_;
  std::size_t received_bytes_ = 0;
};

}  // namespace parley::net
