#pragma once
#include <optional>
#include <string>

#include "parley/telephony/inbound.hpp"

namespace parley::providers::twilio {

/// Where Twilio reaches this server.
struct PublicUrls {
  std::string base;  ///< "https://voice.example.com", no trailing slash

  std::string media(const std::string& token) const;  ///< wss://.../media/twilio/<token>
  std::string continue_call() const;
};

/// The TwiML document for an answer; `<Hangup/>` when there is none.
std::string render_twiml(const std::optional<telephony::CallAnswer>& answer,
                         const PublicUrls& urls);

std::string escape_xml(std::string_view text);

}  // namespace parley::providers::twilio
