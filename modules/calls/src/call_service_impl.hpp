#pragma once
#include <map>
#include <mutex>

#include "call_records.hpp"
#include "parley/base/task_group.hpp"
#include "parley/calls/call_service.hpp"

namespace parley::calls {

/// See call_service.hpp. What carriers bring is in call_service.cpp, what people ask in
/// call_queries.cpp, starting, recovering and stopping in call_recovery.cpp.
class CallServiceImpl final : public CallService {
 public:
  CallServiceImpl(CallServiceParts parts, CallServiceOptions options)
      : parts_(parts), options_(std::move(options)), after_(parts.executor) {
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
  Task<std::vector<std::byte>> recording(Context ctx, CallId id) override;
  Task<Call> hang_up(Context ctx, CallId id) override;

  asio::awaitable<void> start() override;
  asio::awaitable<void> stop(TimePoint deadline) override;
  std::size_t running() const noexcept override;

 private:
  /// Keeps a call in the table of running ones.
  struct Running {
    voice::CallSession* session = nullptr;
  };

  Task<void> hold_call(Context ctx, Call call, std::unique_ptr<telephony::MediaStream> stream);
  Task<std::unique_ptr<dialog::Dialogue>> start_dialogue(
      Context ctx, Call call, std::shared_ptr<const business::Profile> profile,
      std::shared_ptr<CallJournal> journal);
  asio::awaitable<voice::SessionReport> talk(Context ctx, CallId id, voice::SessionParts parts,
                                             voice::SessionSettings settings,
                                             std::shared_ptr<CallJournal> journal);
  voice::SessionSettings settings_of(const business::Agent& agent) const;
  asio::awaitable<void> store_end(Context ctx, Call call, voice::SessionReport report,
                                  std::shared_ptr<CallJournal> journal,
                                  std::shared_ptr<RecordingFile> recording);
  /// `writer` is the file's writer when this process has one: what it still holds goes in first.
  Task<void> store_recording(Context ctx, CallId id, std::filesystem::path file,
                             std::shared_ptr<RecordingFile> writer = nullptr);
  asio::awaitable<void> recover_spool();
  asio::awaitable<void> sweep();
  bool is_running(const CallId& id) const;
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
  TaskGroup after_;  ///< sweeping, and storing what calls left
  mutable std::mutex mutex_;
  std::map<CallId, Running> running_;
  std::size_t unstored_ = 0;  ///< ended calls whose record is not stored yet
  bool stopping_ = false;
};

}  // namespace parley::calls
