#include "eval_calls.hpp"

#include <fmt/format.h>

#include "parley/calendar/zone.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::app {

namespace {

using calls::CallService;

/// As the API tells it, which is what evals reads.
json::value call_json(const calls::Call& call,
                      const std::vector<calls::TranscriptTurn>& transcript) {
  json::array turns;
  for (const auto& turn : transcript)
    turns.push_back(json::object{{"who", turn.who},
                                 {"text", turn.text},
                                 {"atMs", turn.at.count()},
                                 {"interrupted", turn.interrupted},
                                 {"latency", turn.latency}});
  return json::object{{"id", call.id.str()},
                      {"status", to_string(call.status)},
                      {"outcome", call.outcome},
                      {"endReason", call.end_reason},
                      {"lengthMs", call.length.count()},
                      {"interruptions", call.interruptions},
                      {"transcript", std::move(turns)}};
}

json::value timeline_json(const std::vector<calls::TimelineItem>& items) {
  json::array list;
  for (const auto& item : items)
    list.push_back(
        json::object{{"atMs", item.at.count()}, {"kind", item.kind}, {"data", item.data}});
  return list;
}

/// The calls of one organization, as its own server knows them.
class OwnCalls final : public simulators::CallView {
 public:
  OwnCalls(Context ctx, EvalCallParts& parts, CallService& calls, std::string time_zone)
      : ctx_(std::move(ctx)), parts_(parts), calls_(calls), time_zone_(std::move(time_zone)) {}

  Task<evals::Observed> so_far(Context, std::string call_sid) override {
    auto finding = find(std::move(call_sid));
    auto call = co_await std::move(finding);
    if (!call) co_return std::unexpected(call.error());
    auto reading = calls_.transcript(ctx_, call->id);
    auto transcript = co_await std::move(reading);
    if (!transcript) co_return std::unexpected(transcript.error());
    co_return evals::observed_from(call_json(*call, *transcript), nullptr);
  }

  Task<evals::Observed> whole(Context, std::string call_sid) override {
    auto finding = find(std::move(call_sid));
    auto call = co_await std::move(finding);
    if (!call) co_return std::unexpected(call.error());
    auto reading = calls_.transcript(ctx_, call->id);
    auto transcript = co_await std::move(reading);
    if (!transcript) co_return std::unexpected(transcript.error());
    auto following = calls_.timeline(ctx_, call->id);
    auto timeline = co_await std::move(following);
    if (!timeline) co_return std::unexpected(timeline.error());
    auto seen = evals::observed_from(call_json(*call, *transcript), timeline_json(*timeline));
    if (auto zone = calendar::Zone::find(time_zone_))
      seen.local_date = calendar::to_text(
          calendar::Date(std::chrono::floor<std::chrono::days>(zone->to_local(call->created))));
    booking::AppointmentQuery query;
    query.business = call->business;
    query.source = booking::Source::voice_agent;
    query.status = booking::AppointmentStatus::booked;
    query.sort = "-createdAt";
    auto listing = parts_.booking.list(ctx_, std::move(query));
    auto booked = co_await std::move(listing);
    if (!booked) co_return std::unexpected(booked.error());
    for (const auto& made : booked->items)
      if (made.call == call->id)
        seen.appointments.push_back({made.id.str(), made.service_name,
                                     calendar::to_text(made.local_start), made.customer.name,
                                     made.customer.phone});
    co_return seen;
  }

 private:
  Task<calls::Call> find(std::string call_sid) {
    if (known_ != call_sid) {
      calls::CallQuery query;
      query.limit = 200;
      auto listing = calls_.list(ctx_, std::move(query));
      auto list = co_await std::move(listing);
      if (!list) co_return std::unexpected(list.error());
      auto found = std::ranges::find(list->items, call_sid, &calls::Call::carrier_call_id);
      if (found == list->items.end()) co_return fail(Errc::not_found, "no record of the call yet");
      id_ = found->id;
      known_ = std::move(call_sid);
    }
    auto reading = calls_.get(ctx_, id_);
    co_return co_await std::move(reading);
  }

  Context ctx_;
  EvalCallParts& parts_;
  CallService& calls_;
  std::string time_zone_;
  std::string known_;
  CallId id_;
};

class LoopbackCalls final : public EvalCalls {
 public:
  explicit LoopbackCalls(EvalCallParts parts) : parts_(std::move(parts)) {}

  void connect(CallService& calls, Line line) override {
    calls_ = &calls;
    line_ = std::move(line);
  }

  Task<evals::Observed> place(Context ctx, Callee callee, evals::Scenario scenario) override {
    if (!calls_) co_return fail(Errc::unavailable, "the server does not take calls yet");
    auto looking = parts_.businesses.get(ctx, callee.business);
    auto profile = co_await std::move(looking);
    if (!profile) co_return std::unexpected(profile.error());
    auto tried = std::make_shared<business::Profile>(**profile);
    tried->agent = callee.agent.agent;
    // What is kept by a business's version must not meet what callers hear of the one in force.
    tried->version = -(callee.agent.number * 1'000'000 + callee.agent.revision);
    simulators::LineOptions line;
    line.server_url = line_.url;
    line.public_url = line_.public_url;
    line.auth_token = line_.auth_token;
    line.from = scenario.caller.phone;
    line.to = !scenario.number.empty() ? scenario.number
              : tried->phone.empty()   ? std::string("+15550000000")
                                       : tried->phone;
    line.call_sid = "CA" + hex_digits();
    auto sid = line.call_sid;
    calls_->rehearse(sid, {tried, callee.agent.number});
    struct Forget {
      CallService& calls;
      std::string sid;
      ~Forget() { calls.forget_rehearsal(sid); }
    } forget{*calls_, sid};
    OwnCalls view(ctx, parts_, *calls_, tried->time_zone);
    simulators::ScenarioCallParts how{parts_.clock, parts_.random, parts_.http, parts_.voices,
                                      view};
    auto holding = simulators::hold_scenario(how, std::move(scenario), std::move(line));
    auto seen = co_await std::move(holding);
    if (!seen) co_return seen;
    for (const auto& made : seen->appointments) {
      auto cancelling = parts_.booking.cancel(ctx, AppointmentId(made.id));
      if (auto cancelled = co_await std::move(cancelling); !cancelled)
        log::warn("evals.appointment_stays",
                  {{"appointment", made.id}, {"reason", cancelled.error().detail}});
    }
    co_return seen;
  }

 private:
  std::string hex_digits() {
    return fmt::format("{:016x}{:016x}", parts_.random.next_u64(), parts_.random.next_u64());
  }

  EvalCallParts parts_;
  CallService* calls_ = nullptr;
  Line line_;
};

}  // namespace

std::unique_ptr<EvalCalls> make_eval_calls(EvalCallParts parts) {
  return std::make_unique<LoopbackCalls>(std::move(parts));
}

}  // namespace parley::app
