// The widget in a real browser, against the shipped program: by voice, by text, on pages of its own
// and of others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/use_future.hpp>
#include <fstream>

#include "../e2e/server_process.hpp"
#include "chromium.hpp"
#include "parley/audio/wav.hpp"
#include "parley/base/strings.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/net/server.hpp"
#include "parley/providers/flite/flite_synthesizer.hpp"

namespace parley::browser {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Counts what is really played, and keeps the sockets so that a test can break them.
constexpr std::string_view spy = R"(
window.played = { samples: 0, loud: 0 };
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...when) {
  const data = this.buffer.getChannelData(0);
  window.played.samples += data.length;
  for (const value of data) if (Math.abs(value) > 0.02) ++window.played.loud;
  return start.apply(this, when);
};
window.sockets = [];
window.WebSocket = class extends WebSocket {
  constructor(...all) { super(...all); window.sockets.push(this); }
};
window.widget = () => [...document.body.children].map((each) => each.shadowRoot).find(Boolean);
window.part = (name) => window.widget().querySelector(name);
window.said = (who) => [...window.widget().querySelectorAll('.log .' + who)]
  .map((line) => line.lastChild.textContent);
window.state = () => window.part('.state').textContent;
)";

/// A page on another port, which is another origin.
class OtherSite {
 public:
  explicit OtherSite(std::string page) : page_(std::move(page)) {
    router_.add(net::Method::get, "/",
                [this](net::HttpRequest) -> asio::awaitable<net::HttpResponse> {
                  co_return net::text_response(200, page_, "text/html; charset=utf-8");
                });
    net::ServerOptions options;
    options.port = 0;
    server_ = std::make_unique<net::HttpServer>(
        std::vector<asio::any_io_executor>{io_.get_executor()}, router_, clock_, random_, options);
    if (!server_->start()) throw std::runtime_error("no port");
    thread_ = std::jthread([this, guard = asio::make_work_guard(io_)] { io_.run(); });
  }
  ~OtherSite() {
    auto stopping = server_->stop(TimePoint::min());
    asio::co_spawn(io_, std::move(stopping), asio::use_future).get();
    io_.stop();
  }
  std::string origin() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

 private:
  std::string page_;
  SystemClock clock_;
  SystemRandom random_;
  net::Router router_;
  asio::io_context io_{1};
  std::unique_ptr<net::HttpServer> server_;
  std::jthread thread_;
};

