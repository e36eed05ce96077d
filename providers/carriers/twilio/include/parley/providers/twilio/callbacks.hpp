#pragma once
#include "parley/base/context.hpp"
#include "parley/base/error.hpp"
#include "parley/base/task.hpp"
#include "parley/net/http.hpp"

namespace parley::providers::twilio {

/// A webhook that wants no answer but that it arrived; its signature holds.
struct Callback {
  enum class Kind { status, recording, answer } kind = Kind::status;
  net::Fields form;
};

/// Where callbacks are kept before they are acknowledged.
class Callbacks {
 public:
  virtual ~Callbacks() = default;
  /// Durable when it returns. One that is known, or of no call of ours, is success. Errors: invalid
  /// (it can never be kept), unavailable and others (Twilio shall send it again).
  virtual Task<void> keep(Context ctx, Callback callback) = 0;
};

}  // namespace parley::providers::twilio
