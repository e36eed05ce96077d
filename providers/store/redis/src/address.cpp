#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

#include "parley/providers/redis/client.hpp"

namespace parley::providers::redis {

Result<Address> Address::parse(const std::string& url) {
  auto parsed = boost::urls::parse_uri(url);
  if (!parsed || (parsed->scheme() != "redis" && parsed->scheme() != "rediss") ||
      parsed->host().empty())
    return fail(Errc::invalid, "a Redis URL is redis://[[user]:password@]host[:port][/database]");
  Address address;
  address.transport = parsed->scheme() == "rediss" ? Transport::tls : Transport::plain;
  address.host = parsed->host_address();
  if (!parsed->port().empty()) address.port = parsed->port();
  address.user = parsed->user();
  address.password = parsed->password();
  std::string path = parsed->path();
  if (path.size() > 1) {
    auto* end = path.data() + path.size();
    auto [rest, wrong] = std::from_chars(path.data() + 1, end, address.database);
    if (wrong != std::errc() || rest != end || address.database < 0)
      return fail(Errc::invalid, "a Redis URL's path is the number of a database, such as /0");
  }
  return address;
}

}  // namespace parley::providers::redis
