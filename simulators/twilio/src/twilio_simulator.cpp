#include "parley/simulators/twilio_simulator.hpp"

#include <fmt/format.h>

#include "outbound_call.hpp"
#include "parley/base/strings.hpp"
#include "signed_webhook.hpp"

namespace parley::simulators {

namespace {

using net::HttpRequest;
using net::HttpResponse;
using Kind = TwilioAccount::Kind;
using Method = net::Method;
using Answer = TwilioResult<HttpResponse>;

constexpr std::string_view root = "/2010-04-01/Accounts/{account}";
constexpr auto message_takes = std::chrono::milliseconds(200);

/// "CA12.json" and "CA12" are the same thing.
std::string named(const HttpRequest& request, std::string_view what) {
  std::string name(request.path_value(what).value_or(""));
  if (name.ends_with(".json")) name.resize(name.size() - 5);
  return name;
}

HttpResponse deleted() {
  HttpResponse answer;
  answer.status = 204;
  return answer;
}

}  // namespace

struct TwilioSimulator::Impl {
  Impl(asio::any_io_executor executor, Clock& c, Random& random, net::HttpClient& h,
       TwilioSimulatorOptions o)
      : clock(c),
        http(h),
        options(std::move(o)),
        account(c, random, options.account_sid, options.numbers),
        tasks(executor),
        around{clock, random, http, account, tasks, media, options.auth_token},
        server(executor, clock, random, options.where,
               [](const Fault& fault, const HttpRequest&) { return refusal_of_fault(fault); }) {
    add_routes();
  }

  using Handle = Answer (Impl::*)(HttpRequest&);
  void add(Method method, std::string_view path, Handle handle) {
    server.add(method, fmt::format("{}{}", root, path),
               [this, handle](HttpRequest request) { return serve(handle, std::move(request)); });
  }
  void add_routes() {
    server.add(Method::get, "/2010-04-01/Accounts/{file}", [this](HttpRequest request) {
      return serve(&Impl::show_account, std::move(request));
    });
    add(Method::post, "/Calls.json", &Impl::create_call);
    add(Method::get, "/Calls.json", &Impl::list<Kind::calls>);
    add(Method::get, "/Calls/{sid}", &Impl::show<Kind::calls>);
    add(Method::post, "/Calls/{sid}", &Impl::update_call);
    add(Method::delete_, "/Calls/{sid}", &Impl::remove<Kind::calls>);
    add(Method::get, "/Calls/{call}/Recordings.json", &Impl::list<Kind::recordings>);
    add(Method::post, "/Calls/{call}/Recordings.json", &Impl::start_recording);
    add(Method::post, "/Calls/{call}/Recordings/{sid}", &Impl::stop_recording);
    add(Method::get, "/Recordings.json", &Impl::list<Kind::recordings>);
    add(Method::get, "/Recordings/{sid}", &Impl::show_recording);
    add(Method::delete_, "/Recordings/{sid}", &Impl::remove<Kind::recordings>);
    add(Method::post, "/Messages.json", &Impl::create_message);
    add(Method::get, "/Messages.json", &Impl::list<Kind::messages>);
    add(Method::get, "/Messages/{sid}", &Impl::show<Kind::messages>);
    add(Method::delete_, "/Messages/{sid}", &Impl::remove<Kind::messages>);
    add(Method::post, "/IncomingPhoneNumbers.json", &Impl::buy_number);
    add(Method::get, "/IncomingPhoneNumbers.json", &Impl::list<Kind::numbers>);
    add(Method::get, "/IncomingPhoneNumbers/{sid}", &Impl::show<Kind::numbers>);
    add(Method::post, "/IncomingPhoneNumbers/{sid}", &Impl::update_number);
    add(Method::delete_, "/IncomingPhoneNumbers/{sid}", &Impl::remove<Kind::numbers>);
    add(Method::get, "/AvailablePhoneNumbers/{country}/{type}", &Impl::search_numbers);
    server.otherwise(
        [this](HttpRequest request) { return serve(&Impl::nothing, std::move(request)); });
  }

