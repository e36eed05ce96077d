#include "parley/business/kept_messages.hpp"

#include "parley/store/owed_file.hpp"
#include "parley/telemetry/log.hpp"

namespace parley::business {

namespace {

constexpr std::uintmax_t most_bytes = 4u << 20;

json::object line_of(const OrganizationId& organization, const Message& message,
                     const std::string& key) {
  return {{"organization", organization.str()},
          {"business", message.business.str()},
          {"call", message.call.str()},
          {"name", message.caller_name},
          {"phone", message.caller_phone},
          {"text", message.text},
          {"received", to_rfc3339(message.received)},
          {"key", key}};
}

class MessagesInFile final : public KeptMessages {
 public:
  MessagesInFile(Messages& messages, Clock& clock, Random& random, WorkerPool& files,
                 std::filesystem::path file)
      : messages_(messages),
        clock_(clock),
        random_(random),
        files_(files),
        owed_(std::make_shared<store::OwedFile>(std::move(file))) {}

  Task<Message> leave(Context ctx, Message message, std::string idempotency_key) override {
    if (message.received == WallTime{}) message.received = clock_.wall();
    // One that may be there already, because only the answer was lost, is known by its key.
    if (idempotency_key.empty()) idempotency_key = random_.token();
    auto organization = ctx.organization;
    auto leaving = messages_.leave(std::move(ctx), message, idempotency_key);
    auto left = co_await std::move(leaving);
    if (left || !store::may_pass(left.error().code)) co_return left;
    message.id = MessageId::make(clock_, random_);
    auto line = line_of(organization, message, idempotency_key);
    std::function<Result<int>()> keep = [owed = owed_, line]() -> Result<int> {
      if (auto kept = owed->append(line, most_bytes); !kept) return std::unexpected(kept.error());
      return 0;
    };
    auto keeping = files_.run<int>(std::move(keep));
    if (auto kept = co_await std::move(keeping); !kept) co_return left;
    co_return message;
  }

  Task<MessageList> list(Context ctx, BusinessId business, Page page) override {
    auto listing = messages_.list(std::move(ctx), std::move(business), std::move(page));
    co_return co_await std::move(listing);
  }

  Task<void> pay(Context ctx) override {
    using Lines = store::OwedFile::Lines;
    if (!owed_->owes()) co_return Result<void>{};
    std::function<Result<std::shared_ptr<Lines>>()> look = [owed = owed_] {
      return Result<std::shared_ptr<Lines>>(std::make_shared<Lines>(owed->read()));
    };
    auto looking = files_.run<std::shared_ptr<Lines>>(std::move(look));
    auto lines = co_await std::move(looking);
    if (!lines) co_return std::unexpected(lines.error());
    bool refused = false;
    for (const auto& line : (*lines)->lines) {
      auto leaving = leave_owed(ctx, line);
      auto left = co_await std::move(leaving);
      if (left) continue;
      if (store::may_pass(left.error().code)) co_return std::unexpected(left.error());
      refused = true;
      log::error("business.message_refused", {{"reason", left.error().detail}}, ctx);
    }
    std::function<Result<int>()> settle = [owed = owed_, refused, paid = *lines]() -> Result<int> {
      if (refused) owed->set_aside();
      owed->remove_paid(*paid);
      return 0;
    };
    auto settling = files_.run<int>(std::move(settle));
    auto settled = co_await std::move(settling);
    if (!settled) co_return std::unexpected(settled.error());
    co_return Result<void>{};
  }

 private:
  Task<Message> leave_owed(Context ctx, json::object line) {
    auto received = parse_rfc3339(text_in(line, "received"));
    if (!received) co_return fail(Errc::corrupt, "a message that was kept");
    ctx.organization = OrganizationId(text_in(line, "organization"));
    Message message;
    message.business = BusinessId(text_in(line, "business"));
    message.call = CallId(text_in(line, "call"));
    message.caller_name = text_in(line, "name");
    message.caller_phone = text_in(line, "phone");
    message.text = text_in(line, "text");
    message.received = *received;
    auto leaving = messages_.leave(std::move(ctx), std::move(message), text_in(line, "key"));
    co_return co_await std::move(leaving);
  }

  Messages& messages_;
  Clock& clock_;
  Random& random_;
  WorkerPool& files_;
  std::shared_ptr<store::OwedFile> owed_;
};

}  // namespace

std::unique_ptr<KeptMessages> make_kept_messages(Messages& messages, Clock& clock, Random& random,
                                                 WorkerPool& files, std::filesystem::path file) {
  return std::make_unique<MessagesInFile>(messages, clock, random, files, std::move(file));
}

}  // namespace parley::business
