#pragma once
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace parley::store {

/// Prepared statements by their text, the least recently used one dropped when full.
template <class Statement>
class StatementCache {
 public:
  explicit StatementCache(std::size_t limit) : limit_(limit) {}

  Statement* find(std::string_view key) {
    auto found = index_.find(key);
    if (found == index_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return &entries_.front().second;
  }

  /// Returns what had to go, so that the caller can release it at the server.
  std::pair<Statement*, std::optional<Statement>> insert(std::string key, Statement statement) {
    std::optional<Statement> dropped;
    if (entries_.size() >= limit_) {
      index_.erase(entries_.back().first);
      dropped = std::move(entries_.back().second);
      entries_.pop_back();
    }
    entries_.emplace_front(std::move(key), std::move(statement));
    index_.emplace(entries_.front().first, entries_.begin());
    return {&entries_.front().second, std::move(dropped)};
  }

  void clear() {
    index_.clear();
    entries_.clear();
  }

 private:
  using Entries = std::list<std::pair<std::string, Statement>>;
  std::size_t limit_;
  Entries entries_;
  std::unordered_map<std::string_view, typename Entries::iterator> index_;
};

}  // namespace parley::store
