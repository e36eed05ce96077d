#include "parley/dialog/builtin.hpp"

#include <mutex>

#include "conversation.hpp"
#include "parley/base/task_group.hpp"

namespace parley::dialog {
namespace {

constexpr std::size_t document_sentences = 400;
constexpr std::size_t most_businesses = 64;
/// A call does not wait longer for the documents' words than this.
constexpr Duration vocabulary_limit = std::chrono::milliseconds(500);

/// What is made from a profile and its documents serves every call until one of them changes.
class BuiltinFactory final : public DialogueFactory {
 public:
  BuiltinFactory(Clock& clock, const ToolBox& tools, Vocabulary& vocabulary)
      : clock_(clock), tools_(tools), vocabulary_(vocabulary) {}

  Task<std::unique_ptr<Dialogue>> start(Context ctx, DialogueStart start) override {
    auto asking = ask_version(ctx, start.profile->id);
    auto version =
        co_await with_deadline(clock_, clock_.now() + vocabulary_limit, std::move(asking));
    auto mind = kept(*start.profile, version ? *version : std::nullopt);
    if (!mind) {
      auto zone = calendar::Zone::find(start.profile->time_zone);
      if (!zone) co_return std::unexpected(zone.error());
      auto words = co_await sentences(ctx, start.profile->id);
      mind = make(start.profile, *zone, words);
      keep(mind, version ? *version : std::nullopt);
    }
    co_return std::make_unique<Conversation>(clock_, tools_, std::move(mind), std::move(start));
  }

 private:
  struct Entry {
    std::shared_ptr<const BusinessMind> mind;
    std::optional<std::int64_t> documents;  ///< the version of the documents it was made from
    TimePoint used;
  };

  static std::shared_ptr<const BusinessMind> make(std::shared_ptr<const business::Profile> profile,
                                                  const calendar::Zone& zone,
                                                  const std::vector<std::string>& sentences) {
    Understanding understanding(*profile);
    Expectations expectations(*profile, understanding.lexicon(), sentences);
    return std::make_shared<const BusinessMind>(
        BusinessMind{profile, zone, std::move(understanding), std::move(expectations)});
  }

  asio::awaitable<std::vector<std::string>> sentences(Context ctx, BusinessId business) {
    auto asking = ask_vocabulary(ctx, business);
    auto words = co_await with_deadline(clock_, clock_.now() + vocabulary_limit, std::move(asking));
    co_return words ? std::move(*words) : std::vector<std::string>{};
  }
  Task<std::vector<std::string>> ask_vocabulary(Context ctx, BusinessId business) {
    auto words = co_await vocabulary_.sentences(ctx, business, document_sentences);
    co_return words;
  }

  Task<std::optional<std::int64_t>> ask_version(Context ctx, BusinessId business) {
    auto version = co_await vocabulary_.version(ctx, business);
    co_return version;
  }

  /// Documents that cannot be asked for are taken to be the same.
  std::shared_ptr<const BusinessMind> kept(const business::Profile& profile,
                                           std::optional<std::int64_t> documents) {
    std::lock_guard lock(mutex_);
    auto found = kept_.find(profile.id);
    if (found == kept_.end() || found->second.mind->profile->version != profile.version)
      return nullptr;
    if (documents && found->second.documents != documents) return nullptr;
    found->second.used = clock_.now();
    return found->second.mind;
  }
  void keep(std::shared_ptr<const BusinessMind> mind, std::optional<std::int64_t> documents) {
    std::lock_guard lock(mutex_);
    if (kept_.size() >= most_businesses) {
      auto oldest =
          std::ranges::min_element(kept_, {}, [](const auto& entry) { return entry.second.used; });
      kept_.erase(oldest);
    }
    kept_[mind->profile->id] = {mind, documents, clock_.now()};
  }

  Clock& clock_;
  const ToolBox& tools_;
  Vocabulary& vocabulary_;
  std::mutex mutex_;
  std::map<BusinessId, Entry> kept_;
};

}  // namespace

std::unique_ptr<DialogueFactory> make_builtin_dialogue(Clock& clock, Random&, const ToolBox& tools,
                                                       Vocabulary& vocabulary) {
  return std::make_unique<BuiltinFactory>(clock, tools, vocabulary);
}

}  // namespace parley::dialog
