// What people ask of calls, over the API.
#include "call_rows.hpp"
#include "call_service_impl.hpp"

namespace parley::calls {

Task<CallList> CallServiceImpl::list(Context ctx, CallQuery query) {
  auto organization = ctx.organization;
  auto look = [organization, query](store::Tx& tx) { return rows::list(tx, organization, query); };
  auto reading = parts_.database.read(std::move(ctx), std::move(look));
  co_return co_await std::move(reading);
}

Task<Call> CallServiceImpl::get(Context ctx, CallId id) {
  auto organization = ctx.organization;
  auto look = [organization, id](store::Tx& tx) { return rows::get(tx, organization, id); };
  auto reading = parts_.database.read(std::move(ctx), std::move(look));
  co_return co_await std::move(reading);
}

Task<std::vector<TimelineItem>> CallServiceImpl::timeline(Context ctx, CallId id) {
  auto organization = ctx.organization;
  auto look = [organization, id](store::Tx& tx) { return rows::timeline(tx, organization, id); };
  auto reading = parts_.database.read(std::move(ctx), std::move(look));
  co_return co_await std::move(reading);
}

Task<std::vector<TranscriptTurn>> CallServiceImpl::transcript(Context ctx, CallId id) {
  auto reading = timeline(std::move(ctx), std::move(id));
  auto items = co_await std::move(reading);
  if (!items) co_return std::unexpected(items.error());
  auto text = [](const json::object& data, std::string_view key) {
    auto* value = data.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  std::vector<TranscriptTurn> turns;
  for (auto& item : *items) {
    TranscriptTurn turn;
    turn.at = item.at;
    if (item.kind == "agent.said") {
      turn.who = "agent";
      turn.text = text(item.data, "heard");
      auto* cut = item.data.if_contains("interrupted");
      turn.interrupted = cut && cut->is_bool() && cut->get_bool();
      if (auto* latency = item.data.if_contains("latency"); latency && latency->is_object())
        turn.latency = latency->get_object();
    } else if (item.kind == "caller.said") {
      turn.who = "caller";
      turn.text = text(item.data, "text");
      if (auto* confidence = item.data.if_contains("confidence"))
        turn.confidence = confidence->is_number() ? confidence->to_number<double>() : 1.0;
    } else {
      continue;
    }
    turns.push_back(std::move(turn));
  }
  co_return turns;
}

Task<Recording> CallServiceImpl::recording(Context ctx, CallId id) {
  auto organization = ctx.organization;
  auto look = [organization, id](store::Tx& tx) {
    return rows::recording_key(tx, organization, id);
  };
  auto reading = parts_.database.read(ctx, std::move(look));
  auto key = co_await std::move(reading);
  if (!key) co_return std::unexpected(key.error());
  if (!*key) co_return fail(Errc::not_found, "this call has no recording");
  auto asking = parts_.objects.size(std::move(ctx), **key);
  auto size = co_await std::move(asking);
  if (!size) co_return std::unexpected(size.error());
  co_return Recording{std::move(**key), *size};
}

Task<std::vector<std::byte>> CallServiceImpl::recording_part(Context ctx, Recording recording,
                                                             std::uint64_t first,
                                                             std::size_t size_bytes) {
  auto getting =
      parts_.objects.get_part(std::move(ctx), std::move(recording.key), first, size_bytes);
  co_return co_await std::move(getting);
}

Task<Call> CallServiceImpl::hang_up(Context ctx, CallId id) {
  auto looking = get(ctx, id);
  auto call = co_await std::move(looking);
  if (!call) co_return call;
  std::lock_guard lock(mutex_);
  auto found = running_.find(id);
  if (found != running_.end() && found->second.session) found->second.session->request_hang_up();
  co_return call;
}

}  // namespace parley::calls
