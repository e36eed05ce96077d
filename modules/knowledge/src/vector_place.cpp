#include "parley/knowledge/vector_place.hpp"

#include <sodium.h>

#include "parley/base/strings.hpp"

namespace parley::knowledge {

namespace {
std::string digest_of(const std::string& text) {
  std::array<unsigned char, 20> hash{};
  crypto_generichash(hash.data(), hash.size(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size(), nullptr, 0);
  return to_hex(std::as_bytes(std::span(hash)));
}
}  // namespace

std::string vector_place(const VectorSpace& space) {
  return digest_of(space.embedder + "\n" + std::to_string(space.dimensions));
}

std::string vector_place(const VectorSpace& space, const OrganizationId& organization,
                         const BusinessId& business) {
  return digest_of(space.embedder + "\n" + std::to_string(space.dimensions) + "\n" +
                   organization.str() + "\n" + business.str());
}

}  // namespace parley::knowledge
