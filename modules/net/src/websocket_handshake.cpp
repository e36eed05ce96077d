#include "websocket_handshake.hpp"

#include <openssl/evp.h>

#include <array>

#include "parley/base/strings.hpp"

namespace parley::net {

bool has_word(std::optional<std::string_view> field, std::string_view word) {
  if (!field) return false;
  for (auto& part : split(*field, ','))
    if (iequals(trim(part), word)) return true;
  return false;
}

bool asks_for_websocket(const HttpRequest& request) {
  auto upgrade = request.headers.get("Upgrade");
  return upgrade && request.method == Method::get && has_word(upgrade, "websocket") &&
         has_word(request.headers.get("Connection"), "upgrade");
}

std::optional<Refusal> check_websocket_request(const HttpRequest& request) {
  if (request.headers.get("Sec-WebSocket-Version") != "13")
    return Refusal{426, "WebSocket version 13 is spoken"};
  auto key = request.headers.get("Sec-WebSocket-Key");
  if (key) {
    auto nonce = base64_decode(*key);
    if (nonce && nonce->size() == 16) return std::nullopt;
  }
  return Refusal{400, "Sec-WebSocket-Key must be 16 bytes in base64"};
}

std::string websocket_accept(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<std::byte, 20> digest;
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
             EVP_sha1(), nullptr);
  return base64_encode(digest);
}

}  // namespace parley::net
