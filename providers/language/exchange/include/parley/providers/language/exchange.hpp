#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "parley/net/event_stream.hpp"
#include "parley/net/upstream.hpp"
#include "parley/resilience/policy.hpp"

namespace parley::providers::language {

/// What a vendor's failures mean.
struct ErrorWords {
  /// Of an answer with another status than 200. forbidden is what no repetition mends: a wrong key,
  /// an empty account.
  std::function<Error(const net::HttpResponse& response)> of_status;
  /// Of an event that says the call has failed; nothing for others.
  std::function<std::optional<Error>(const net::StreamEvent& event)> of_event;
};

struct ExchangeOptions {
  std::string url;  ///< http(s)://host[:port][/path], before which no path is put
  net::Headers headers;
  ErrorWords words;
  Duration longest_silence = std::chrono::seconds(10);  ///< between two events
  Duration longest_generation = std::chrono::seconds(60);
  std::size_t max_answer_bytes = 1u << 20;
};

/// The events of one answer. Used from one strand; dropping it closes the connection.
class Answer {
 public:
  Answer(Clock& clock, const ExchangeOptions& options, TimePoint deadline, net::BodyStream body);
  /// Errors: end_of_stream (an orderly end of the body), unavailable, timeout, too_large, or what
  /// an event said.
  Task<net::StreamEvent> next();
  /// Nothing more is wanted: waits a moment for the end, so that the connection can be kept for the
  /// next turn.
  asio::awaitable<void> finish();

 private:
  friend class Exchange;
  Task<void> begin();
  Clock& clock_;
  const ExchangeOptions& options_;
  TimePoint deadline_;
  net::EventStreamReader reader_;
  std::optional<net::StreamEvent> first_;
};

/// One vendor's API. Thread-safe; it goes after its answers and before its callers' io_contexts.
class Exchange {
 public:
  /// Errors: invalid (the URL). Clock and policy outlive it.
  static Result<std::unique_ptr<Exchange>> make(Clock& clock, resilience::Policy& policy,
                                                ExchangeOptions options);

  /// Posts `body` to the URL's path and `path`, and returns when the first event is there. A
  /// generation has no effect, so it is safe to repeat. Errors: the vendor's, the policy's,
  /// unavailable, timeout, corrupt (no event stream).
  Task<std::unique_ptr<Answer>> post(Context ctx, std::string path, std::string body);

 private:
  Exchange(Clock& clock, resilience::Policy& policy, ExchangeOptions options,
           std::shared_ptr<net::Upstream> upstream, std::string base_path);
  Task<std::unique_ptr<Answer>> attempt(Context ctx, TimePoint deadline, std::string target,
                                        std::string body);
  Clock& clock_;
  resilience::Policy& policy_;
  const ExchangeOptions options_;
  std::shared_ptr<net::Upstream> upstream_;
  const std::string base_path_;
};

/// Where a URL's path begins: {"https://api.openai.com", "/v1"}; no slash at the end.
std::pair<std::string, std::string> split_base_url(std::string_view url);

/// "Anthropic answered 400 invalid_request_error": for an Error's detail.
std::string answered(std::string_view vendor, int status, std::string_view type);

}  // namespace parley::providers::language
