#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "browser_line.hpp"
#include "parley/base/random.hpp"
#include "parley/webvoice/sites.hpp"

namespace parley::webvoice {

/// The sessions of browsers: made for a page, opened once with a token, found again with a token
/// that is new each time. Bounded; what nobody opened in time is forgotten. Thread-safe.
class SessionBook {
 public:
  struct Limits {
    Duration token_life = std::chrono::seconds(60);
    std::size_t most_unopened = 2000;
    std::size_t most_open = 1000;
  };
  struct Made {
    std::string session;  ///< "web_..."
    std::string token;    ///< opens it, once
    std::string resume_token;
  };
  struct Opened {
    Site site;
    std::string resume_token;
  };
  struct Resumed {
    std::shared_ptr<BrowserLine> line;
    std::string resume_token;  ///< for the next time
  };

  SessionBook(Clock& clock, Random& random, Limits limits)
      : clock_(clock), random_(random), limits_(limits) {}

  /// Errors: rate_limited when too many wait to be opened.
  Result<Made> make(Site site, std::string origin);
  /// Uses up the token. Errors: not_found (no such session, or it is too late), forbidden (another
  /// token, a used one, or another page's origin), rate_limited (too many are open).
  Result<Opened> open(const std::string& session, const std::string& token,
                      const std::string& origin);
  /// The line of a session that was opened, so that it can be found again.
  void runs(const std::string& session, std::shared_ptr<BrowserLine> line);
  void over(const std::string& session);
  /// Uses up the resume token. Errors: not_found (no such session, or it is over), forbidden.
  Result<Resumed> resume(const std::string& session, const std::string& token,
                         const std::string& origin);
  std::size_t open_sessions() const;

 private:
  struct Session {
    Site site;
    std::string origin;
    std::string token;  ///< empty once it was used
    std::string resume_token;
    TimePoint made{};
    bool opened = false;
    std::shared_ptr<BrowserLine> line;
  };
  void forget_unopened();  // under mutex_

  Clock& clock_;
  Random& random_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::map<std::string, Session> sessions_;
  std::size_t opened_ = 0;
};

}  // namespace parley::webvoice
