#include "passwords.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include "parley/base/strings.hpp"

namespace parley::auth {

namespace {

constexpr std::size_t min_password_bytes = 8;
constexpr std::size_t max_password_bytes = 256;
constexpr std::size_t max_email_bytes = 254;

/// A well-formed hash that no password has.
std::string make_decoy(std::size_t passes, std::size_t memory, Random& random) {
  auto unpadded = [&](std::size_t bytes) {
    std::vector<std::byte> content(bytes);
    random.fill(content);
    auto text = base64_encode(content);
    text.erase(text.find_last_not_of('=') + 1);
    return text;
  };
  auto salt = unpadded(16);
  return fmt::format("$argon2id$v=19$m={},t={},p=1${}${}", memory / 1024, passes, salt,
                     unpadded(32));
}

}  // namespace

Result<void> check_password_rules(std::string_view password, std::string_view email) {
  if (password.size() < min_password_bytes || password.size() > max_password_bytes)
    return fail(Errc::invalid, fmt::format("the password must have {} to {} characters",
                                           min_password_bytes, max_password_bytes));
  if (iequals(password, email))
    return fail(Errc::invalid, "the password must not be the email address");
  return {};
}

Result<std::string> normalize_email(std::string_view text) {
  auto email = to_lower(trim(text));
  auto at = email.find('@');
  auto odd = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '<' || c == '>' || c == ',' ||
           c == '"';
  };
  bool good = at != std::string::npos && at > 0 && at + 1 < email.size() &&
              email.rfind('@') == at && email.size() <= max_email_bytes &&
              std::ranges::none_of(email, odd) && is_valid_utf8(email);
  if (!good) return fail(Errc::invalid, "the email must look like name@example.com");
  return email;
}

std::string token_hash(std::string_view token) {
  std::array<std::byte, crypto_hash_sha256_BYTES> digest;
  crypto_hash_sha256(reinterpret_cast<unsigned char*>(digest.data()),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size());
  return to_hex(digest);
}

Passwords::Passwords(WorkerPool& pool, Random& random, const AuthOptions& options)
    : pool_(pool),
      passes_(std::max<std::size_t>(options.password_passes, crypto_pwhash_OPSLIMIT_MIN)),
      memory_(std::max<std::size_t>(options.password_memory_bytes, crypto_pwhash_MEMLIMIT_MIN)),
      decoy_(make_decoy(passes_, memory_, random)) {}

Task<std::string> Passwords::hash(std::string password) {
  std::function<Result<std::string>()> work = [password = std::move(password), passes = passes_,
                                               memory = memory_]() -> Result<std::string> {
    std::string hash(crypto_pwhash_STRBYTES, '\0');
    if (crypto_pwhash_str(hash.data(), password.data(), password.size(), passes, memory) != 0)
      return fail(Errc::resource_exhausted, "no memory to hash a password");
    hash.resize(hash.find('\0'));
    return hash;
  };
  co_return co_await pool_.run(std::move(work));
}

Task<Passwords::Check> Passwords::verify(std::string password, std::optional<std::string> hash) {
  bool known = hash.has_value();
  auto against = std::move(hash).value_or(decoy_);
  std::function<Result<Check>()> work = [password = std::move(password),
                                         against = std::move(against), known, passes = passes_,
                                         memory = memory_]() -> Result<Check> {
    bool matches =
        crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0 && known;
    bool outdated = matches && crypto_pwhash_str_needs_rehash(against.c_str(), passes, memory) != 0;
    return Check{matches, outdated};
  };
  co_return co_await pool_.run(std::move(work));
}

}  // namespace parley::auth
