#pragma once
#include <functional>
#include <string>
#include <vector>

#include "parley/net/client.hpp"

namespace parley::net {

/// The addresses of a name as they are now; none: what the system's resolver says.
using Resolve = std::function<std::vector<std::string>(const std::string& host)>;

/// An HttpClient that asks `resolve` for the host of each request's URL, on its strand. For tests
/// of names whose answers change; no other rule is softened.
std::unique_ptr<HttpClient> make_http_client(asio::any_io_executor executor, Resolve resolve);

}  // namespace parley::net
