#include "upstream_pool.hpp"

#include <sys/socket.h>

#include <boost/asio/execution/context.hpp>
#include <boost/url/parse.hpp>

#include "parley/base/strings.hpp"

namespace parley::net {

namespace {

asio::execution_context* context_of(const asio::any_io_executor& executor) {
  return &asio::query(executor, asio::execution::context);
}

/// Neither closed by the other side nor holding bytes nobody asked for.
bool is_fresh(UpstreamConnection& connection) {
  if (!connection.in.empty()) return false;
  char byte = 0;
  auto got = ::recv(connection.stream->socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace

Result<std::shared_ptr<UpstreamPool>> UpstreamPool::make(UpstreamOptions options) {
  auto url = boost::urls::parse_uri(options.url);
  if (!url) return fail(Errc::invalid, "not a URL");
  auto scheme = to_lower(std::string(url->scheme()));
  if (scheme != "http" && scheme != "https")
    return fail(Errc::invalid, "only http and https are spoken");
  if (url->has_userinfo()) return fail(Errc::invalid, "credentials belong into a header");
  auto pool = std::make_shared<UpstreamPool>();
  pool->tls_ = scheme == "https";
  pool->host_ = url->host_address();
  if (pool->host_.empty()) return fail(Errc::invalid, "the URL names no host");
  pool->port_ = url->port().empty() ? (pool->tls_ ? "443" : "80") : std::string(url->port());
  pool->authority_ = std::string(url->encoded_host_and_port());
  pool->options_ = std::move(options);
  return pool;
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take(const asio::any_io_executor& executor,
                                                       Duration longest_idle) {
  auto oldest = std::chrono::steady_clock::now() - longest_idle;
  // What is closed goes after the lock.
  std::vector<std::unique_ptr<UpstreamConnection>> stale;
  std::lock_guard lock(mutex_);
  auto& kept = idle_[context_of(executor)];
  while (!kept.empty()) {
    if (kept.back()->idle_since < oldest) return nullptr;
    auto connection = std::move(kept.back());
    kept.pop_back();
    if (is_fresh(*connection)) return connection;
    stale.push_back(std::move(connection));
  }
  return nullptr;
}

void UpstreamPool::put(const asio::any_io_executor& executor,
                       std::unique_ptr<UpstreamConnection> connection) {
  connection->in.shrink();
  connection->idle_since = std::chrono::steady_clock::now();
  std::lock_guard lock(mutex_);
  auto& kept = idle_[context_of(executor)];
  if (kept.size() < options_.max_idle) kept.push_back(std::move(connection));
}

void UpstreamPool::sweep() {
  auto oldest = std::chrono::steady_clock::now() - options_.idle_connection_life;
  std::vector<std::unique_ptr<UpstreamConnection>> stale;
  std::lock_guard lock(mutex_);
  for (auto& [context, kept] : idle_) {
    // The last used stand at the end.
    auto fresh = std::ranges::find_if(kept, [&](auto& c) { return c->idle_since >= oldest; });
    std::move(kept.begin(), fresh, std::back_inserter(stale));
    kept.erase(kept.begin(), fresh);
  }
}

}  // namespace parley::net
