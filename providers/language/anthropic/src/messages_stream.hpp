#pragma once
#include <map>

#include "parley/providers/language/answer_stream.hpp"
#include "parley/providers/language/wire_names.hpp"

namespace parley::providers::anthropic {

/// The events of a message. Unknown ones, unknown deltas and pings are passed over: more of them
/// may come.
class MessagesStream final : public language::AnswerStream {
 public:
  MessagesStream(std::unique_ptr<language::Answer> answer, language::WireNames names)
      : AnswerStream(std::move(answer)), names_(std::move(names)) {}

 private:
  Result<void> take(const net::StreamEvent& event) override;
  void begin_block(const json::value& data);
  void add_delta(const json::value& data);
  void end_block(const json::value& data);
  void take_usage(const json::value& usage);
  Result<void> finish();

  struct Call {
    std::string id;
    std::string name;
    std::string arguments;  ///< JSON, as far as it came
  };
  language::WireNames names_;
  std::map<std::int64_t, Call> calls_;  ///< by index, while their blocks are open
  std::string stop_reason_;
  dialog::Completion completion_;
  std::int64_t uncached_tokens_ = 0;
  std::int64_t written_tokens_ = 0;
  bool has_call_ = false;
  bool has_broken_call_ = false;
};

}  // namespace parley::providers::anthropic
