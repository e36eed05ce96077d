#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "parley/base/signal.hpp"
#include "parley/base/task_group.hpp"
#include "parley/dialog/language_model.hpp"

namespace parley::dialog {

/// A generation begun before the caller has ended: it runs in the background and keeps what comes
/// until somebody reads it. Destroying it ends it. On one strand; the work may outlive it by a
/// moment.
class Guess final : public LanguageStream {
 public:
  using Begin = std::function<Task<std::unique_ptr<LanguageStream>>()>;

  /// `begin` owns all it uses. `words` are those it was begun for.
  Guess(TaskGroup& tasks, asio::any_io_executor executor, std::string words, Begin begin);
  ~Guess() override;

  const std::string& words() const noexcept { return words_; }
  Task<LanguageEvent> next() override;

 private:
  struct Shared;
  static asio::awaitable<void> run(std::shared_ptr<Shared> shared, Begin begin);
  static asio::awaitable<void> gather(std::shared_ptr<Shared> shared, Begin begin);

  std::string words_;
  std::shared_ptr<Shared> shared_;
};

/// Two turns with the same words, as far as an answer goes: lower case, no punctuation.
std::string normalized_words(std::string_view text);

}  // namespace parley::dialog
