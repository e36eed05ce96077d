#include "parley/auth/master_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "parley/base/strings.hpp"

namespace parley::auth {

namespace {

namespace fs = std::filesystem;

const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string problem(std::string_view what, const fs::path& file) {
  return fmt::format("{} {}: {}", what, file.string(), std::strerror(errno));
}

class File {
 public:
  File(const fs::path& path, int flags, mode_t mode = 0) {
    fd_ = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  }
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

/// Written aside and linked into place, so that nobody ever reads half a key and of several
/// processes that start together exactly one makes it.
Result<void> create(const fs::path& file, const std::string& text, Random& random) {
  auto aside = file.string() + "." + random.token(9);
  bool good = false;
  {
    File out(aside, O_WRONLY | O_CREAT | O_EXCL, 0600);
    good = out.fd() >= 0 &&
           ::write(out.fd(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
           ::fsync(out.fd()) == 0;
  }
  if (good) good = ::link(aside.c_str(), file.c_str()) == 0 || errno == EEXIST;
  auto failed = good ? std::string() : problem("cannot write", file);
  ::unlink(aside.c_str());
  if (!good) return fail(Errc::unavailable, failed);
  auto folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  File directory(folder, O_RDONLY | O_DIRECTORY);
  if (directory.fd() >= 0) ::fsync(directory.fd());
  return {};
}

Result<std::string> read_private(const fs::path& file) {
  File in(file, O_RDONLY);
  if (in.fd() < 0) return fail(Errc::unavailable, problem("cannot read", file));
  struct stat facts{};
  if (::fstat(in.fd(), &facts) != 0) return fail(Errc::unavailable, problem("cannot read", file));
  if ((facts.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return fail(Errc::forbidden,
                fmt::format("{} can be read by others: run chmod 600 on it", file.string()));
  std::string text(256, '\0');
  auto length = ::read(in.fd(), text.data(), text.size());
  if (length < 0) return fail(Errc::unavailable, problem("cannot read", file));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

}  // namespace

Result<MasterKey> MasterKey::load_or_create(const fs::path& file, Random& random) {
  std::error_code ec;
  if (!fs::exists(file, ec)) {
    auto created = create(file, random.token(32) + "\n", random);
    if (!created) return std::unexpected(created.error());
  }
  auto text = read_private(file);
  if (!text) return std::unexpected(text.error());
  auto key = from_text(trim(*text));
  sodium_memzero(text->data(), text->size());
  if (!key)
    return fail(Errc::corrupt,
                fmt::format("{} does not hold a key: {}", file.string(), key.error().detail));
  return key;
}

Result<MasterKey> MasterKey::from_text(std::string_view text) {
  auto bytes = base64url_decode(text);
  SecretKey key;
  if (!bytes || bytes->size() != key.size())
    return fail(Errc::invalid, "a key is 32 bytes as 43 characters of base64url");
  std::ranges::copy(*bytes, key.begin());
  return MasterKey(key);
}

MasterKey MasterKey::make(Random& random) {
  SecretKey key;
  random.fill(key);
  return MasterKey(key);
}

SecretKey MasterKey::derive(std::string_view purpose) const {
  SecretKey derived;
  crypto_generichash(reinterpret_cast<unsigned char*>(derived.data()), derived.size(), raw(purpose),
                     purpose.size(), raw(key_), key_.size());
  return derived;
}

std::string seal(const SecretKey& key, std::string_view plain, std::string_view about) {
  constexpr auto nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  std::string sealed(nonce_bytes + plain.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES, '\0');
  auto* out = reinterpret_cast<unsigned char*>(sealed.data());
  randombytes_buf(out, nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + nonce_bytes, nullptr, raw(plain), plain.size(),
                                             raw(about), about.size(), nullptr, out, raw(key));
  return sealed;
}

Result<std::string> unseal(const SecretKey& key, std::string_view sealed, std::string_view about) {
  constexpr auto nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
  constexpr auto overhead = nonce_bytes + crypto_aead_xchacha20poly1305_ietf_ABYTES;
  if (sealed.size() < overhead) return fail(Errc::corrupt, "sealed text is too short");
  std::string plain(sealed.size() - overhead, '\0');
  auto* out = reinterpret_cast<unsigned char*>(plain.data());
  auto opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
      out, nullptr, nullptr, raw(sealed) + nonce_bytes, sealed.size() - nonce_bytes, raw(about),
      about.size(), raw(sealed), raw(key));
  if (opened != 0) return fail(Errc::corrupt, "sealed text does not open");
  return plain;
}

namespace {

/// Lengths in front keep ("ab", "c") and ("a", "bc") apart.
std::string link_mac(const SecretKey& key, std::string_view purpose, std::string_view organization,
                     std::string_view thing) {
  auto message = fmt::format("{}:{}{}:{}{}:{}", purpose.size(), purpose, organization.size(),
                             organization, thing.size(), thing);
  std::array<std::byte, 24> mac;
  crypto_generichash(reinterpret_cast<unsigned char*>(mac.data()), mac.size(), raw(message),
                     message.size(), raw(key), key.size());
  return base64url_encode(mac);
}

}  // namespace

std::string LinkSigner::token(std::string_view purpose, std::string_view organization,
                              std::string_view thing) const {
  return fmt::format("{}.{}", organization, link_mac(key_, purpose, organization, thing));
}

Result<std::string> LinkSigner::check(std::string_view purpose, std::string_view thing,
                                      std::string_view token) const {
  auto dot = token.find('.');
  if (dot == std::string_view::npos || token.size() > 200)
    return fail(Errc::unauthenticated, "malformed link token");
  auto organization = token.substr(0, dot);
  auto given = token.substr(dot + 1);
  auto right = link_mac(key_, purpose, organization, thing);
  if (given.size() != right.size() || sodium_memcmp(given.data(), right.data(), right.size()) != 0)
    return fail(Errc::unauthenticated, "wrong link token");
  return std::string(organization);
}

}  // namespace parley::auth
