#include "parley/base/clock.hpp"

#include <fmt/format.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace parley {

TimePoint SystemClock::now() const noexcept { return std::chrono::steady_clock::now(); }

WallTime SystemClock::wall() const noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

asio::awaitable<void> SystemClock::sleep_until(TimePoint when) {
  auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, when);
  co_await timer.async_wait(asio::use_awaitable);
}

std::string to_rfc3339(WallTime time) {
  auto day = std::chrono::floor<std::chrono::days>(time);
  std::chrono::year_month_day date{day};
  std::chrono::hh_mm_ss clock{time - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

namespace {

/// Reads a fixed layout left to right; any mismatch makes it fail for good.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    if (rest_.size() < count) return fail_();
    int value = 0;
    for (char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return fail_();
      value = value * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return value;
  }
  char one_of(std::string_view allowed) {
    if (rest_.empty() || allowed.find(rest_.front()) == std::string_view::npos) {
      fail_();
      return 0;
    }
    char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  /// ".123456" as milliseconds; more digits than three are cut off.
  int fraction_ms() {
    if (!peek('.')) return 0;
    rest_.remove_prefix(1);
    int value = 0;
    int scale = 100;
    bool any = false;
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') {
      value += (rest_.front() - '0') * scale;
      scale /= 10;
      any = true;
      rest_.remove_prefix(1);
    }
    return any ? value : fail_();
  }
  bool peek(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool good() const { return !failed_; }
  bool at_end() const { return good() && rest_.empty(); }

 private:
  int fail_() {
    failed_ = true;
    rest_ = {};
    return 0;
  }
  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

Result<WallTime> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  Scanner in(text);
  int y = in.digits(4);
  in.one_of("-");
  int mo = in.digits(2);
  in.one_of("-");
  int d = in.digits(2);
  in.one_of("Tt ");
  int h = in.digits(2);
  in.one_of(":");
  int mi = in.digits(2);
  in.one_of(":");
  int s = in.digits(2);
  int ms = in.fraction_ms();
  char zone = in.one_of("Zz+-");
  minutes offset{0};
  if (zone == '+' || zone == '-') {
    int oh = in.digits(2);
    in.one_of(":");
    int om = in.digits(2);
    if (oh > 23 || om > 59) return fail(Errc::invalid, "not an RFC 3339 time");
    offset = hours(oh) + minutes(om);
    if (zone == '-') offset = -offset;
  }
  year_month_day date{year(y), month(unsigned(mo)), day(unsigned(d))};
  if (!in.at_end() || !date.ok() || h > 23 || mi > 59 || s > 60)
    return fail(Errc::invalid, "not an RFC 3339 time");
  return WallTime{sys_days(date) + hours(h) + minutes(mi) + seconds(s) + milliseconds(ms) - offset};
}

}  // namespace parley
