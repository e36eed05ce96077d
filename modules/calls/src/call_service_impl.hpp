#pragma once
#include <map>
#include <mutex>
#include <set>

#include "call_ledger.hpp"
#include "call_records.hpp"
#include "call_rows.hpp"
#include "known_calls.hpp"
#include "parley/base/task_group.hpp"
#include "parley/calls/call_service.hpp"
#include "parley/voice/accompaniment.hpp"

namespace parley::calls {

/// See call_service.hpp. What carriers bring is in call_service.cpp, what people ask in
/// call_queries.cpp, starting, recovering and stopping in call_recovery.cpp, what is done without
/// the database in outage.cpp.
class CallServiceImpl final : public CallService {
 public:
  CallServiceImpl(CallServiceParts parts, CallServiceOptions options)
      : parts_(parts),
        options_(std::move(options)),
        ledgers_(parts.database, parts.files, options_.spool),
        after_(parts.executor) {
    // A folder that cannot be made shows when recordings are missing; calls go on without them.
    std::error_code ignored;
    std::filesystem::create_directories(options_.spool, ignored);
  }

  // What carriers bring.
  asio::awaitable<telephony::CallAnswer> incoming(Context ctx,
                                                  telephony::IncomingCall call) override;
  Result<OrganizationId> organization_of(store::Tx& tx, const std::string& carrier,
                                         const std::string& carrier_call_id) override;
  Result<void> status_changed(store::Tx& tx, const telephony::CallStatusUpdate& update) override;
  Result<void> recording_changed(store::Tx& tx,
                                 const telephony::CarrierRecording& recording) override;
  Task<void> media_opened(Context ctx, std::string media_token, std::string carrier_call_id,
                          std::unique_ptr<telephony::MediaStream> stream) override;
  asio::awaitable<std::optional<telephony::CallAnswer>> media_ended(
      Context ctx, std::string carrier, std::string carrier_call_id) override;

  // What people ask.
  Task<CallList> list(Context ctx, CallQuery query) override;
  Task<Call> get(Context ctx, CallId id) override;
  Task<std::vector<TimelineItem>> timeline(Context ctx, CallId id) override;
  Task<std::vector<TranscriptTurn>> transcript(Context ctx, CallId id) override;
  Task<Recording> recording(Context ctx, CallId id) override;
  Task<std::vector<std::byte>> recording_part(Context ctx, Recording recording, std::uint64_t first,
                                              std::size_t size_bytes) override;
  Task<Call> hang_up(Context ctx, CallId id) override;

  asio::awaitable<void> start() override;
  asio::awaitable<void> stop(TimePoint deadline) override;
  std::size_t running() const noexcept override;
  void rehearse(std::string carrier_call_id, Rehearsal rehearsal) override;
  void forget_rehearsal(const std::string& carrier_call_id) override;

 private:
  /// Keeps a call in the table of running ones.
  struct Running {
    voice::CallSession* session = nullptr;
  };
  /// As long as one lives, the call's spool file is written or stored by its holder, and the sweep
  /// leaves it alone.
  class SpoolHold;

  Task<void> hold_call(Context ctx, rows::Connected connected,
                       std::unique_ptr<telephony::MediaStream> stream);
  asio::awaitable<std::shared_ptr<RecordingFile>> open_recording(CallId id, Duration& begins,
                                                                 Duration longest);
  Task<std::unique_ptr<dialog::Dialogue>> start_dialogue(
      Context ctx, Call call, std::shared_ptr<const business::Profile> profile,
      std::shared_ptr<CallJournal> journal);
  asio::awaitable<voice::SessionReport> talk(Context ctx, CallId id, voice::SessionParts parts,
                                             voice::SessionSettings settings,
                                             std::shared_ptr<CallJournal> journal);
  asio::awaitable<voice::SessionReport> talk_on_any_line(Context ctx, CallId id,
                                                         voice::SessionParts parts,
                                                         voice::SessionSettings settings,
                                                         std::shared_ptr<CallJournal> journal);
  voice::SessionSettings settings_of(const business::Agent& agent) const;
  asio::awaitable<void> store_end(Context ctx, rows::Connected connected,
                                  voice::SessionReport report, std::shared_ptr<CallJournal> journal,
                                  std::shared_ptr<RecordingFile> recording,
                                  std::shared_ptr<SpoolHold> hold);
  /// `writer` is the file's writer when this process has one: what it still holds goes in first.
  Task<void> store_recording(Context ctx, CallId id, std::filesystem::path file,
                             std::shared_ptr<RecordingFile> writer = nullptr);
  /// Stores the recordings of calls that are over and that nobody holds.
  asio::awaitable<void> store_left_recordings();
  asio::awaitable<void> sweep();

  // While the database is away.
  Task<telephony::CallAnswer> take_unrecorded(Call call,
                                              std::shared_ptr<const business::Profile> profile,
                                              std::string media_token);
  /// As rows::connect, by what this process knows when the database does not answer.
  Task<rows::Connected> connect(Context ctx, std::string media_token, std::string carrier_call_id);
  Task<std::shared_ptr<const business::Profile>> profile_for(Context ctx, Call call);
  asio::awaitable<std::optional<telephony::CallAnswer>> what_next_unrecorded(
      std::string carrier, std::string carrier_call_id);
  asio::awaitable<void> pay_debts();
  asio::awaitable<void> keep_paying();
  std::optional<Rehearsal> rehearsal_of(const std::string& carrier_call_id) const;
  bool is_running(const CallId& id) const;
  bool is_held(const CallId& id) const;
  std::filesystem::path spool_file(const CallId& id) const {
    return options_.spool / (id.str() + ".s16");
  }
  Context system_context(OrganizationId organization) const {
    Context ctx;
    ctx.organization = std::move(organization);
    ctx.principal = {Principal::Kind::system, "calls", Role::admin};
    return ctx;
  }

  CallServiceParts parts_;
  CallServiceOptions options_;
  CallLedgers ledgers_;
  KnownCalls known_;
  TaskGroup after_;  ///< sweeping, and storing what calls left
  mutable std::mutex mutex_;
  std::map<CallId, Running> running_;
  std::map<std::string, Rehearsal> rehearsals_;  ///< by the carrier's call id
  std::multiset<CallId> held_;                   ///< see SpoolHold
  std::size_t unstored_ = 0;                     ///< ended calls whose record is not stored yet
  bool stopping_ = false;
};

/// Said by call_service.cpp and outage.cpp.
inline constexpr std::string_view apology_for_trouble =
    "We're sorry, we cannot take your call right now. Please call again in a few minutes. Goodbye.";
inline constexpr std::string_view apology_for_breaking_off =
    "We're sorry, we have a technical problem and must end this call. Please call again in a few "
    "minutes. Goodbye.";
/// How long the carrier's question "what next" may wait for a session that is just ending.
inline constexpr Duration ending_limit = std::chrono::seconds(3);

class CallServiceImpl::SpoolHold {
 public:
  SpoolHold(CallServiceImpl& service, CallId id) : service_(service), id_(std::move(id)) {
    std::lock_guard lock(service_.mutex_);
    service_.held_.insert(id_);
  }
  ~SpoolHold() {
    std::lock_guard lock(service_.mutex_);
    service_.held_.erase(service_.held_.find(id_));
  }
  SpoolHold(const SpoolHold&) = delete;
  SpoolHold& operator=(const SpoolHold&) = delete;

 private:
  CallServiceImpl& service_;
  CallId id_;
};

}  // namespace parley::calls
