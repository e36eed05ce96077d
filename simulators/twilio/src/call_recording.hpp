#pragma once
#include "account.hpp"
#include "parley/simulators/twilio_line.hpp"

namespace parley::simulators {

/// One recording of a call while it is made: mono has what the server said, dual the callee left
/// and the server right.
class CallRecording {
 public:
  enum class Channels { mono = 1, dual = 2 };
  CallRecording(std::string sid, Channels channels, net::Fields callbacks)
      : sid_(std::move(sid)), channels_(channels), callbacks_(std::move(callbacks)) {}

  void add(const PlayedFrame& frame);
  const std::string& sid() const noexcept { return sid_; }
  const net::Fields& callbacks() const noexcept { return callbacks_; }
  /// Whether whoever asked with this form wants to know of the event; of completed alone unless
  /// they said.
  static bool tells(const net::Fields& callbacks, std::string_view event);
  Duration length() const;
  std::string wav() const;
  /// What a callback says of it.
  static net::Fields described(const Resource& recording);

 private:
  std::string sid_;
  Channels channels_;
  net::Fields callbacks_;  ///< the form it was asked for with
  audio::Samples samples_;
};

}  // namespace parley::simulators
