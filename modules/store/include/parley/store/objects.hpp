#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parley/base/context.hpp"
#include "parley/base/worker_pool.hpp"

namespace parley::store {

/// An object that is made of a file on disk, which stays as it is: `head`, and then the first
/// `size_bytes` of `file`. Never in memory as a whole.
struct ObjectFile {
  std::vector<std::byte> head;
  std::filesystem::path file;
  std::uint64_t size_bytes = 0;
};

/// Large immutable things: uploads, recordings. Keys are relative paths of [a-zA-Z0-9._-] segments;
/// anything else (so also "..") is Errc::invalid. Thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  /// All or nothing, durable when it returns; replaces. Errors: resource_exhausted (disk full).
  virtual Task<void> put(Context ctx, std::string key, std::vector<std::byte> bytes) = 0;
  /// The same from a file. Errors: also not_found (no such file), corrupt (it is shorter).
  virtual Task<void> put_file(Context ctx, std::string key, ObjectFile from) = 0;
  /// Errors: not_found.
  virtual Task<std::vector<std::byte>> get(Context ctx, std::string key) = 0;
  /// At most `size_bytes` from `first` on; fewer at the end of the object, none beyond it.
  /// Errors: not_found.
  virtual Task<std::vector<std::byte>> get_part(Context ctx, std::string key, std::uint64_t first,
                                                std::size_t size_bytes) = 0;
  /// Errors: not_found.
  virtual Task<std::uint64_t> size(Context ctx, std::string key) = 0;
  /// Idempotent.
  virtual Task<void> remove(Context ctx, std::string key) = 0;
};

/// Errors: invalid (see ObjectStore for what a key is). For implementations.
Result<void> check_object_key(std::string_view key);

/// One file per object below `root`, which is made if it is missing. The work is done on `pool`;
/// both must outlive the store's users. Errors: unavailable (the folder cannot be made).
Result<std::unique_ptr<ObjectStore>> open_folder_objects(WorkerPool& pool,
                                                         std::filesystem::path root);

}  // namespace parley::store
