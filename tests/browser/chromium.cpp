#include "chromium.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "parley/base/strings.hpp"
#include "parley/base/task_group.hpp"

namespace parley::browser {

namespace {

constexpr std::string_view program = "/usr/bin/chromium";
constexpr auto start_limit = std::chrono::seconds(90);
constexpr auto command_limit = std::chrono::seconds(120);

}  // namespace

void look_again_later() {
  asio::io_context io;
  SystemClock clock;
  auto pause = clock.sleep_for(std::chrono::milliseconds(50));
  auto ended = asio::co_spawn(io, std::move(pause), asio::use_future);
  io.run();
  ended.get();
}

bool Chromium::is_installed() { return ::access(program.data(), X_OK) == 0; }

Chromium::Chromium(const std::filesystem::path& microphone_wav) {
  std::string pattern = std::filesystem::temp_directory_path() / "parley-chromium-XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  folder_ = pattern;
  launch(microphone_wav);
  thread_ = std::jthread([this, guard = asio::make_work_guard(io_)] { io_.run(); });
  connect(endpoint());
}

Chromium::~Chromium() {
  if (socket_) {
    auto drop = [this]() -> asio::awaitable<void> {
      socket_.reset();
      co_return;
    };
    asio::co_spawn(io_, std::move(drop), asio::use_future).get();
  }
  io_.stop();
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void Chromium::launch(const std::filesystem::path& microphone_wav) {
  std::vector<std::string> arguments{
      std::string(program), "--headless=new",
      // Root, as in a container, has no sandbox; what it shows are our own pages.
      "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--disable-background-networking", "--disable-component-update",
      "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
      "--autoplay-policy=no-user-gesture-required",
      "--user-data-dir=" + (folder_ / "profile").string(), "--remote-debugging-port=0",
      "about:blank"};
  if (microphone_wav.empty()) {
    arguments.insert(arguments.begin() + 1, "--deny-permission-prompts");
  } else {
    auto sound = "--use-file-for-fake-audio-capture=" + microphone_wav.string() + "%noloop";
    arguments.insert(arguments.begin() + 1, {"--use-fake-ui-for-media-stream",
                                             "--use-fake-device-for-media-stream", sound});
  }
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  auto home = "HOME=" + folder_.string();
  auto path = "PATH=" + std::string(std::getenv("PATH"));
  char* environment[]{home.data(), path.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  auto log = (folder_ / "chromium.log").string();
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  int failed = ::posix_spawn(&pid_, program.data(), &actions, nullptr, argv.data(), environment);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start Chromium");
}

/// Chromium writes its port and path into its profile when it listens.
std::string Chromium::endpoint() const {
  auto begun = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() < begun + start_limit) {
    std::ifstream in(folder_ / "profile" / "DevToolsActivePort");
    std::string port;
    std::string path;
    if (std::getline(in, port) && std::getline(in, path) && !path.empty())
      return "ws://127.0.0.1:" + port + path;
    if (::waitpid(pid_, nullptr, WNOHANG) != 0) throw std::runtime_error("Chromium ended");
    look_again_later();
  }
  throw std::runtime_error("Chromium does not listen");
}

void Chromium::connect(const std::string& url) {
  auto work = [&]() -> Task<std::unique_ptr<net::WebSocket>> {
    net::WebSocketTarget target;
    target.url = url;
    target.limits = {.max_message_bytes = 32u << 20};
    auto connecting = net::connect_websocket(Context{}, clock_, std::move(target));
    co_return co_await std::move(connecting);
  };
  auto connected = asio::co_spawn(io_, work, asio::use_future).get();
  if (!connected) throw std::runtime_error("Chromium: " + connected.error().detail);
  socket_ = std::move(*connected);
}

json::object Chromium::command(const std::string& method, json::object params,
                               const std::string& session) {
  auto id = ++last_id_;
  json::object message{{"id", id}, {"method", method}, {"params", std::move(params)}};
  if (!session.empty()) message["sessionId"] = session;
  auto work = [&]() -> Task<json::object> {
    auto sent = socket_->send({false, json::serialize(message)});
    if (!sent) co_return std::unexpected(sent.error());
    while (true) {
      auto receiving = socket_->receive();
      auto answer =
          co_await with_deadline(clock_, clock_.now() + command_limit, std::move(receiving));
      if (!answer) co_return std::unexpected(answer.error());
      // Its own messages are deeper than what comes from outside may be.
      auto parsed = json::parse(answer->payload, {}, {.max_depth = 200});
      auto* its_id = parsed.as_object().if_contains("id");
      if (its_id && its_id->as_int64() == id) co_return std::move(parsed.as_object());
    }
  };
  auto answer = asio::co_spawn(io_, work, asio::use_future).get();
  if (!answer) throw std::runtime_error(method + ": " + answer.error().detail);
  if (auto* error = answer->if_contains("error"))
    throw std::runtime_error(method + ": " + json::serialize(*error));
  return answer->at("result").as_object();
}

Tab::Tab(Chromium& chromium, const std::string& before) : chromium_(chromium) {
  auto made = chromium_.command("Target.createTarget", {{"url", "about:blank"}});
  target_ = text_in(made, "targetId");
  auto attached =
      chromium_.command("Target.attachToTarget", {{"targetId", target_}, {"flatten", true}});
  session_ = text_in(attached, "sessionId");
  command("Page.enable");
  command("Page.addScriptToEvaluateOnNewDocument", {{"source", before}});
}

Tab::~Tab() {
  try {
    chromium_.command("Target.closeTarget", {{"targetId", target_}});
  } catch (const std::exception&) {
    // A browser that is gone has no tabs.
  }
}

json::object Tab::command(const std::string& method, json::object params) {
  return chromium_.command(method, std::move(params), session_);
}

void Tab::open(const std::string& url) {
  command("Page.navigate", {{"url", url}});
  if (!until("document.readyState === 'complete' && location.href === " +
             json::serialize(json::string(url))))
    throw std::runtime_error("the page does not load: " + url);
}

json::value Tab::evaluate(const std::string& expression) {
  auto result = command("Runtime.evaluate", {{"expression", expression},
                                             {"awaitPromise", true},
                                             {"returnByValue", true},
                                             {"userGesture", true}});
  if (auto* thrown = result.if_contains("exceptionDetails"))
    throw std::runtime_error(expression + " threw " + json::serialize(*thrown));
  auto& value = result.at("result").as_object();
  auto* found = value.if_contains("value");
  return found ? *found : json::value(nullptr);
}

bool Tab::until(const std::string& condition, std::chrono::seconds at_most) {
  auto limit = std::chrono::steady_clock::now() + at_most;
  while (std::chrono::steady_clock::now() < limit) {
    // In pieces, since a navigation ends what is being awaited.
    auto seen = evaluate(
        "new Promise((done) => { let left = 40; const look = () => { let yes = "
        "false; try { yes = Boolean(" +
        condition +
        "); } catch { yes = false; } if (yes || --left === 0) done(yes); else "
        "setTimeout(look, 25); }; look(); })");
    if (seen.is_bool() && seen.as_bool()) return true;
  }
  return false;
}

void Tab::press(const std::string& key, const std::string& text) {
  json::object down{{"type", text.empty() ? "rawKeyDown" : "keyDown"}, {"key", key}, {"code", key}};
  if (!text.empty()) down["text"] = text;
  static const std::map<std::string, int> codes{{"Enter", 13}, {"Escape", 27}, {"Tab", 9}};
  if (auto code = codes.find(key); code != codes.end())
    down["windowsVirtualKeyCode"] = code->second;
  auto up = down;
  up["type"] = "keyUp";
  up.erase("text");
  command("Input.dispatchKeyEvent", down);
  command("Input.dispatchKeyEvent", up);
}

void Tab::type(const std::string& text) { command("Input.insertText", {{"text", text}}); }

void Tab::be_phone(Theme theme) {
  command("Emulation.setDeviceMetricsOverride",
          {{"width", 360}, {"height", 640}, {"deviceScaleFactor", 2}, {"mobile", true}});
  json::object feature{{"name", "prefers-color-scheme"},
                       {"value", theme == Theme::dark ? "dark" : "light"}};
  command("Emulation.setEmulatedMedia", {{"features", json::array{feature}}});
}

void Tab::screenshot(const std::filesystem::path& file) {
  auto shot = command("Page.captureScreenshot", {{"format", "png"}});
  auto bytes = base64_decode(text_in(shot, "data"));
  if (!bytes) throw std::runtime_error("no picture");
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes->data()),
            static_cast<std::streamsize>(bytes->size()));
}

}  // namespace parley::browser
