#pragma once
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "parley/base/clock.hpp"
#include "parley/base/json.hpp"

namespace parley::simulators {

struct ModelToolUse {
  std::string id;  ///< empty in a scripted reply: one is made
  std::string name;
  json::object arguments;
};

/// One turn of the conversation, whatever vendor's words it came in.
struct ModelTurn {
  enum class Role { user, assistant };
  Role role = Role::user;
  std::string text;
  std::vector<ModelToolUse> calls;  ///< of the assistant
  struct Outcome {
    std::string id;
    std::string content;  ///< as the tool gave it: JSON as a rule
  };
  std::vector<Outcome> outcomes;  ///< of tools, in a turn of the user
};

struct ModelRequest {
  std::string system;
  std::vector<std::string> tools;
  std::vector<ModelTurn> turns;
};

/// What a stand-in answers, and how it goes wrong.
struct ModelReply {
  enum class End { done, too_long, refused };
  enum class Breaks {
    never,
    cut,        ///< after the text's pieces: the connection is cut
    error,      ///< the same with an event that says the service is overloaded
    half_json,  ///< the same with an event whose data is half
    for_ever,   ///< the same words again and again
    no_events   ///< 200, and a body that ends at once
  };
  std::string text;
  std::vector<ModelToolUse> calls;
  End end = End::done;  ///< of one without calls
  Breaks breaks = Breaks::never;
  std::string thoughts;  ///< reasoning that comes before the text
};

/// How fast a stand-in answers. Zero: at once.
struct ModelPace {
  Duration first_token{};
  double tokens_per_second = 0;  ///< a token is a word with the space before it
};

/// What a stand-in for a language model says: what a test has set, else what the receptionist
/// makes of the conversation. Thread-safe.
class ModelScript {
 public:
  /// One that is given before the receptionist is asked again; in order.
  void reply(ModelReply reply);
  void reply(std::string text);
  void set_pace(ModelPace pace);
  ModelPace pace() const;
  /// The next reply. `now` is civil time, for days that the prompt does not tell.
  ModelReply next(const ModelRequest& request, WallTime now);
  /// What was asked last.
  ModelRequest last() const;

  /// Streams that began, that run, and that the client closed before their end.
  struct Streams {
    std::size_t begun = 0;
    std::size_t running = 0;
    std::size_t abandoned = 0;
  };
  Streams streams() const;
  void stream_begins();
  void stream_ends(bool is_whole);

 private:
  mutable std::mutex mutex_;
  std::deque<ModelReply> replies_;  ///< under mutex_, as all below
  ModelPace pace_;
  ModelRequest last_;
  Streams streams_;
};

/// "Good morning. How" as "Good", " morning.", " How": what a model sends one after the other.
std::vector<std::string> tokens_of(std::string_view text);

}  // namespace parley::simulators
