#pragma once
#include <boost/asio/buffer.hpp>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace parley::net {

/// Bytes read and not yet parsed. Grows only when what is there fills it, so that an idle
/// connection stays small; its reader bounds it.
class InputBuffer {
 public:
  explicit InputBuffer(std::size_t first_capacity = 4096) : first_capacity_(first_capacity) {}

  std::string_view data() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  /// For a parser that changes them where they lie.
  std::span<char> bytes() noexcept { return {bytes_.get() + begin_, end_ - begin_}; }
  bool empty() const noexcept { return begin_ == end_; }
  void consume(std::size_t count) noexcept {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  void clear() noexcept { begin_ = end_ = 0; }

  /// For a long body: fewer, larger reads.
  void grow_to(std::size_t capacity) {
    while (capacity_ < capacity) grow(capacity_ == 0 ? capacity : capacity_ * 2);
  }
  void append(std::string_view more) {
    if (more.empty()) return;
    while (capacity_ - end_ < more.size()) grow(capacity_ == 0 ? first_capacity_ : capacity_ * 2);
    std::memcpy(bytes_.get() + end_, more.data(), more.size());
    end_ += more.size();
  }
  /// Gives its room back: nothing is in it any more.
  void drop() noexcept {
    bytes_.reset();
    capacity_ = begin_ = end_ = 0;
  }
  /// Gives the room back when nothing is in it and it is larger than an idle connection needs.
  void shrink() {
    if (empty() && capacity_ > first_capacity_) drop();
  }

  /// Room to read into: at least a quarter of the capacity.
  boost::asio::mutable_buffer prepare() {
    if (capacity_ - end_ < capacity_ / 4 + 1) make_room();
    return {bytes_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) noexcept { end_ += count; }

 private:
  void make_room() {
    auto size = end_ - begin_;
    if (capacity_ == 0) return grow(first_capacity_);
    if (size > capacity_ / 2) return grow(capacity_ * 2);
    std::memmove(bytes_.get(), bytes_.get() + begin_, size);
    begin_ = 0;
    end_ = size;
  }

  void grow(std::size_t capacity) {
    auto size = end_ - begin_;
    // Left uninitialised: it is read into before anyone looks.
    auto grown = std::make_unique_for_overwrite<char[]>(capacity);
    if (size > 0) std::memcpy(grown.get(), bytes_.get() + begin_, size);
    bytes_ = std::move(grown);
    capacity_ = capacity;
    begin_ = 0;
    end_ = size;
  }

  std::size_t first_capacity_;
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace parley::net
