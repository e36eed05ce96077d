#pragma once
#include <map>
#include <set>

#include "dental.hpp"
#include "parley/dialog/tool.hpp"
#include "parley/testkit/sim_world.hpp"

namespace parley::dialog::testing {

/// What the fake tools share: a calendar in memory with one chair, passages and messages.
struct Practice {
  struct Entry {
    std::string id, service, start, name, phone;
    int minutes = 60;
  };
  business::Profile profile = dental_practice();
  std::map<std::string, Entry> appointments;
  std::map<std::string, json::object> by_key;  ///< idempotency
  json::array passages;
  std::vector<json::object> messages;
  std::vector<ToolCall> calls;
  std::set<std::string> failing;      ///< answer with unavailable
  std::set<std::string> hanging;      ///< never answer
  std::set<std::string> hangs_after;  ///< do it, then never answer
  std::string steal;                  ///< a start that somebody else takes just before it is booked
  int next_id = 1;

  bool is_free(calendar::LocalTime start, std::chrono::minutes length) const;
  std::optional<std::string> refusal(calendar::LocalTime start, std::chrono::minutes length,
                                     calendar::LocalTime now) const;
  json::array slots(calendar::LocalTime from, calendar::LocalTime to, std::chrono::minutes length,
                    std::int64_t limit, calendar::LocalTime now) const;
};

/// A tool box with every documented tool, working on `practice`.
std::unique_ptr<ToolBox> make_tools(Clock& clock, Practice& practice);

}  // namespace parley::dialog::testing