  asio::awaitable<HttpResponse> serve(Handle handle, HttpRequest request) {
    auto answer = checked(request);
    if (answer) answer = (this->*handle)(request);
    co_return answer ? std::move(*answer) : refusal_answer(answer.error());
  }

  /// An empty answer when the request may go on.
  Answer checked(const HttpRequest& request) const {
    auto wanted = options.account_sid + ":" + options.auth_token;
    if (request.headers.get("Authorization") != "Basic " + base64_encode(as_bytes(wanted)))
      return refuse_twilio(401, 20003, "Authenticate");
    auto of = request.path_value("account");
    if (of && *of != options.account_sid) return no_such_thing(request.path);
    return HttpResponse{};
  }

  Answer nothing(HttpRequest& request) { return no_such_thing(request.path); }

  Answer show_account(HttpRequest& request) {
    if (named(request, "file") != options.account_sid) return no_such_thing(request.path);
    return json_answer(200, account.account());
  }

  template <Kind kind>
  Answer list(HttpRequest& request) {
    constexpr std::string_view plural[]{"calls", "messages", "incoming_phone_numbers",
                                        "recordings"};
    auto query = request.query;
    if (auto call = request.path_value("call")) query.emplace_back("CallSid", std::string(*call));
    return page_of(request, plural[static_cast<std::size_t>(kind)], account.list(kind, query));
  }
  template <Kind kind>
  Answer show(HttpRequest& request) {
    auto* found = account.find(kind, named(request, "sid"));
    if (!found) return no_such_thing(request.path);
    return json_answer(200, found->shown);
  }
  template <Kind kind>
  Answer remove(HttpRequest& request) {
    auto sid = named(request, "sid");
    if (kind == Kind::calls && running.contains(sid))
      return refuse_twilio(409, 20409, "The call is in progress.");
    if (!account.remove(kind, sid)) return no_such_thing(request.path);
    media.erase(sid);
    return deleted();
  }

  TwilioResult<net::Fields> form_of(const HttpRequest& request) const {
    auto form = net::parse_form(request.body);
    if (!form) return refuse_twilio(400, 20001, "The form cannot be read");
    return *form;
  }

  Answer create_call(HttpRequest& request) {
    auto form = form_of(request);
    if (!form) return std::unexpected(form.error());
    auto made = account.make_call(*form);
    if (!made) return std::unexpected(made.error());
    auto sid = (*made)->text("sid");
    auto callee = options.callees.find((*made)->text("to"));
    auto call = std::make_shared<OutboundCall>(
        around, sid, *form, callee == options.callees.end() ? options.callee : callee->second);
    running[sid] = call;
    tasks.spawn("twilio.call", [this, call, sid]() -> asio::awaitable<void> {
      auto carrying = call->run();
      co_await std::move(carrying);
      running.erase(sid);
    });
    return json_answer(201, (*made)->shown);
  }

  Answer update_call(HttpRequest& request) {
    auto form = form_of(request);
    if (!form) return std::unexpected(form.error());
    auto sid = named(request, "sid");
    auto* call = account.find(Kind::calls, sid);
    if (!call) return no_such_thing(request.path);
    auto runs = running.find(sid);
    if (runs == running.end())
      return refuse_twilio(400, 21220, "Call is not in-progress. Cannot redirect.");
    if (auto done = runs->second->update(*form); !done) return std::unexpected(done.error());
    return json_answer(200, call->shown);
  }

  Answer start_recording(HttpRequest& request) {
    auto form = form_of(request);
    if (!form) return std::unexpected(form.error());
    auto runs = running.find(named(request, "call"));
    if (runs == running.end()) return no_such_thing(request.path);
    auto made = runs->second->start_recording(*form);
    if (!made) return std::unexpected(made.error());
    return json_answer(201, (*made)->shown);
  }
  Answer stop_recording(HttpRequest& request) {
    auto form = form_of(request);
    if (!form) return std::unexpected(form.error());
    auto runs = running.find(named(request, "call"));
    if (runs == running.end()) return no_such_thing(request.path);
    if (net::find_field(*form, "Status") != "stopped")
      return refuse_twilio(400, 20001, "Status may be stopped.");
    auto stopped = runs->second->stop_recording(named(request, "sid"));
    if (!stopped) return std::unexpected(stopped.error());
    return json_answer(200, (*stopped)->shown);
  }

