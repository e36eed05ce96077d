#pragma once
#include <map>

#include "parley/providers/language/answer_stream.hpp"
#include "parley/providers/language/wire_names.hpp"
#include "thought_filter.hpp"

namespace parley::providers::openai {

/// The chunks of a completion, of its first choice.
class ChatStream final : public language::AnswerStream {
 public:
  ChatStream(std::unique_ptr<language::Answer> answer, language::WireNames names)
      : AnswerStream(std::move(answer)), names_(std::move(names)) {}

 private:
  Result<void> take(const net::StreamEvent& event) override;
  Result<void> end() override;
  void take_delta(const json::value& delta);
  void take_call(const json::value& delta);
  Result<void> finish();

  struct Call {
    std::string id;
    std::string name;
    std::string arguments;  ///< JSON, as far as it came
  };
  language::WireNames names_;
  ThoughtFilter thoughts_;
  std::map<std::int64_t, Call> calls_;  ///< by index
  std::string finish_reason_;
  bool refuses_ = false;
  dialog::Completion completion_;
};

}  // namespace parley::providers::openai
