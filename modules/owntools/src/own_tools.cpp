#include "parley/owntools/own_tools.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "http_tool.hpp"
#include "mcp_server.hpp"
#include "parley/base/task_group.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::owntools {
namespace {

constexpr std::size_t most_agents_kept = 256;

class Bench final : public dialog::OwnTools {
 public:
  using Tools = std::vector<std::shared_ptr<dialog::Tool>>;

  Bench(OwnToolsParts parts, OwnToolsOptions options) : parts_(parts), options_(options) {}

  asio::awaitable<Tools> of(Context ctx,
                            std::shared_ptr<const business::Profile> profile) override {
    if (auto kept = kept_of(*profile)) co_return *kept;
    Tools all;
    bool complete = true;
    auto until = parts_.clock.now() + options_.discovery;
    for (const auto& own : profile->agent.own_tools) {
      auto endpoint = std::make_shared<Endpoint>(parts_, options_, own.url);
      if (auto opened = endpoint->use_secret(profile->id, own); !opened) {
        log::warn("owntools.secret", {{"tool", own.name}, {"reason", opened.error().detail}});
        continue;
      }
      if (own.kind == business::OwnTool::Kind::http) {
        all.push_back(make_http_tool(own, std::move(endpoint)));
        continue;
      }
      auto server = std::make_shared<McpServer>(own, std::move(endpoint), options_);
      auto asking = server->tools(ctx);
      auto tools = co_await with_deadline(parts_.clock, until, std::move(asking));
      if (tools) {
        std::ranges::move(*tools, std::back_inserter(all));
        continue;
      }
      complete = false;
      log::warn("owntools.mcp", {{"tool", own.name}, {"reason", tools.error().detail}});
    }
    drop_repeated(all);
    keep(*profile, all, complete ? options_.kept_for : options_.retry_after);
    co_return all;
  }

 private:
  struct Kept {
    std::int64_t version = 0;
    TimePoint until{};
    Tools tools;
  };

  /// The first of a name stays.
  static void drop_repeated(Tools& tools) {
    Tools kept;
    for (auto& tool : tools) {
      bool known = std::ranges::any_of(
          kept, [&](const auto& other) { return other->spec().name == tool->spec().name; });
      if (!known) kept.push_back(std::move(tool));
    }
    tools = std::move(kept);
  }

  std::optional<Tools> kept_of(const business::Profile& profile) {
    std::lock_guard lock(mutex_);
    auto found = kept_.find(profile.id);
    bool good = found != kept_.end() && found->second.version == profile.version &&
                parts_.clock.now() < found->second.until;
    if (!good) return std::nullopt;
    return found->second.tools;
  }

  void keep(const business::Profile& profile, const Tools& tools, Duration time) {
    std::lock_guard lock(mutex_);
    if (kept_.size() >= most_agents_kept) {
      auto oldest =
          std::ranges::min_element(kept_, {}, [](const auto& entry) { return entry.second.until; });
      kept_.erase(oldest);
    }
    kept_[profile.id] = {profile.version, parts_.clock.now() + time, tools};
  }

  OwnToolsParts parts_;
  OwnToolsOptions options_;
  std::mutex mutex_;
  std::map<BusinessId, Kept> kept_;
};

}  // namespace

std::unique_ptr<dialog::OwnTools> make_own_tools(OwnToolsParts parts, OwnToolsOptions options) {
  return std::make_unique<Bench>(parts, options);
}

}  // namespace parley::owntools
