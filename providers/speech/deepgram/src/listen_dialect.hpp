#pragma once
#include "parley/base/json.hpp"
#include "parley/providers/streaming/dialect.hpp"

namespace parley::providers::deepgram {

/// The messages of /v1/listen.
class ListenDialect final : public streaming::Dialect {
 public:
  ListenDialect(std::string language, int rate_hz)
      : language_(std::move(language)), rate_hz_(rate_hz) {}

  net::WebSocketMessage audio(std::span<const std::int16_t> samples) override;
  net::WebSocketMessage finalize() override;
  std::optional<net::WebSocketMessage> keep_alive() override;
  std::optional<net::WebSocketMessage> farewell() override;
  Result<streaming::Heard> read(const net::WebSocketMessage& message) override;

 private:
  Result<streaming::Heard> results(const json::value& message) const;
  const std::string language_;
  const int rate_hz_;
};

/// The query of a session. Telephone audio is mu-law.
std::string listen_query(const std::string& model, const std::string& language, int rate_hz,
                         const std::vector<std::string>& keyterms);

}  // namespace parley::providers::deepgram
