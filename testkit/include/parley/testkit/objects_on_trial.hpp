#pragma once
#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "parley/store/objects.hpp"

namespace parley::testkit {

/// Another object store, whose disk can fill up, and what was asked of it. A test that needs more
/// derives from it and changes one function. Thread-safe as the one below.
class ObjectsOnTrial : public store::ObjectStore {
 public:
  using Bytes = std::vector<std::byte>;

  explicit ObjectsOnTrial(std::unique_ptr<store::ObjectStore> below)
      : owned_(std::move(below)), below_(*owned_) {}
  explicit ObjectsOnTrial(store::ObjectStore& below) : below_(below) {}

  Task<void> put(Context ctx, std::string key, Bytes bytes) override {
    ++puts;
    largest = std::max(largest.load(), bytes.size());
    if (full) co_return no_room();
    auto putting = below_.put(std::move(ctx), std::move(key), std::move(bytes));
    co_return co_await std::move(putting);
  }
  Task<void> put_file(Context ctx, std::string key, store::ObjectFile from) override {
    ++puts;
    if (full) co_return no_room();
    auto putting = below_.put_file(std::move(ctx), std::move(key), std::move(from));
    co_return co_await std::move(putting);
  }
  Task<Bytes> get(Context ctx, std::string key) override {
    auto getting = below_.get(std::move(ctx), std::move(key));
    auto bytes = co_await std::move(getting);
    if (bytes) largest = std::max(largest.load(), bytes->size());
    co_return bytes;
  }
  Task<Bytes> get_part(Context ctx, std::string key, std::uint64_t first,
                       std::size_t size_bytes) override {
    largest = std::max(largest.load(), size_bytes);
    auto getting = below_.get_part(std::move(ctx), std::move(key), first, size_bytes);
    co_return co_await std::move(getting);
  }
  Task<std::uint64_t> size(Context ctx, std::string key) override {
    auto asking = below_.size(std::move(ctx), std::move(key));
    co_return co_await std::move(asking);
  }
  Task<void> remove(Context ctx, std::string key) override {
    auto removing = below_.remove(std::move(ctx), std::move(key));
    co_return co_await std::move(removing);
  }

  std::atomic<bool> full = false;
  std::atomic<int> puts = 0;
  std::atomic<std::size_t> largest = 0;  ///< bytes that one call had in memory

 private:
  static std::unexpected<Error> no_room() {
    return fail(Errc::resource_exhausted, "write: No space left on device");
  }

  std::unique_ptr<store::ObjectStore> owned_;
  store::ObjectStore& below_;
};

}  // namespace parley::testkit