class Widget : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!Chromium::is_installed()) return;
    server = std::make_unique<e2e::ServerProcess>();
    wav = server->data() / "question.wav";
    write_question();
    chromium = std::make_unique<Chromium>(wav);
  }
  static void TearDownTestSuite() {
    chromium.reset();
    if (server) {
      EXPECT_EQ(server->stop(), 0);
    }
    server.reset();
  }
  void SetUp() override {
    if (!Chromium::is_installed()) GTEST_SKIP() << "Chromium is not installed: scripts/setup test";
    tab = std::make_unique<Tab>(*chromium, std::string(spy));
  }
  void TearDown() override { tab.reset(); }

  /// Time for the greeting, then the question, then silence.
  static void write_question() {
    asio::io_context io;
    WorkerPool pool({.name = "voice", .threads = 0});
    providers::flite::FliteSynthesizer flite(pool);
    auto work = [&]() -> Task<audio::Samples> {
      auto starting = flite.synthesize(Context{}, "What are your opening hours?", {});
      auto stream = co_await std::move(starting);
      if (!stream) co_return std::unexpected(stream.error());
      audio::Samples samples(8000 * 12, 0);
      while (true) {
        auto making = (*stream)->next();
        auto frame = co_await std::move(making);
        if (!frame) break;
        samples.insert(samples.end(), frame->samples.begin(), frame->samples.end());
      }
      samples.insert(samples.end(), 8000 * 60, 0);
      co_return samples;
    };
    auto made = asio::co_spawn(io, work, asio::use_future);
    io.run();
    auto bytes = audio::write_wav(made.get().value(), {8000, 1});
    std::ofstream out(wav, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()),
              static_cast<std::streamsize>(bytes.size()));
  }

  /// The server's API, as its owner.
  static json::value ask(net::Method method, const std::string& path, json::value body = nullptr) {
    asio::io_context io;
    auto http = net::make_http_client(io.get_executor());
    auto work = [&]() -> Task<json::value> {
      auto send = [&](net::Method how, std::string where, json::value what,
                      std::string token) -> Task<json::value> {
        net::OutgoingRequest request;
        request.method = how;
        request.url = server->url() + "/api/v1" + where;
        if (!what.is_null()) {
          request.body = json::serialize(what);
          request.headers.set("Content-Type", "application/json");
        }
        if (!token.empty()) request.headers.set("Authorization", "Bearer " + token);
        auto sending = http->send(Context{}, std::move(request));
        auto answer = co_await std::move(sending);
        if (!answer) co_return std::unexpected(answer.error());
        auto parsed = parse_json(answer->body);
        if (!parsed || answer->status >= 300) co_return fail(Errc::invalid, answer->body);
        co_return parsed->as_object().at("data");
      };
      json::object credentials{{"email", "owner@demo.example"}, {"password", server->password()}};
      auto signing = send(net::Method::post, "/auth/login", credentials, "");
      auto signed_in = co_await std::move(signing);
      if (!signed_in) co_return std::unexpected(signed_in.error());
      auto token = text_in(signed_in->as_object(), "accessToken");
      auto asking = send(method, path, body, token);
      co_return co_await std::move(asking);
    };
    auto answer = asio::co_spawn(io, work, asio::use_future);
    io.run();
    auto data = answer.get();
    if (!data) throw std::runtime_error(path + ": " + data.error().detail);
    return *data;
  }
  /// What stands in pages.
  static std::string key() {
    asio::io_context io;
    auto http = net::make_http_client(io.get_executor());
    net::OutgoingRequest request;
    request.url = server->url() + "/demo";
    auto asked = asio::co_spawn(io, http->send(Context{}, std::move(request)), asio::use_future);
    io.run();
    auto body = asked.get().value().body;
    constexpr std::string_view before = "src=\"/widget.js\" data-business=\"";
    auto at = body.find(before) + before.size();
    return body.substr(at, body.find('"', at) - at);
  }
  /// The newest call, once it is over.
  static json::object last_call() {
    for (int look = 0; look < 600; ++look) {
      auto call = ask(net::Method::get, "/calls?limit=1").as_array().at(0).as_object();
      if (text_in(call, "status") == "completed" && call.at("hasRecording").as_bool())
        return ask(net::Method::get, "/calls/" + text_in(call, "id")).as_object();
      look_again_later();
    }
    throw std::runtime_error("the call is not stored");
  }
  static std::string page() {
    return "<!doctype html><html lang=en><title>Other</title><body><p>Our page.</p><script src=\"" +
           server->url() + "/widget.js\" data-business=\"" + key() + "\"></script></body></html>";
  }
  void show(const std::string& name) {
    // Kept when somebody wants to look at them.
    auto* folder = std::getenv("PARLEY_SCREENSHOTS");
    auto where = folder ? std::filesystem::path(folder) : chromium->folder();
    tab->screenshot(where / (name + ".png"));
    EXPECT_GT(std::filesystem::file_size(where / (name + ".png")), 5000u);
  }
  std::string text(const std::string& expression) {
    auto value = tab->evaluate(expression);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
  }
  bool fits_the_screen() {
    return tab
        ->evaluate(
            "(() => { const box = part('.panel').getBoundingClientRect(); return "
            "box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom "
            "<= innerHeight && document.documentElement.scrollWidth <= innerWidth; "
            "})()")
        .as_bool();
  }

  static std::unique_ptr<e2e::ServerProcess> server;
  static std::unique_ptr<Chromium> chromium;
  static std::filesystem::path wav;
  std::unique_ptr<Tab> tab;
};
std::unique_ptr<e2e::ServerProcess> Widget::server;
std::unique_ptr<Chromium> Widget::chromium;
std::filesystem::path Widget::wav;

