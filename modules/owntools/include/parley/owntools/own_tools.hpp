#pragma once
#include <memory>

#include "parley/dialog/own_tools.hpp"
#include "parley/net/client.hpp"
#include "parley/owntools/secrets.hpp"

namespace parley::owntools {

struct OwnToolsOptions {
  /// Addresses come from users: only public ones, unless a setting says otherwise.
  enum class Addresses { public_only, any } addresses = Addresses::public_only;
  std::size_t most_answer_bytes = 64u << 10;
  std::size_t most_tools_of_a_server = 32;
  /// All servers of an agent together may take so long to say what tools they have.
  Duration discovery = std::chrono::milliseconds(1500);
  /// The tools of a server are asked for again after this, and after a failure already then.
  Duration kept_for = std::chrono::minutes(10);
  Duration retry_after = std::chrono::seconds(30);
};

struct OwnToolsParts {
  Clock& clock;
  Random& random;
  net::HttpClient& http;
  auth::SecretKey key{};
};

/// Tools at addresses outside. A secret whsec_... signs requests as Standard Webhooks has it
/// (webhook-id is the idempotency key), any other is sent as a bearer token.
/// - HTTP: the arguments are posted with the call they are of; a 2xx answer is the result.
/// - MCP: streamable HTTP, protocol 2025-06-18 and 2025-03-26, answers as JSON or as an event
///   stream, with a session where the server gives one.
std::unique_ptr<dialog::OwnTools> make_own_tools(OwnToolsParts parts, OwnToolsOptions options = {});

}  // namespace parley::owntools
