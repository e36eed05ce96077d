#include "media_message.hpp"

#include <charconv>

namespace parley::providers::twilio {

namespace {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool take(char c) {
    skip_space();
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool at(char c) {
    skip_space();
    return !rest_.empty() && rest_.front() == c;
  }
  /// A string without escapes, or the digits of a number.
  std::optional<std::string_view> scalar() { return at('"') ? plain_string() : digits(); }
  std::optional<std::string_view> plain_string() {
    if (!take('"')) return std::nullopt;
    auto end = rest_.find('"');
    if (end == std::string_view::npos) return std::nullopt;
    auto text = rest_.substr(0, end);
    // Control characters are no JSON; the payload is checked as base64 besides.
    for (char c : text)
      if (c == '\\' || static_cast<unsigned char>(c) < 0x20) return std::nullopt;
    rest_.remove_prefix(end + 1);
    return text;
  }
  bool done() {
    skip_space();
    return rest_.empty();
  }

 private:
  std::optional<std::string_view> digits() {
    auto end = rest_.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    auto text = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return text;
  }
  void skip_space() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n' ||
                              rest_.front() == '\r' || rest_.front() == '\t'))
      rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t parsed = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return parsed;
}

/// Calls member(key) after each key and its colon; it takes the value and says whether it could.
template <class Member>
bool read_object(Scanner& scanner, Member member) {
  if (!scanner.take('{')) return false;
  do {
    auto key = scanner.plain_string();
    if (!key || !scanner.take(':') || !member(*key)) return false;
  } while (scanner.take(','));
  return scanner.take('}');
}

bool read_media(Scanner& scanner, MediaMessage& message) {
  bool inbound = true, whole = true;
  bool read = read_object(scanner, [&](std::string_view key) {
    auto value = scanner.scalar();
    if (!value) return false;
    if (key == "track") inbound = *value == "inbound";
    if (key == "payload") message.payload = *value;
    if (key == "timestamp") whole = (message.timestamp = number(*value)).has_value() && whole;
    if (key == "chunk") {
      auto chunk = number(*value);
      whole = chunk.has_value() && whole;
      message.chunk = chunk.value_or(0);
    }
    return true;
  });
  return read && inbound && whole;
}

}  // namespace

std::optional<MediaMessage> read_usual_media(std::string_view text) {
  Scanner scanner(text);
  MediaMessage message;
  bool is_media = false, has_media = false;
  bool read = read_object(scanner, [&](std::string_view key) {
    if (key == "media") return has_media = read_media(scanner, message);
    auto value = scanner.scalar();
    if (!value) return false;
    if (key == "event") return is_media = *value == "media";
    if (key == "streamSid") message.stream_sid = *value;
    return true;
  });
  if (!read || !scanner.done() || !is_media || !has_media) return std::nullopt;
  if (message.stream_sid.empty() || message.payload.empty() || message.chunk < 1)
    return std::nullopt;
  return message;
}

}  // namespace parley::providers::twilio