TEST_F(Widget, AVisitorAsksByVoiceAndHearsAndReadsTheAnswer) {
  tab->be_phone(Tab::Theme::dark);
  tab->open(server->url() + "/demo");
  ASSERT_TRUE(tab->until("part('.open')"));
  show("demo-closed-dark");
  // With the keyboard alone.
  tab->evaluate("part('.open').focus()");
  tab->press("Enter", "\r");
  ASSERT_TRUE(tab->until("widget().activeElement === part('.talk')"));
  show("demo-choice-dark");
  tab->press("Enter", "\r");
  ASSERT_TRUE(tab->until("said('agent').length > 0")) << text("state()");
  EXPECT_THAT(text("said('agent')[0]"), HasSubstr("Riverside Dental"));
  EXPECT_TRUE(tab->until("played.loud > 4000")) << text("played.samples");
  EXPECT_EQ(text("part('h2').textContent"), "Riverside Dental");
  EXPECT_TRUE(fits_the_screen());
  ASSERT_TRUE(tab->until("said('caller').length > 0")) << text("state()");
  EXPECT_THAT(text("said('caller').join()"), HasSubstr("hours"));
  ASSERT_TRUE(tab->until("said('agent').length > 1"));
  EXPECT_THAT(text("said('agent')[1]"), HasSubstr("open"));
  show("demo-voice-dark");
  tab->press("Escape");
  ASSERT_TRUE(tab->until("part('.panel').hidden && widget().activeElement === part('.open')"));

  auto call = last_call();
  EXPECT_EQ(text_in(call, "carrier"), "browser");
  auto transcript = json::serialize(call.at("transcript"));
  EXPECT_THAT(transcript, AllOf(HasSubstr("hours"), HasSubstr("open")));
  EXPECT_EQ(text_in(call, "endReason"), "caller_hung_up");
}

TEST_F(Widget, AVisitorTypesAndTheConversationSurvivesABrokenConnection) {
  tab->be_phone(Tab::Theme::light);
  tab->open(server->url() + "/demo");
  tab->evaluate("part('.open').click(); part('.type').click()");
  ASSERT_TRUE(tab->until("said('agent').length > 0")) << text("state()");
  ASSERT_TRUE(tab->until("widget().activeElement === part('input')"));
  tab->type("How much is a cleaning?");
  tab->press("Enter", "\r");
  ASSERT_TRUE(tab->until("said('caller').includes('How much is a cleaning?')"));
  ASSERT_TRUE(tab->until("said('agent').length > 1"));
  show("demo-text-light");
  EXPECT_TRUE(fits_the_screen());
  tab->evaluate("sockets.at(-1).close(3001)");
  ASSERT_TRUE(tab->until("sockets.length === 2 && sockets[1].readyState === 1"));
  tab->type("What are your opening hours?");
  tab->press("Enter", "\r");
  ASSERT_TRUE(tab->until("said('agent').length > 2")) << text("state()");
  EXPECT_THAT(text("said('agent')[2]"), HasSubstr("open"));
  tab->evaluate("part('.close').click()");
  EXPECT_EQ(last_call().at("callerTurns").as_int64(), 2);
}

TEST_F(Widget, APageElsewhereIsRefused) {
  OtherSite other(page());
  tab->open(other.origin() + "/");
  tab->evaluate("part('.open').click(); part('.type').click()");
  ASSERT_TRUE(tab->until("part('.state').classList.contains('bad')"));
  EXPECT_THAT(text("state()"), HasSubstr("cannot be reached from this page"));
  EXPECT_TRUE(tab->evaluate("sockets.length === 0").as_bool());
  EXPECT_TRUE(tab->evaluate("said('agent').length === 0").as_bool());
  show("foreign-refused");
}

TEST_F(Widget, ARecorderOfTheBrowserIsHeardToo) {
  // As in a browser without AudioWorklets: what it records is WebM.
  tab = std::make_unique<Tab>(*chromium, std::string(spy) + "delete window.AudioWorkletNode;");
  tab->open(server->url() + "/demo");
  tab->evaluate("part('.open').click(); part('.talk').click()");
  ASSERT_TRUE(tab->until("said('caller').length > 0")) << text("state()");
  EXPECT_THAT(text("said('caller').join()"), HasSubstr("hours"));
  tab->evaluate("part('.close').click()");
}

TEST_F(Widget, WithoutAMicrophoneOneTypes) {
  tab.reset();
  Chromium refusing("");
  tab = std::make_unique<Tab>(refusing, std::string(spy));
  tab->open(server->url() + "/demo");
  tab->evaluate("part('.open').click(); part('.talk').click()");
  ASSERT_TRUE(tab->until("said('agent').length > 0")) << text("state()");
  ASSERT_TRUE(tab->until("state().includes('no microphone')")) << text("state()");
  tab->type("What are your opening hours?");
  tab->press("Enter", "\r");
  ASSERT_TRUE(tab->until("said('agent').length > 1"));
  tab->evaluate("part('.close').click()");
  tab.reset();
}

}  // namespace
}  // namespace parley::browser
