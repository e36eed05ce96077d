#include "parley/providers/twilio/twiml.hpp"

#include "parley/base/strings.hpp"

namespace parley::providers::twilio {

std::string PublicUrls::media(const std::string& token) const {
  // http:// becomes ws://, https:// becomes wss://
  return "ws" + base.substr(4) + "/media/twilio/" + url_encode(token);
}

std::string PublicUrls::continue_call() const { return base + "/webhooks/twilio/continue"; }

std::string escape_xml(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        // Control characters are not XML.
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') out += c;
    }
  }
  return out;
}

std::string render_twiml(const std::optional<telephony::CallAnswer>& answer,
                         const PublicUrls& urls) {
  std::string body = "<Hangup/>";
  if (answer) {
    if (auto* media = std::get_if<telephony::ConnectMedia>(&*answer)) {
      body = "<Connect action=\"" + escape_xml(urls.continue_call()) + "\" method=\"POST\">" +
             "<Stream url=\"" + escape_xml(urls.media(media->media_token)) + "\"/></Connect>";
    } else {
      auto& say = std::get<telephony::SayAndHangUp>(*answer);
      body = "<Say>" + escape_xml(say.text) + "</Say><Hangup/>";
    }
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>" + body + "</Response>";
}

}  // namespace parley::providers::twilio
