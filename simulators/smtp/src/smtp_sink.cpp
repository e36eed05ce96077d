#include "parley/simulators/smtp_sink.hpp"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <deque>

#include "parley/simulators/tcp_listener.hpp"
#include "smtp_dialogue.hpp"

namespace parley::simulators {

namespace {

using asio::ip::tcp;
using boost::system::error_code;
using Effect = Fault::Effect;

constexpr std::size_t longest_line_bytes = 64u << 10;
constexpr std::size_t most_clients = 100;
constexpr std::size_t most_mails = 100;
constexpr std::size_t most_seen = 1000;
constexpr auto longest_hang = std::chrono::hours(1);

enum class Next { go_on, end };

}  // namespace

struct SmtpSink::Impl {
  Impl(const asio::any_io_executor& e, Clock& c, StandInOptions w)
      : clock(c),
        where(std::move(w)),
        faults(c, FaultPlan::Place::service, where.seed),
        listener(e, c, "smtp", most_clients) {}

  asio::awaitable<void> serve(tcp::socket client) {
    SmtpDialogue dialogue;
    std::string buffer;
    error_code ec;
    auto greeting = say(client, "220 parley.invalid ESMTP stand-in");
    if (co_await std::move(greeting) == Next::end) co_return;
    while (!dialogue.is_over()) {
      auto size =
          co_await asio::async_read_until(client, asio::dynamic_buffer(buffer, longest_line_bytes),
                                          '\n', asio::redirect_error(asio::use_awaitable, ec));
      if (ec) co_return;
      auto line = buffer.substr(0, size - 1);
      buffer.erase(0, size);
      if (line.ends_with('\r')) line.pop_back();
      auto answering = answer(client, dialogue, std::move(line));
      if (co_await std::move(answering) == Next::end) co_return;
    }
    client.shutdown(tcp::socket::shutdown_both, ec);
  }

  asio::awaitable<Next> answer(tcp::socket& client, SmtpDialogue& dialogue, std::string line) {
    if (dialogue.in_text() && line != ".") {
      (void)dialogue.answer(line);
      co_return Next::go_on;
    }
    auto asked = dialogue.in_text() ? "END" : dialogue.in_credentials() ? "AUTH" : line;
    auto fault = faults.next(asked);
    auto number = keep(asked, fault);
    if (fault.delay > Duration{}) co_await clock.sleep_for(fault.delay);
    bool before = fault.when == Fault::When::before;
    if (before && cuts(fault)) co_return co_await cut(client, fault);
    std::string said;
    if (before && fault.effect == Effect::status) {
      // What was refused was not done: the text of a refused mail is forgotten.
      if (dialogue.in_text()) (void)dialogue.answer("."), (void)dialogue.take_mail();
      said = fmt::format("{} as the plan of faults wants it", fault.status);
    } else {
      said = dialogue.answer(line);
      if (auto mail = dialogue.take_mail()) keep(std::move(*mail));
      if (fault.effect == Effect::status)
        said = fmt::format("{} as the plan of faults wants it", fault.status);
    }
    if (cuts(fault)) co_return co_await cut(client, fault);
    answered(number, said);
    if (fault.effect == Effect::garbage) {
      SeededRandom random(fault.seed);
      random.fill(std::as_writable_bytes(std::span(said)));
    }
    bool half = fault.effect == Effect::half;
    if (half) said.resize(fault.bytes > 0 ? std::min(fault.bytes, said.size()) : said.size() / 2);
    if (fault.effect == Effect::slow) {
      auto takes = std::chrono::duration<double>(static_cast<double>(said.size() + 2) /
                                                 static_cast<double>(fault.bytes));
      co_await clock.sleep_for(std::chrono::duration_cast<Duration>(takes));
    }
    auto saying = say(client, std::move(said), half ? "" : "\r\n");
    auto next = co_await std::move(saying);
    co_return half ? Next::end : next;
  }

  static bool cuts(const Fault& fault) {
    return fault.effect == Effect::reset || fault.effect == Effect::close ||
           fault.effect == Effect::hang;
  }
  asio::awaitable<Next> cut(tcp::socket& client, const Fault& fault) {
    if (fault.effect == Effect::hang) co_await clock.sleep_for(longest_hang);
    if (fault.effect == Effect::reset) reset(client);
    co_return Next::end;
  }

  asio::awaitable<Next> say(tcp::socket& client, std::string text, std::string_view end = "\r\n") {
    text += end;
    error_code ec;
    co_await asio::async_write(client, asio::buffer(text),
                               asio::redirect_error(asio::use_awaitable, ec));
    co_return ec ? Next::end : Next::go_on;
  }

  std::size_t keep(const std::string& line, const Fault& fault) {
    SeenRequest one;
    one.number = first_seen + seen.size();
    one.at = clock.wall();
    one.method = line.substr(0, line.find(' '));
    // A password is nobody's business.
    one.target =
        one.method == "AUTH" ? "" : line.substr(std::min(line.size(), one.method.size() + 1), 1000);
    if (fault.effect != Effect::none) one.fault = to_string(fault.effect);
    seen.push_back(std::move(one));
    if (seen.size() > most_seen) {
      seen.pop_front();
      ++first_seen;
    }
    return seen.back().number;
  }
  void answered(std::size_t number, const std::string& said) {
    if (number < first_seen) return;
    auto& status = seen[number - first_seen].status;
    std::from_chars(said.data(), said.data() + std::min<std::size_t>(3, said.size()), status);
  }
  void keep(ReceivedMail mail) {
    if (mails.size() == most_mails) mails.erase(mails.begin());
    mails.push_back(std::move(mail));
  }

  Clock& clock;
  const StandInOptions where;
  Faults faults;
  std::vector<ReceivedMail> mails;
  std::deque<SeenRequest> seen;
  std::size_t first_seen = 1;  ///< the number of the oldest that is kept
  TcpListener listener;
};

SmtpSink::SmtpSink(asio::any_io_executor executor, Clock& clock, StandInOptions where)
    : impl_(std::make_unique<Impl>(executor, clock, std::move(where))) {}
SmtpSink::~SmtpSink() = default;

Result<void> SmtpSink::start() {
  auto& where = impl_->where;
  auto serve = [this](tcp::socket client) { return impl_->serve(std::move(client)); };
  return impl_->listener.start(where.address, where.port, serve);
}

asio::awaitable<void> SmtpSink::stop() { co_await impl_->listener.stop(); }

std::uint16_t SmtpSink::port() const noexcept { return impl_->listener.port(); }
Faults& SmtpSink::faults() noexcept { return impl_->faults; }
const std::vector<ReceivedMail>& SmtpSink::mails() const noexcept { return impl_->mails; }
std::vector<SeenRequest> SmtpSink::seen() const { return {impl_->seen.begin(), impl_->seen.end()}; }

}  // namespace parley::simulators
