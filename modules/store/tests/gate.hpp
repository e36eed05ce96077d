#pragma once
#include <future>

namespace parley::store {

/// Holds a database thread inside a transaction until the test lets it go.
class Gate {
 public:
  /// In the transaction's function. Later calls (a retry, after open()) pass.
  void pass() {
    if (!std::exchange(entered_once_, true)) entered_.set_value();
    opened_.wait();
  }
  void wait_until_entered() { entered_.get_future().wait(); }
  void open() { open_.set_value(); }

 private:
  std::promise<void> entered_;
  std::promise<void> open_;
  std::shared_future<void> opened_ = open_.get_future().share();
  bool entered_once_ = false;
};

}  // namespace parley::store
