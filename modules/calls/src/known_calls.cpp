#include "known_calls.hpp"

namespace parley::calls {

KnownCalls::Known& KnownCalls::touch(const CallId& call) {
  auto [found, added] = calls_.try_emplace(call);
  if (added) {
    recent_.push_front(call);
    found->second.recency = recent_.begin();
    if (recent_.size() > most_calls) {
      auto oldest = recent_.back();
      drop(oldest);
    }
  } else {
    recent_.splice(recent_.begin(), recent_, found->second.recency);
  }
  return found->second;
}

KnownCalls::Known* KnownCalls::find(const CallId& call) {
  auto found = calls_.find(call);
  return found == calls_.end() ? nullptr : &found->second;
}

const KnownCalls::Known* KnownCalls::by_carrier(const std::string& carrier,
                                                const std::string& carrier_call_id) const {
  auto named = by_carrier_.find({carrier, carrier_call_id});
  if (named == by_carrier_.end()) return nullptr;
  auto found = calls_.find(named->second);
  return found == calls_.end() ? nullptr : &found->second;
}

void KnownCalls::drop(const CallId& call) {
  auto found = calls_.find(call);
  if (found == calls_.end()) return;
  auto& known = found->second;
  by_carrier_.erase({known.call.carrier, known.call.carrier_call_id});
  by_token_.erase(known.media_token);
  recent_.erase(known.recency);
  calls_.erase(found);
}

KnownCalls::Answered KnownCalls::add(const Call& call, Profile profile,
                                     const std::string& media_token, Token kept) {
  std::lock_guard lock(mutex_);
  if (auto* there = by_carrier(call.carrier, call.carrier_call_id))
    return {there->call.id, there->media_token};
  auto& known = touch(call.id);
  known.call = call;
  known.profile = std::move(profile);
  known.media_token = media_token;
  known.token = kept;
  by_carrier_[{call.carrier, call.carrier_call_id}] = call.id;
  by_token_[media_token] = call.id;
  return {call.id, media_token};
}

std::optional<KnownCalls::Waiting> KnownCalls::waiting_with(
    const std::string& media_token, const std::string& carrier_call_id) const {
  std::lock_guard lock(mutex_);
  auto found = by_token_.find(media_token);
  if (media_token.empty() || found == by_token_.end()) return std::nullopt;
  auto& known = calls_.at(found->second);
  if (known.call.carrier_call_id != carrier_call_id) return std::nullopt;
  return Waiting{known.call.id, known.token};
}

Result<rows::Connected> KnownCalls::connect(const std::string& media_token,
                                            const std::string& carrier_call_id, WallTime now) {
  std::lock_guard lock(mutex_);
  auto found = by_token_.find(media_token);
  if (media_token.empty() || found == by_token_.end())
    return fail(Errc::not_found, "no such token");
  auto& known = calls_.at(found->second);
  if (known.call.carrier_call_id != carrier_call_id)
    return fail(Errc::not_found, "a token of another call");
  by_token_.erase(found);
  known.media_token.clear();
  rows::Connected connected;
  if (known.call.answered)
    connected.begins = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::max(now - *known.call.answered, WallTime::duration(0)));
  known.call.status = CallStatus::in_progress;
  if (!known.call.answered) known.call.answered = now;
  known.ended.reset();
  connected.call = known.call;
  connected.connection = ++known.connections;
  connected.next_sequence = known.next_sequence;
  touch(known.call.id);
  return connected;
}

void KnownCalls::connected(rows::Connected& connected) {
  std::lock_guard lock(mutex_);
  auto& known = touch(connected.call.id);
  by_token_.erase(known.media_token);
  known.media_token.clear();
  known.call = connected.call;
  by_carrier_[{known.call.carrier, known.call.carrier_call_id}] = known.call.id;
  known.connections = connected.connection = std::max(known.connections, connected.connection);
  known.next_sequence = connected.next_sequence =
      std::max(known.next_sequence, connected.next_sequence);
  known.ended.reset();
}

KnownCalls::Profile KnownCalls::profile_of(const CallId& call) const {
  std::lock_guard lock(mutex_);
  auto found = calls_.find(call);
  return found == calls_.end() ? nullptr : found->second.profile;
}

void KnownCalls::timeline_reached(const CallId& call, std::int64_t next_sequence) {
  std::lock_guard lock(mutex_);
  if (auto* known = find(call))
    known->next_sequence = std::max(known->next_sequence, next_sequence);
}

void KnownCalls::ended(const CallId& call, voice::EndReason reason) {
  std::lock_guard lock(mutex_);
  if (auto* known = find(call)) known->ended = reason;
}

std::optional<KnownCalls::Ending> KnownCalls::ending_of(const std::string& carrier,
                                                        const std::string& carrier_call_id) const {
  std::lock_guard lock(mutex_);
  auto* known = by_carrier(carrier, carrier_call_id);
  if (!known) return std::nullopt;
  return Ending{known->call, known->ended};
}

Result<void> KnownCalls::allow_reconnect(const CallId& call, const std::string& media_token,
                                         int most_connections) {
  std::lock_guard lock(mutex_);
  auto* known = find(call);
  if (!known) return fail(Errc::not_found, "no such call");
  if (known->connections >= most_connections)
    return fail(Errc::conflict, "the call was connected too often");
  by_token_.erase(known->media_token);
  known->media_token = media_token;
  known->token = Token::only_here;
  by_token_[media_token] = call;
  return {};
}

}  // namespace parley::calls
