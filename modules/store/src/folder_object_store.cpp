#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "parley/base/random.hpp"
#include "parley/base/strings.hpp"
#include "parley/store/objects.hpp"

namespace parley::store {

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

constexpr std::size_t max_key_length = 512;
/// No key segment may start like this, so unfinished writes are never mistaken for objects.
constexpr std::string_view temporary_prefix = ".tmp-";

class File {
 public:
  File(const fs::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0640)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

 private:
  int descriptor_;
};

std::unexpected<Error> system_failure(std::string_view what, int code) {
  auto errc = Errc::unavailable;
  if (code == ENOSPC || code == EDQUOT || code == EFBIG || code == EMFILE || code == ENFILE)
    errc = Errc::resource_exhausted;
  if (code == ENOENT || code == ENOTDIR) errc = Errc::not_found;
  return fail(errc, std::string(what) + ": " + std::generic_category().message(code));
}

Result<void> check_key(std::string_view key) {
  auto wrong = [] { return fail(Errc::invalid, "not an object's key"); };
  if (key.empty() || key.size() > max_key_length) return wrong();
  for (const auto& segment : split(key, '/')) {
    auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '.' || c == '_' || c == '-';
    };
    if (segment.empty() || segment == "." || segment == ".." || segment.size() > 200 ||
        segment.starts_with(temporary_prefix) || !std::ranges::all_of(segment, allowed))
      return wrong();
  }
  return {};
}

Result<void> sync_folder(const fs::path& folder) {
  File file(folder, O_RDONLY | O_DIRECTORY);
  if (!file || ::fsync(file.get()) != 0) return system_failure("sync the folder", errno);
  return {};
}

/// Each new folder is durable only when the one above it is synced.
Result<void> make_folders(const fs::path& root, const fs::path& folder) {
  std::vector<fs::path> missing;
  std::error_code ec;
  for (auto at = folder; at != root && !fs::exists(at, ec); at = at.parent_path())
    missing.push_back(at);
  for (; !missing.empty(); missing.pop_back()) {
    if (::mkdir(missing.back().c_str(), 0750) != 0 && errno != EEXIST)
      return system_failure("make a folder", errno);
    if (auto synced = sync_folder(missing.back().parent_path()); !synced) return synced;
  }
  return {};
}

Result<void> write_all(const File& file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    auto written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write", errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return system_failure("sync", errno);
  return {};
}

Result<void> put_file(const fs::path& root, const fs::path& path, const std::string& temporary_name,
                      std::span<const std::byte> bytes) {
  auto folder = path.parent_path();
  if (auto made = make_folders(root, folder); !made) return made;
  auto temporary = folder / temporary_name;
  {
    File file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return system_failure("create", errno);
    if (auto written = write_all(file, bytes); !written) {
      ::unlink(temporary.c_str());
      return written;
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    int code = errno;
    ::unlink(temporary.c_str());
    // A folder where the file should be: the key is a prefix of others.
    if (code == EISDIR || code == ENOTEMPTY) return fail(Errc::conflict, "the key is a folder");
    return system_failure("rename", code);
  }
  return sync_folder(folder);
}

Result<Bytes> get_file(const fs::path& path) {
  File file(path, O_RDONLY);
  if (!file) return system_failure("open", errno);
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return system_failure("stat", errno);
  if (!S_ISREG(facts.st_mode)) return fail(Errc::not_found, "no such object");
  Bytes bytes(static_cast<std::size_t>(facts.st_size));
  std::size_t have = 0;
  while (have < bytes.size()) {
    auto got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", errno);
    if (got == 0) return fail(Errc::corrupt, "the object became shorter while it was read");
    have += static_cast<std::size_t>(got);
  }
  return bytes;
}

Result<void> remove_file(const fs::path& path) {
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT || errno == ENOTDIR || errno == EISDIR) return {};
    return system_failure("remove", errno);
  }
  return sync_folder(path.parent_path());
}

class FolderObjectStore final : public ObjectStore {
 public:
  FolderObjectStore(WorkerPool& pool, fs::path root) : pool_(pool), root_(std::move(root)) {}

  Task<void> put(Context, std::string key, Bytes bytes) override {
    if (auto good = check_key(key); !good) co_return std::unexpected(good.error());
    auto temporary = std::string(temporary_prefix) + random_.token(12);
    std::function<Result<void>()> work = [root = root_, path = root_ / key, temporary,
                                          bytes = std::move(bytes)] {
      return put_file(root, path, temporary, bytes);
    };
    co_return co_await pool_.run<void>(std::move(work));
  }

  Task<Bytes> get(Context, std::string key) override {
    if (auto good = check_key(key); !good) co_return std::unexpected(good.error());
    std::function<Result<Bytes>()> work = [path = root_ / key] { return get_file(path); };
    co_return co_await pool_.run<Bytes>(std::move(work));
  }

  Task<void> remove(Context, std::string key) override {
    if (auto good = check_key(key); !good) co_return std::unexpected(good.error());
    std::function<Result<void>()> work = [path = root_ / key] { return remove_file(path); };
    co_return co_await pool_.run<void>(std::move(work));
  }

 private:
  WorkerPool& pool_;
  const fs::path root_;
  SystemRandom random_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_folder_objects(WorkerPool& pool, fs::path root) {
  std::error_code ec;
  fs::create_directories(root, ec);
  if (ec) return fail(Errc::unavailable, "the objects' folder: " + ec.message());
  return std::make_unique<FolderObjectStore>(pool, fs::canonical(root));
}

}  // namespace parley::store
