#pragma once
#include <deque>

#include "shared.hpp"

namespace parley::queue {

/// Writes down how attempts ended: those that gather while one transaction runs share the next.
/// What cannot be written because the database is away is written later.
class Settler {
 public:
  explicit Settler(Shared& shared) : shared_(shared) {}
  void add(std::string handler, Settlement settlement);
  asio::awaitable<void> run();
  /// One more try for what is left, at the end.
  asio::awaitable<void> flush();

 private:
  struct Item {
    std::string handler;
    Settlement settlement;
    enum class Fate { open, settled, finished_itself, refused } fate = Fate::open;
  };
  Task<void> write(std::vector<Item>& batch);
  Result<void> settle_all(store::Tx& tx, std::vector<Item>& batch);
  Result<void> after_end(store::Tx& tx, const Item& item);
  std::vector<Item> take(std::size_t at_most);
  void put_back(std::vector<Item> batch);
  static std::string_view outcome_of(const Item& item);
  static void report(const Item& item);

  Shared& shared_;
  Wake news_;
  std::mutex mutex_;
  std::deque<Item> items_;
};

}  // namespace parley::queue
