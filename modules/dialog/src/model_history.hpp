#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "parley/dialog/language_model.hpp"

namespace parley::dialog {

/// What was said and done in a call, as the model is told it: of what the agent said only what the
/// caller heard.
///
/// It is bounded. What the caller says in one turn is cut in its middle beyond 2,000 bytes, an
/// answer of a tool beyond 6,000. When all of it passes the limit, the oldest exchanges go until it
/// is half of that (seldom, so that prompt caches keep the beginning meanwhile), and of them stays
/// a digest of what the caller said, at most 1,500 bytes.
class ModelHistory {
 public:
  explicit ModelHistory(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}

  void caller_said(std::string_view text);
  /// The model begins to generate.
  void begin_round();
  void agent_said(std::string written, std::string spoken);
  void asked(ToolRequest request, ToolAnswer answer);
  /// Told to the model after its words, and not heard by anybody.
  void note(std::string text);
  /// Keeps of the last exchange only what of it is in `heard`.
  void interrupted(std::string_view heard);

  /// Begins with the user; roles take turns.
  std::vector<ModelMessage> messages() const;
  const std::string& digest() const noexcept { return digest_; }
  /// The agent's last sentence, as it was said.
  std::string last_sentence() const;
  int caller_turns() const noexcept { return caller_turns_; }

 private:
  struct Piece {
    std::string written;
    std::string spoken;
  };
  struct Round {
    std::vector<Piece> said;
    std::vector<ToolRequest> requests;
    std::vector<ToolAnswer> answers;
    std::string note;
  };
  struct Exchange {
    std::string caller;
    std::vector<Round> rounds;
    std::size_t size_bytes() const;
  };
  Round& round();
  void cut_down();

  std::size_t limit_bytes_;
  std::deque<Exchange> exchanges_;
  std::string digest_;
  int caller_turns_ = 0;
};

/// The first `head` and the last `tail` bytes of a longer text, whole characters, with " ... "
/// between them.
std::string with_middle_cut(std::string_view text, std::size_t head, std::size_t tail);

}  // namespace parley::dialog
