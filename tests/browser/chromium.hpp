#pragma once
#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "parley/base/json.hpp"
#include "parley/net/client.hpp"

namespace parley::browser {

/// Between two looks at something of another process that tells nobody.
void look_again_later();

/// Debian's Chromium without a window, driven over the DevTools protocol. Its microphone hears a
/// WAV file, and it reaches nothing but this machine. Ended by its pid; its profile is a temporary
/// folder. Throws std::runtime_error when it does not start.
class Chromium {
 public:
  /// Whether there is one to drive.
  static bool is_installed();

  /// Without a file, the visitor refuses the microphone.
  explicit Chromium(const std::filesystem::path& microphone_wav);
  ~Chromium();
  Chromium(const Chromium&) = delete;
  Chromium& operator=(const Chromium&) = delete;

  /// A command of the protocol; `session` is a tab's, or empty for the browser itself. Throws when
  /// it is refused, or not answered within a minute.
  json::object command(const std::string& method, json::object params = {},
                       const std::string& session = "");
  const std::filesystem::path& folder() const noexcept { return folder_; }

 private:
  void launch(const std::filesystem::path& microphone_wav);
  std::string endpoint() const;
  void connect(const std::string& url);

  std::filesystem::path folder_;
  pid_t pid_ = -1;
  SystemClock clock_;
  asio::io_context io_{1};
  std::jthread thread_;
  std::unique_ptr<net::WebSocket> socket_;
  std::int64_t last_id_ = 0;
};

/// One tab.
class Tab {
 public:
  /// `before` runs in each document before its own scripts.
  Tab(Chromium& chromium, const std::string& before);
  ~Tab();
  Tab(const Tab&) = delete;
  Tab& operator=(const Tab&) = delete;

  void open(const std::string& url);
  /// What the expression gives (a promise is awaited), as if a person had just clicked. Throws what
  /// it throws.
  json::value evaluate(const std::string& expression);
  /// Until it is true; false after `at_most`.
  bool until(const std::string& condition, std::chrono::seconds at_most = std::chrono::seconds(60));
  void press(const std::string& key, const std::string& text = "");
  void type(const std::string& text);
  enum class Theme { light, dark };
  /// 360 by 640 pixels.
  void be_phone(Theme theme);
  void screenshot(const std::filesystem::path& file);
  json::object command(const std::string& method, json::object params = {});

 private:
  Chromium& chromium_;
  std::string target_;
  std::string session_;
};

}  // namespace parley::browser
