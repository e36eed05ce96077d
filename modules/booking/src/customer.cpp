#include "customer.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "parley/base/json.hpp"
#include "parley/base/strings.hpp"

namespace parley::booking {

namespace {

enum class Breaks { refused, allowed };

Result<void> settle_text(std::string& text, std::string_view field, std::size_t max,
                         Breaks breaks) {
  if (text.size() > max)
    return fail(Errc::invalid, fmt::format("{}: at most {} bytes", field, max));
  if (!is_valid_utf8(text)) return fail(Errc::invalid, fmt::format("{}: is not UTF-8", field));
  std::string settled;
  auto trimmed = trim(text);
  for (std::size_t i = 0; i < trimmed.size(); ++i) {
    auto c = trimmed[i];
    bool line_end = c == '\r' || c == '\n';
    auto byte = static_cast<unsigned char>(c);
    if (line_end && breaks == Breaks::allowed) {
      if (c == '\r' && i + 1 < trimmed.size() && trimmed[i + 1] == '\n') continue;
      c = '\n';
    } else if ((byte < 0x20 && c != '\t') || byte == 0x7f) {
      return fail(Errc::invalid, fmt::format("{}: has control characters", field));
    }
    settled += c;
  }
  text = std::move(settled);
  return {};
}

}  // namespace

Result<void> settle_customer(Customer& customer, std::string& notes) {
  if (auto good = settle_text(customer.name, "customer name", 200, Breaks::refused); !good)
    return good;
  if (customer.name.empty()) return fail(Errc::invalid, "customer name: is missing");
  if (auto good = settle_text(customer.email, "customer email", 254, Breaks::refused); !good)
    return good;
  auto at = customer.email.find('@');
  bool address = at != std::string::npos && at > 0 && at + 1 < customer.email.size() &&
                 customer.email.find(' ') == std::string::npos;
  if (!customer.email.empty() && !address)
    return fail(Errc::invalid, "customer email: is not an address");
  if (auto good = settle_text(notes, "notes", 2000, Breaks::allowed); !good) return good;
  if (trim(customer.phone).empty()) {
    customer.phone.clear();
    return {};
  }
  auto phone = normalize_e164(customer.phone);
  if (!phone) return fail(Errc::invalid, "customer phone: " + phone.error().detail);
  customer.phone = std::move(*phone);
  return {};
}

std::string request_digest(const BookRequest& request) {
  const auto& slot = request.slot;
  auto text = json::serialize(json::array{
      slot.business.str(), slot.service.str(), calendar::to_text(slot.start), slot.resource.str(),
      request.customer.name, request.customer.phone, request.customer.email, request.notes,
      to_string(request.source), request.call.str()});
  std::array<std::byte, 16> digest;
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                     reinterpret_cast<const unsigned char*>(text.data()), text.size(), nullptr, 0);
  return to_hex(digest);
}

}  // namespace parley::booking