  Answer show_recording(HttpRequest& request) {
    std::string file(request.path_value("sid").value_or(""));
    if (file.ends_with(".json")) return show<Kind::recordings>(request);
    auto sound = media.find(file.substr(0, file.find('.')));
    if (sound == media.end() || file.ends_with(".mp3")) return no_such_thing(request.path);
    return net::text_response(200, sound->second, "audio/x-wav");
  }

  Answer create_message(HttpRequest& request) {
    auto form = form_of(request);
    if (!form) return std::unexpected(form.error());
    auto made = account.make_message(*form);
    if (!made) return std::unexpected(made.error());
    auto answer = json_answer(201, (*made)->shown);
    auto sid = (*made)->text("sid");
    auto callback = std::string(net::find_field(*form, "StatusCallback").value_or(""));
    tasks.spawn("twilio.message", [this, sid, callback] { return deliver(sid, callback); });
    return answer;
  }

  asio::awaitable<void> deliver(std::string sid, std::string callback) {
    for (auto* status : {"sent", "delivered"}) {
      co_await clock.sleep_for(message_takes);
      auto* message = account.find(Kind::messages, sid);
      if (!message) co_return;
      message->shown["status"] = status;
      message->shown["date_updated"] = rfc2822(clock.wall());
      message->shown["date_sent"] = rfc2822(clock.wall());
      if (callback.empty()) continue;
      SignedWebhook webhook{.signed_url = callback, .url = callback};
      webhook.form = {{"MessageSid", sid},
                      {"MessageStatus", status},
                      {"SmsSid", sid},
                      {"SmsStatus", status},
                      {"To", message->text("to")},
                      {"From", message->text("from")},
                      {"AccountSid", options.account_sid},
                      {"ApiVersion", "2010-04-01"}};
      auto telling = post_signed(http, Context{}, options.auth_token, std::move(webhook));
      (void)co_await std::move(telling);
    }
  }

  Answer buy_number(HttpRequest& request) {
    auto form = form_of(request);
    if (!form) return std::unexpected(form.error());
    auto bought = account.buy_number(*form);
    if (!bought) return std::unexpected(bought.error());
    return json_answer(201, (*bought)->shown);
  }
  Answer update_number(HttpRequest& request) {
    auto form = form_of(request);
    if (!form) return std::unexpected(form.error());
    auto updated = account.update_number(named(request, "sid"), *form);
    if (!updated) return std::unexpected(updated.error());
    return json_answer(200, (*updated)->shown);
  }
  Answer search_numbers(HttpRequest& request) {
    auto country = std::string(request.path_value("country").value_or(""));
    auto type = named(request, "type");
    if (type != "Local" && type != "TollFree" && type != "Mobile")
      return no_such_thing(request.path);
    return json_answer(200,
                       {{"available_phone_numbers", account.for_sale(country, type, request.query)},
                        {"uri", request.target}});
  }

  Clock& clock;
  net::HttpClient& http;
  const TwilioSimulatorOptions options;
  TwilioAccount account;
  std::map<std::string, std::string> media;
  TaskGroup tasks;
  CallSurroundings around;
  std::map<std::string, std::shared_ptr<OutboundCall>> running;
  StandInServer server;
};

TwilioSimulator::TwilioSimulator(asio::any_io_executor executor, Clock& clock, Random& random,
                                 net::HttpClient& http, TwilioSimulatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(executor), clock, random, http, std::move(options))) {}
TwilioSimulator::~TwilioSimulator() = default;

Result<void> TwilioSimulator::start() { return impl_->server.start(); }
asio::awaitable<void> TwilioSimulator::stop(TimePoint deadline) {
  co_await impl_->server.stop(deadline);
  co_await impl_->tasks.stop();
}
std::uint16_t TwilioSimulator::port() const noexcept { return impl_->server.port(); }
StandInServer& TwilioSimulator::server() noexcept { return impl_->server; }

}  // namespace parley::simulators
