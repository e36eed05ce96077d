#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "object_key.hpp"
#include "parley/base/random.hpp"
#include "parley/store/objects.hpp"

namespace parley::store {

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

constexpr std::size_t copied_at_once = 256u << 10;

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
  return {};
}

/// The bytes from `first` on that fit into `into`; fewer at the end of the file.
Result<std::size_t> read_at(const File& file, std::uint64_t first, std::span<std::byte> into) {
  std::size_t have = 0;
  while (have < into.size()) {
    auto got = ::pread(file.get(), into.data() + have, into.size() - have,
                       static_cast<off_t>(first + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure("read", errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  return have;
}

Result<void> copy_all(const File& to, const ObjectFile& from) {
  File file(from.file, O_RDONLY);
  if (!file) return system_failure("open the file", errno);
  if (auto written = write_all(to, from.head); !written) return written;
  Bytes piece(copied_at_once);
  for (std::uint64_t at = 0; at < from.size_bytes; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(piece.size(), from.size_bytes - at));
    auto got = read_at(file, at, piece);
    if (!got) return std::unexpected(got.error());
    if (*got < piece.size()) return fail(Errc::corrupt, "the file is shorter than was said");
    if (auto written = write_all(to, piece); !written) return written;
  }
  return {};
}

/// `fill` writes the contents into the file it is given, which becomes the object when all is well.
Result<void> put_with(const fs::path& root, const fs::path& path, const std::string& temporary_name,
                      const std::function<Result<void>(const File&)>& fill) {
  auto folder = path.parent_path();
  if (auto made = make_folders(root, folder); !made) return made;
  auto temporary = folder / temporary_name;
  {
    File file(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return system_failure("create", errno);
    auto written = fill(file);
    if (written && ::fsync(file.get()) != 0) written = system_failure("sync", errno);
    if (!written) {
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

Result<std::uint64_t> size_of(const File& file) {
  if (!file) return system_failure("open", errno);
  struct stat facts{};
  if (::fstat(file.get(), &facts) != 0) return system_failure("stat", errno);
  if (!S_ISREG(facts.st_mode)) return fail(Errc::not_found, "no such object");
  return static_cast<std::uint64_t>(facts.st_size);
}

Result<Bytes> get_file(const fs::path& path) {
  File file(path, O_RDONLY);
  auto size = size_of(file);
  if (!size) return std::unexpected(size.error());
  Bytes bytes(*size);
  auto got = read_at(file, 0, bytes);
  if (!got) return std::unexpected(got.error());
  if (*got < bytes.size())
    return fail(Errc::corrupt, "the object became shorter while it was read");
  return bytes;
}

Result<Bytes> get_part_of_file(const fs::path& path, std::uint64_t first, std::size_t size_bytes) {
  File file(path, O_RDONLY);
  auto size = size_of(file);
  if (!size) return std::unexpected(size.error());
  if (first >= *size) return Bytes{};
  Bytes bytes(std::min<std::uint64_t>(size_bytes, *size - first));
  auto got = read_at(file, first, bytes);
  if (!got) return std::unexpected(got.error());
  bytes.resize(*got);
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
    Fill fill = [bytes = std::move(bytes)](const File& file) { return write_all(file, bytes); };
    return put_filled(std::move(key), std::move(fill));
  }

  Task<void> put_file(Context, std::string key, ObjectFile from) override {
    Fill fill = [from = std::move(from)](const File& file) { return copy_all(file, from); };
    return put_filled(std::move(key), std::move(fill));
  }

  Task<Bytes> get(Context, std::string key) override {
    if (auto good = check_object_key(key); !good) co_return std::unexpected(good.error());
    std::function<Result<Bytes>()> work = [path = root_ / key] { return get_file(path); };
    co_return co_await pool_.run<Bytes>(std::move(work));
  }

  Task<Bytes> get_part(Context, std::string key, std::uint64_t first,
                       std::size_t size_bytes) override {
    if (auto good = check_object_key(key); !good) co_return std::unexpected(good.error());
    std::function<Result<Bytes>()> work = [path = root_ / key, first, size_bytes] {
      return get_part_of_file(path, first, size_bytes);
    };
    co_return co_await pool_.run<Bytes>(std::move(work));
  }

  Task<std::uint64_t> size(Context, std::string key) override {
    if (auto good = check_object_key(key); !good) co_return std::unexpected(good.error());
    std::function<Result<std::uint64_t>()> work = [path = root_ / key] {
      return size_of(File(path, O_RDONLY));
    };
    co_return co_await pool_.run<std::uint64_t>(std::move(work));
  }

  Task<void> remove(Context, std::string key) override {
    if (auto good = check_object_key(key); !good) co_return std::unexpected(good.error());
    std::function<Result<void>()> work = [path = root_ / key] { return remove_file(path); };
    co_return co_await pool_.run<void>(std::move(work));
  }

 private:
  using Fill = std::function<Result<void>(const File&)>;

  Task<void> put_filled(std::string key, Fill fill) {
    if (auto good = check_object_key(key); !good) co_return std::unexpected(good.error());
    auto temporary = std::string(temporary_prefix) + random_.token(12);
    std::function<Result<void>()> work = [root = root_, path = root_ / key, temporary,
                                          fill = std::move(fill)] {
      return put_with(root, path, temporary, fill);
    };
    co_return co_await pool_.run<void>(std::move(work));
  }

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
