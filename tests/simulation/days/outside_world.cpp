#include "outside_world.hpp"

#include "parley/base/strings.hpp"

namespace parley::simulation {

namespace {
constexpr Duration usual_most = 400ms;
constexpr Duration slow_most = 60s;

std::string host_of(const std::string& url) {
  auto from = url.find("//") + 2;
  return url.substr(from, url.find('/', from) - from);
}
}  // namespace

Task<OutsideWorld::Line> OutsideWorld::reach(Context ctx, const std::string& host,
                                             Duration patience) {
  ++requests_;
  auto chances = trouble_.of(host);
  auto& clock = trouble_.clock();
  auto latency = trouble_.between(1ms, trouble_.happens(chances.slow) ? slow_most : usual_most);
  patience = std::min<Duration>(patience, ctx.deadline - clock.now());
  auto waiting = clock.sleep_for(std::max<Duration>(std::min<Duration>(latency, patience), 0ms));
  co_await std::move(waiting);
  if (trouble_.happens(chances.refused)) co_return fail(Errc::unavailable, host + " is away");
  bool lost = latency > patience || trouble_.happens(chances.forgotten);
  co_return lost ? Line::answer_lost : Line::clear;
}

Task<net::HttpResponse> OutsideWorld::send(Context ctx, net::OutgoingRequest request) {
  auto host = host_of(request.url);
  auto reaching = reach(ctx, host, request.timeout);
  auto line = co_await std::move(reaching);
  if (!line) co_return std::unexpected(line.error());
  net::HttpResponse response;
  if (trouble_.happens(trouble_.of(host).failed)) {
    response.status = trouble_.pick(2) ? 500 : 429;
    if (response.status == 429) response.headers.set("Retry-After", "20");
  } else {
    response.status = 204;
    ++accepted_[host][std::string(request.headers.get("webhook-id").value_or(""))];
  }
  if (*line == Line::answer_lost) co_return fail(Errc::outcome_unknown, "the answer was lost");
  co_return response;
}

Task<void> OutsideWorld::effect(Context ctx, std::string supplier, std::string what,
                                std::string key, Keys keys) {
  auto reaching = reach(ctx, supplier, 30s);
  auto line = co_await std::move(reaching);
  if (!line) co_return std::unexpected(line.error());
  if (trouble_.happens(trouble_.of(supplier).failed)) co_return fail(Errc::rate_limited, "busy");
  auto& booked = effects_[what + " " + key];
  if (keys == Keys::ignored || booked == 0) ++booked;
  if (*line == Line::answer_lost) co_return fail(Errc::outcome_unknown, "the answer was lost");
  co_return Result<void>{};
}

Task<bool> OutsideWorld::look_up(Context ctx, std::string supplier, std::string what,
                                 std::string key) {
  auto reaching = reach(ctx, supplier, 30s);
  auto line = co_await std::move(reaching);
  if (!line) co_return std::unexpected(line.error());
  if (*line == Line::answer_lost) co_return fail(Errc::unavailable, "the answer was lost");
  co_return count(what, key) > 0;
}

}  // namespace parley::simulation
