#include "parley/voice/call_session.hpp"

#include "call_session_impl.hpp"

namespace parley::voice {

std::string_view to_string(EndReason reason) noexcept {
  switch (reason) {
    case EndReason::caller_hung_up:
      return "caller_hung_up";
    case EndReason::agent_hung_up:
      return "agent_hung_up";
    case EndReason::hung_up_by_us:
      return "hung_up_by_us";
    case EndReason::media_lost:
      return "media_lost";
    case EndReason::length_limit:
      return "length_limit";
    case EndReason::failed:
      return "failed";
  }
  return "unknown";
}

CallSession::CallSession(SessionParts parts, SessionSettings settings)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(settings))) {}
CallSession::~CallSession() = default;

asio::awaitable<SessionReport> CallSession::run(Context ctx) { return impl_->run(std::move(ctx)); }

void CallSession::request_hang_up() {
  impl_->hang_up_requested.store(true);
  std::lock_guard lock(impl_->executor_mutex);
  if (!impl_->wake) return;
  impl_->wake();
}

}  // namespace parley::voice
