#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "parley/telephony/media_stream.hpp"

namespace parley::store {
class Tx;
}

namespace parley::telephony {

struct IncomingCall {
  std::string carrier;          ///< "twilio"
  std::string carrier_call_id;  ///< "CA..."
  std::string from;             ///< E.164, or empty when withheld
  std::string to;
  /// Whom a call without a number is for (a browser's); both empty: whoever `to` rings for.
  OrganizationId organization;
  BusinessId business;
};

/// What the carrier shall do with the call.
struct ConnectMedia {
  std::string media_token;  ///< one-time, names the call in the media URL
};
struct SayAndHangUp {
  std::string text;
};
using CallAnswer = std::variant<ConnectMedia, SayAndHangUp>;

enum class CarrierCallStatus { ringing, in_progress, completed, busy, failed, no_answer, canceled };
std::string_view to_string(CarrierCallStatus status) noexcept;
/// Takes the words carriers use; "queued" and "initiated" count as ringing. Errors: invalid.
Result<CarrierCallStatus> parse_status(std::string_view text);
bool is_final(CarrierCallStatus status) noexcept;

struct CallStatusUpdate {
  std::string carrier;
  std::string carrier_call_id;
  CarrierCallStatus status = CarrierCallStatus::ringing;
  std::int64_t sequence = 0;  ///< updates may arrive out of order
  std::optional<std::chrono::seconds> duration;
};

/// What a carrier says of a recording it made itself.
struct CarrierRecording {
  std::string carrier;
  std::string carrier_call_id;
  std::string recording_id;  ///< "RE..."
  std::string status;        ///< the carrier's word: "completed"
  std::string url;           ///< at the carrier, behind its own sign-in; empty while there is none
  std::optional<std::chrono::seconds> duration;
};

/// What carriers' adapters call when something comes in. Implemented by the calls product.
/// Every method is safe under repeated and out-of-order delivery.
class CallHandler {
 public:
  virtual ~CallHandler() = default;
  /// Never fails: whatever happens, the caller hears something.
  virtual asio::awaitable<CallAnswer> incoming(Context ctx, IncomingCall call) = 0;
  /// Whose call it is. Errors: not_found.
  virtual Result<OrganizationId> organization_of(store::Tx& tx, const std::string& carrier,
                                                 const std::string& carrier_call_id) = 0;
  /// In the transaction that marks the carrier's webhook as processed, which acts for the call's
  /// organization. Errors: not_found.
  virtual Result<void> status_changed(store::Tx& tx, const CallStatusUpdate& update) = 0;
  /// The same.
  virtual Result<void> recording_changed(store::Tx& tx, const CarrierRecording& recording) = 0;
  /// The media socket of a call opened with its token. Runs until the call's voice session ends.
  /// Errors: not_found (unknown, used or expired token; the stream is closed), conflict.
  virtual Task<void> media_opened(Context ctx, std::string media_token, std::string carrier_call_id,
                                  std::unique_ptr<MediaStream> stream) = 0;
  /// The media connection of a call ended and the carrier asks what next: hang up when the session
  /// is over, connect again when it broke.
  virtual asio::awaitable<std::optional<CallAnswer>> media_ended(Context ctx, std::string carrier,
                                                                 std::string carrier_call_id) = 0;
};

/// What we ask of a carrier. Implemented by its adapter.
class Carrier {
 public:
  virtual ~Carrier() = default;
  virtual std::string name() const = 0;
  /// Idempotent: a call that is over is success. Errors: unavailable, timeout, outcome_unknown.
  virtual Task<void> hang_up(Context ctx, std::string carrier_call_id) = 0;
};

}  // namespace parley::telephony
