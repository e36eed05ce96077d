#pragma once
#include <memory>
#include <string>

#include "parley/base/settings.hpp"
#include "parley/base/task.hpp"

namespace parley::app {

/// A whole server, put together: the only place that knows concrete types.
class Server {
 public:
  struct Options {
    bool demo = false;
  };
  /// What a person wants to know once it runs.
  struct Ready {
    std::string url;
    std::string email;     ///< of the demo's owner; empty without --demo
    std::string password;  ///< printed once; empty when it was given or existed before
    std::string number;
  };

  Server(const Settings& settings, Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Opens what it needs, migrates, makes the first owner and the demo, then opens the port.
  /// Errors: invalid (a setting), unavailable, conflict (another server uses the data folder).
  Result<Ready> start();
  /// Serves until SIGTERM or SIGINT, then drains and stops; a second signal cuts the draining
  /// short.
  void run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parley::app
