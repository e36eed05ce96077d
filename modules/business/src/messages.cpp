#include <array>

#include "parley/base/strings.hpp"
#include "parley/business/businesses.hpp"
#include "parley/store/sort.hpp"
#include "profile_rows.hpp"
#include "profile_rules.hpp"

namespace parley::business {

namespace {

constexpr std::string_view columns =
    "id, business_id, call_id, caller_name, caller_phone, body, received_at";

Message from_row(const store::Row& row) {
  return {row.id<MessageId>("id"), row.id<BusinessId>("business_id"), row.id<CallId>("call_id"),
          row.text("caller_name"), row.text("caller_phone"),          row.text("body"),
          row.time("received_at")};
}

Result<void> check(Message& message, std::string_view key) {
  if (auto good = check_line("caller name", message.caller_name, 0, 200); !good) return good;
  if (trim(message.text).empty()) return fail(Errc::invalid, "message: is empty");
  if (auto good = check_paragraph("message", message.text, 4000); !good) return good;
  if (auto good = check_line("call", message.call.str(), 0, 80); !good) return good;
  if (auto good = check_line("idempotency key", key, 0, 200); !good) return good;
  if (message.caller_phone.empty()) return {};
  auto phone = normalize_e164(message.caller_phone);
  if (!phone) return std::unexpected(phone.error());
  message.caller_phone = std::move(*phone);
  return {};
}

class StoredMessages final : public Messages {
 public:
  StoredMessages(store::Database& database, Clock& clock, Random& random)
      : db_(database), clock_(clock), random_(random) {}

  Task<Message> leave(Context ctx, Message message, std::string idempotency_key) override {
    if (auto good = check(message, idempotency_key); !good) co_return std::unexpected(good.error());
    message.id = MessageId::make(clock_, random_);
    if (message.received == WallTime{}) message.received = clock_.wall();
    auto insert = [&, organization = ctx.organization](store::Tx& tx) -> Result<Message> {
      return leave_in(tx, organization, message, idempotency_key);
    };
    co_return co_await db_.write(std::move(ctx), insert);
  }

  Task<MessageList> list(Context ctx, BusinessId business, Page page) override {
    if (auto good = check_page(page); !good) co_return std::unexpected(good.error());
    auto look = [&, organization = ctx.organization](store::Tx& tx) -> Result<MessageList> {
      constexpr std::array fields{store::SortField{"receivedAt", "received_at"}};
      auto order = store::order_by(page.sort, fields, "received_at DESC, id DESC");
      if (!order) return std::unexpected(order.error());
      auto sql = "SELECT " + std::string(columns) +
                 " FROM business_messages WHERE organization_id = ?1 AND business_id = ?2" +
                 *order + " LIMIT ?3 OFFSET ?4";
      auto known = load_profile(tx, organization, business);
      if (!known) return std::unexpected(known.error());
      auto count = tx.one(
          "SELECT COUNT(*) AS n FROM business_messages WHERE organization_id = ?1 AND "
          "business_id = ?2",
          {organization, business});
      if (!count) return std::unexpected(count.error());
      auto rows =
          tx.query(sql, {organization, business, page.limit, (page.number - 1) * page.limit});
      if (!rows) return std::unexpected(rows.error());
      MessageList list;
      list.total = count->integer("n");
      for (const auto& row : *rows) list.items.push_back(from_row(row));
      return list;
    };
    co_return co_await db_.read(std::move(ctx), look);
  }

 private:
  static Result<Message> leave_in(store::Tx& tx, const OrganizationId& organization,
                                  const Message& message, const std::string& key) {
    auto known = load_profile(tx, organization, message.business);
    if (!known) return std::unexpected(known.error());
    if (!key.empty()) {
      static const std::string sql = "SELECT " + std::string(columns) +
                                     " FROM business_messages WHERE organization_id = ?1 AND "
                                     "idempotency_key = ?2";
      auto before = tx.query(sql, {organization, key});
      if (!before) return std::unexpected(before.error());
      if (!before->empty()) return from_row(before->front());
    }
    auto done = tx.execute(
        "INSERT INTO business_messages (id, organization_id, business_id, call_id, caller_name, "
        "caller_phone, body, received_at, idempotency_key) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) "
        // The same key in a transaction beside this one: PostgreSQL then runs this one again.
        "ON CONFLICT (organization_id, idempotency_key) DO NOTHING",
        {message.id, organization, message.business, message.call, message.caller_name,
         message.caller_phone, message.text, message.received,
         key.empty() ? store::Value() : store::Value(key)});
    if (!done) return std::unexpected(done.error());
    if (*done == 0) return fail(Errc::conflict, "the idempotency key is in use");
    auto appended = tx.append(message.id.str(), {"message.left",
                                                 {{"message", message.id.str()},
                                                  {"business", message.business.str()},
                                                  {"call", message.call.str()},
                                                  {"callerName", message.caller_name},
                                                  {"callerPhone", message.caller_phone},
                                                  {"text", message.text}}});
    if (!appended) return std::unexpected(appended.error());
    return message;
  }

  store::Database& db_;
  Clock& clock_;
  Random& random_;
};

}  // namespace

std::unique_ptr<Messages> make_messages(store::Database& database, Clock& clock, Random& random) {
  return std::make_unique<StoredMessages>(database, clock, random);
}

}  // namespace parley::business
