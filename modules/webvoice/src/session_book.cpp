#include "session_book.hpp"

namespace parley::webvoice {

namespace {

/// In a time that does not tell how much of it was right.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size() || a.empty()) return false;
  unsigned char differs = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differs |= static_cast<unsigned char>(a[i] ^ b[i]);
  return differs == 0;
}

}  // namespace

void SessionBook::forget_unopened() {
  auto now = clock_.now();
  std::erase_if(sessions_, [&](const auto& entry) {
    return !entry.second.opened && now >= entry.second.made + limits_.token_life;
  });
}

Result<SessionBook::Made> SessionBook::make(Site site, std::string origin) {
  Made made{"web_" + random_.token(18), random_.token(), random_.token()};
  std::lock_guard lock(mutex_);
  forget_unopened();
  if (sessions_.size() - opened_ >= limits_.most_unopened)
    return fail(Errc::rate_limited, "too many sessions wait to be opened");
  Session session;
  session.site = std::move(site);
  session.origin = std::move(origin);
  session.token = made.token;
  session.resume_token = made.resume_token;
  session.made = clock_.now();
  sessions_.emplace(made.session, std::move(session));
  return made;
}

Result<SessionBook::Opened> SessionBook::open(const std::string& id, const std::string& token,
                                              const std::string& origin) {
  std::lock_guard lock(mutex_);
  forget_unopened();
  auto found = sessions_.find(id);
  if (found == sessions_.end()) return fail(Errc::not_found, "no such session, or it is too late");
  auto& session = found->second;
  if (session.origin != origin) return fail(Errc::forbidden, "the session is another page's");
  if (session.opened) return fail(Errc::forbidden, "the token was used already");
  if (!same_secret(session.token, token)) return fail(Errc::forbidden, "the token is wrong");
  if (opened_ >= limits_.most_open) return fail(Errc::rate_limited, "too many sessions are open");
  session.token.clear();
  session.opened = true;
  ++opened_;
  return Opened{session.site, session.resume_token};
}

void SessionBook::runs(const std::string& id, std::shared_ptr<BrowserLine> line) {
  std::lock_guard lock(mutex_);
  if (auto found = sessions_.find(id); found != sessions_.end())
    found->second.line = std::move(line);
}

void SessionBook::over(const std::string& id) {
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  if (found->second.opened) --opened_;
  sessions_.erase(found);
}

Result<SessionBook::Resumed> SessionBook::resume(const std::string& id, const std::string& token,
                                                 const std::string& origin) {
  auto fresh = random_.token();
  std::lock_guard lock(mutex_);
  auto found = sessions_.find(id);
  if (found == sessions_.end() || !found->second.line)
    return fail(Errc::not_found, "no such session, or it is over");
  auto& session = found->second;
  if (session.origin != origin) return fail(Errc::forbidden, "the session is another page's");
  if (!same_secret(session.resume_token, token))
    return fail(Errc::forbidden, "the resume token is wrong or was used");
  session.resume_token = fresh;
  return Resumed{session.line, fresh};
}

std::size_t SessionBook::open_sessions() const {
  std::lock_guard lock(mutex_);
  return opened_;
}

}  // namespace parley::webvoice
