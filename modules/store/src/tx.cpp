#include "parley/store/tx.hpp"

#include <sodium.h>

#include "driver_tx.hpp"
#include "parley/base/random.hpp"
#include "parley/base/strings.hpp"

namespace parley::store {

namespace {

constexpr std::size_t max_event_bytes = 256 * 1024;
constexpr std::size_t max_name_length = 200;

std::string principal_text(const Principal& principal) {
  switch (principal.kind) {
    case Principal::Kind::anonymous:
      return "anonymous";
    case Principal::Kind::system:
      return "system:" + principal.id;
    case Principal::Kind::user:
    case Principal::Kind::api_key:
      break;
  }
  return principal.id;
}

bool is_event_type(std::string_view type) {
  auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  };
  return !type.empty() && type.size() <= max_name_length && std::ranges::all_of(type, allowed) &&
         type.front() != '.' && type.back() != '.';
}

/// Moves the stream's version on by one statement that reads nothing else: under PostgreSQL's
/// serializable isolation, appends to different streams then never collide. No row: not the
/// expected version, and nothing was changed.
Result<Rows> advance_stream(Tx& tx, std::string_view stream, ExpectedVersion expected) {
  const auto& organization = tx.context().organization;
  if (!expected.version)
    return tx.query(
        "INSERT INTO event_streams (organization_id, stream, version) VALUES (?1, ?2, 1) "
        "ON CONFLICT (organization_id, stream) DO UPDATE SET version = event_streams.version + 1 "
        "RETURNING version",
        {organization, stream});
  if (*expected.version == 0)
    return tx.query(
        "INSERT INTO event_streams (organization_id, stream, version) VALUES (?1, ?2, 1) "
        "ON CONFLICT (organization_id, stream) DO NOTHING RETURNING version",
        {organization, stream});
  return tx.query(
      "UPDATE event_streams SET version = version + 1 "
      "WHERE organization_id = ?1 AND stream = ?2 AND version = ?3 RETURNING version",
      {organization, stream, *expected.version});
}

/// A ULID's random part, made of what the event is: there is one of each version of a stream, so
/// the ids differ, and a day that is simulated again has the same ones.
class OfContent final : public Random {
 public:
  explicit OfContent(std::string_view content) : content_(content) {}
  void fill(std::span<std::byte> bytes) override {
    crypto_generichash(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                       reinterpret_cast<const unsigned char*>(content_.data()), content_.size(),
                       nullptr, 0);
  }

 private:
  std::string_view content_;
};

std::string event_id(const Context& context, std::string_view stream, std::int64_t version,
                     WallTime now) {
  auto content =
      context.organization.str() + '\0' + std::string(stream) + '\0' + std::to_string(version);
  OfContent random(content);
  return "evt_" + make_ulid(now, random);
}

}  // namespace

Result<std::int64_t> Tx::append(std::string_view stream, NewEvent event, ExpectedVersion expected) {
  if (stream.empty() || stream.size() > max_name_length)
    return fail(Errc::invalid, "a stream's name has 1 to 200 bytes");
  if (!is_event_type(event.type))
    return fail(Errc::invalid, "an event's type is lower-case words with dots between");
  auto data = json::serialize(event.data);
  if (data.size() > max_event_bytes)
    return fail(Errc::too_large, "an event's data has at most 256 KiB");

  auto advanced = advance_stream(*this, stream, expected);
  if (!advanced) return std::unexpected(advanced.error());
  if (advanced->empty())
    return fail(Errc::conflict,
                "the stream is not at version " + std::to_string(*expected.version));
  auto version = advanced->front().integer("version");

  auto inserted = execute(
      "INSERT INTO events (id, organization_id, stream, version, type, data, principal, time) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      {event_id(context_, stream, version, now_), context_.organization, stream, version,
       std::move(event.type), std::move(data), principal_text(context_.principal), now_});
  if (!inserted) return std::unexpected(inserted.error());
  appended_ = true;
  return version;
}

Result<Row> Tx::one(std::string_view sql, Params params) {
  auto rows = query(sql, std::move(params));
  if (!rows) return std::unexpected(rows.error());
  if (rows->empty()) return fail(Errc::not_found, "no such row");
  return std::move(rows->front());
}

namespace {

/// PostgreSQL stores neither zero bytes nor broken UTF-8 in text; so SQLite does not either.
Result<void> check(const Params& params) {
  for (const auto& param : params) {
    auto* text = std::get_if<std::string>(&param.storage());
    if (!text) continue;
    if (text->find('\0') != std::string::npos || !is_valid_utf8(*text))
      return fail(Errc::invalid, "text with zero bytes or broken UTF-8 cannot be stored");
  }
  return {};
}

}  // namespace

template <class T>
Result<T> DriverTx::remember(Result<T> outcome) {
  if (!outcome) failure_ = outcome.error();
  return outcome;
}

Result<Rows> DriverTx::query(std::string_view sql, Params params) {
  if (failure_) return std::unexpected(*failure_);
  if (auto good = check(params); !good) return std::unexpected(good.error());
  return remember(run_query(sql, params));
}

Result<std::int64_t> DriverTx::execute(std::string_view sql, Params params) {
  if (failure_) return std::unexpected(*failure_);
  if (auto good = check(params); !good) return std::unexpected(good.error());
  return remember(run_statement(sql, params));
}

Result<void> DriverTx::script(const std::string& sql) {
  if (failure_) return std::unexpected(*failure_);
  return remember(run_script(sql));
}

}  // namespace parley::store
