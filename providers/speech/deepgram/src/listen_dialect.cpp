#include "listen_dialect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "parley/audio/g711.hpp"
#include "parley/base/strings.hpp"

namespace parley::providers::deepgram {

namespace {

using streaming::Heard;

net::WebSocketMessage word(std::string_view type) {
  return {false, json::serialize(json::object{{"type", type}})};
}

double number_in(const json::object& object, std::string_view field) {
  auto* found = object.if_contains(field);
  if (!found) return 0;
  boost::system::error_code ec;
  auto number = found->to_number<double>(ec);
  return ec ? 0 : number;
}

bool flag_in(const json::object& object, std::string_view field) {
  auto* found = object.if_contains(field);
  return found && found->is_bool() && found->get_bool();
}

/// "en" of "en-US".
std::string_view primary(std::string_view language) {
  return language.substr(0, language.find('-'));
}

bool is_foreign(const json::object& best, std::string_view language) {
  auto* found = best.if_contains("languages");
  if (!found || !found->is_array() || found->get_array().empty()) return false;
  return std::ranges::none_of(found->get_array(), [&](const json::value& one) {
    return one.is_string() && primary(std::string_view(one.get_string())) == primary(language);
  });
}

}  // namespace

std::string listen_query(const std::string& model, const std::string& language, int rate_hz,
                         const std::vector<std::string>& keyterms) {
  bool is_telephone = rate_hz == audio::telephone_rate_hz;
  auto query = fmt::format(
      "?model={}&language={}&encoding={}&sample_rate={}&channels=1&interim_results=true"
      "&endpointing=300&punctuate=true&numerals=false",
      url_encode(model), url_encode(language), is_telephone ? "mulaw" : "linear16", rate_hz);
  for (auto& term : keyterms) query += "&keyterm=" + url_encode(term);
  return query;
}

net::WebSocketMessage ListenDialect::audio(std::span<const std::int16_t> samples) {
  net::WebSocketMessage message{true, {}};
  if (rate_hz_ == audio::telephone_rate_hz) {
    auto codes = audio::mulaw_encode(samples);
    message.payload.assign(codes.begin(), codes.end());
    return message;
  }
  for (auto sample : samples) {
    message.payload.push_back(static_cast<char>(sample & 0xFF));
    message.payload.push_back(static_cast<char>((sample >> 8) & 0xFF));
  }
  return message;
}

net::WebSocketMessage ListenDialect::finalize() { return word("Finalize"); }
std::optional<net::WebSocketMessage> ListenDialect::keep_alive() { return word("KeepAlive"); }
std::optional<net::WebSocketMessage> ListenDialect::farewell() { return word("CloseStream"); }

Result<Heard> ListenDialect::read(const net::WebSocketMessage& message) {
  auto parsed = parse_json(message.payload);
  if (!parsed || !parsed->is_object())
    return fail(Errc::corrupt, "Deepgram sent what is no JSON object");
  auto type = text_at(*parsed, "/type");
  if (type == "Results") return results(*parsed);
  if (type == "Error") return fail(Errc::unavailable, "Deepgram ended the session with an error");
  return Heard{};  // Metadata, SpeechStarted, UtteranceEnd and what is added one day
}

Result<Heard> ListenDialect::results(const json::value& message) const {
  auto& whole = message.get_object();
  Heard heard;
  auto end = number_in(whole, "start") + number_in(whole, "duration");
  if (end > 0 && end < 1e6)
    heard.until = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(end));
  bool is_final = flag_in(whole, "is_final");
  heard.kind = !is_final                         ? Heard::Kind::partial
               : flag_in(whole, "from_finalize") ? Heard::Kind::finalized
                                                 : Heard::Kind::settled;
  auto* all = value_at(message, "/channel/alternatives");
  if (!all || !all->is_array()) return fail(Errc::corrupt, "Deepgram's results have no words");
  for (auto& one : all->get_array()) {
    if (!one.is_object()) continue;
    auto text = std::string(trim(text_in(one.get_object(), "transcript")));
    if (&one != &all->get_array().front()) {
      if (!text.empty()) heard.alternatives.push_back(std::move(text));
      continue;
    }
    heard.confidence = number_in(one.get_object(), "confidence");
    if (is_foreign(one.get_object(), language_))
      heard.confidence = std::min(heard.confidence, streaming::foreign_confidence);
    heard.text = std::move(text);
  }
  return heard;
}

}  // namespace parley::providers::deepgram
