#include "fault_effects.hpp"

#include <algorithm>

#include "parley/base/random.hpp"

namespace parley::simulators {

namespace {

using net::HttpResponse;
using Effect = Fault::Effect;

constexpr auto longest_hang = std::chrono::hours(1);
constexpr std::size_t least_garbage_bytes = 16;
constexpr std::size_t half_a_stream_bytes = 256;  ///< nobody knows where its middle is

HttpResponse half(HttpResponse answer, std::size_t bytes) {
  if (answer.body.empty()) {
    answer.sending = HttpResponse::Sending::reset;
    return answer;
  }
  auto given = bytes > 0 ? std::min(bytes, answer.body.size() - 1) : answer.body.size() / 2;
  answer.stream_size = answer.body.size();
  auto rest = std::make_shared<std::string>(answer.body.substr(0, given));
  answer.stream = [rest]() -> Task<std::string> {
    if (rest->empty()) co_return fail(Errc::unavailable, "half an answer, as the plan wants it");
    co_return std::exchange(*rest, {});
  };
  answer.body.clear();
  return answer;
}

HttpResponse slow(HttpResponse answer, std::size_t bytes_per_second, Clock& clock) {
  answer.stream_size = answer.body.size();
  auto rest = std::make_shared<std::string>(std::move(answer.body));
  auto step = std::max<std::size_t>(1, bytes_per_second / 10);
  answer.stream = [rest, step, bytes_per_second, &clock]() -> Task<std::string> {
    auto piece = rest->substr(0, step);
    rest->erase(0, piece.size());
    auto takes = std::chrono::duration<double>(static_cast<double>(piece.size()) /
                                               static_cast<double>(bytes_per_second));
    co_await clock.sleep_for(std::chrono::duration_cast<Duration>(takes));
    co_return piece;
  };
  answer.body.clear();
  return answer;
}

/// The stream's beginning, then a cut.
HttpResponse half_of_stream(HttpResponse answer, std::size_t bytes) {
  auto left = std::make_shared<std::size_t>(bytes > 0 ? bytes : half_a_stream_bytes);
  answer.stream = [left, whole = std::move(answer.stream)]() -> Task<std::string> {
    if (*left == 0) co_return fail(Errc::unavailable, "half a stream, as the plan wants it");
    auto reading = whole();
    auto piece = co_await std::move(reading);
    if (piece) piece->resize(std::min(piece->size(), *left));
    if (piece) *left -= piece->size();
    co_return piece;
  };
  answer.stream_size.reset();
  return answer;
}

/// The pieces of a streamed body, spoilt one by one.
net::BodyStream spoilt_stream(net::BodyStream pieces, Fault fault, Clock& clock) {
  struct Progress {
    std::size_t given = 0;
    std::string last;
  };
  auto progress = std::make_shared<Progress>();
  return [pieces = std::move(pieces), fault = std::move(fault), &clock,
          progress]() -> Task<std::string> {
    auto& so_far = *progress;
    bool due = so_far.given >= fault.after.value_or(1);
    if (due && fault.effect == Effect::endless && !so_far.last.empty()) co_return so_far.last;
    if (due && fault.effect == Effect::hang) co_await clock.sleep_for(longest_hang);
    auto taking = pieces();
    auto piece = co_await std::move(taking);
    if (!piece || piece->empty()) co_return piece;
    ++so_far.given;
    if (fault.effect == Effect::slow) {
      auto takes = std::chrono::duration<double>(static_cast<double>(piece->size()) /
                                                 static_cast<double>(fault.bytes));
      co_await clock.sleep_for(std::chrono::duration_cast<Duration>(takes));
    }
    if (due && (fault.effect == Effect::half || fault.effect == Effect::reset ||
                fault.effect == Effect::close))
      co_return fail(Errc::unavailable, "half an answer, as the plan wants it");
    if (fault.effect == Effect::garbage) {
      SeededRandom random(fault.seed + so_far.given);
      random.fill(std::as_writable_bytes(std::span(*piece)));
    }
    if (fault.effect == Effect::torn) piece->resize((piece->size() + 1) / 2);
    so_far.last = *piece;
    co_return piece;
  };
}

HttpResponse endless(HttpResponse answer) {
  auto body = std::make_shared<std::string>(std::move(answer.body));
  answer.stream = [body]() -> Task<std::string> { co_return *body; };
  answer.body.clear();
  return answer;
}

}  // namespace

asio::awaitable<HttpResponse> no_answer(Clock& clock, Effect effect) {
  if (effect == Effect::hang) co_await clock.sleep_for(longest_hang);
  HttpResponse answer;
  answer.sending =
      effect == Effect::reset ? HttpResponse::Sending::reset : HttpResponse::Sending::nothing;
  co_return answer;
}

HttpResponse spoilt(HttpResponse answer, const Fault& fault, Clock& clock) {
  if (answer.stream) {
    if (fault.effect == Effect::half && !fault.after)
      return half_of_stream(std::move(answer), fault.bytes);
    if (fault.effect == Effect::torn) answer.stream_size.reset();
    answer.stream = spoilt_stream(std::move(answer.stream), fault, clock);
    return answer;
  }
  if (fault.effect == Effect::endless && !answer.body.empty()) return endless(std::move(answer));
  if (fault.effect == Effect::torn) answer.body.resize(answer.body.size() / 2);
  if (fault.effect == Effect::half) return half(std::move(answer), fault.bytes);
  if (fault.effect == Effect::slow) return slow(std::move(answer), fault.bytes, clock);
  if (fault.effect == Effect::garbage) {
    SeededRandom random(fault.seed);
    answer.body.resize(std::max(answer.body.size(), least_garbage_bytes));
    random.fill(std::as_writable_bytes(std::span(answer.body)));
  }
  return answer;
}

}  // namespace parley::simulators
