#include "parley/calls/carrier_recordings.hpp"

#include "call_rows.hpp"

namespace parley::calls {

namespace {

constexpr std::string_view fetch_job = "calls.fetch_carrier_recording.v1";
constexpr std::string_view stored = "stored";

CarrierRecordingState read(const store::Row& row) {
  CarrierRecordingState state;
  state.recording_id = row.text("recording_id");
  state.status = row.is_null("object_key") ? row.text("status") : std::string(stored);
  if (!row.is_null("length_s")) state.length = std::chrono::seconds(row.integer("length_s"));
  if (!row.is_null("size_bytes"))
    state.size_bytes = static_cast<std::uint64_t>(row.integer("size_bytes"));
  return state;
}

Result<std::vector<CarrierRecordingState>> of_call(store::Tx& tx,
                                                   const OrganizationId& organization,
                                                   const CallId& call) {
  auto rows = tx.query(
      "SELECT recording_id, status, length_s, object_key, size_bytes FROM carrier_recordings "
      "WHERE organization_id = ?1 AND call_id = ?2 ORDER BY created_at, recording_id",
      {organization, call});
  if (!rows) return std::unexpected(rows.error());
  std::vector<CarrierRecordingState> states;
  for (auto& row : *rows) states.push_back(read(row));
  return states;
}

bool is_on(const CarrierRecordingState& state) { return state.status == "in-progress"; }

/// What came later by its nature stays: a recording that is there does not begin again.
Result<void> note(store::Tx& tx, const Call& call, const std::string& carrier,
                  const CarrierRecordingState& state) {
  store::Value length;
  if (state.length) length = static_cast<std::int64_t>(state.length->count());
  auto written = tx.execute(
      "INSERT INTO carrier_recordings (carrier, recording_id, organization_id, call_id, status, "
      "length_s, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) "
      "ON CONFLICT (carrier, recording_id) DO UPDATE SET "
      "status = CASE WHEN ?5 = 'in-progress' THEN carrier_recordings.status ELSE ?5 END, "
      "length_s = COALESCE(?6, carrier_recordings.length_s), updated_at = ?7",
      {carrier, state.recording_id, call.organization, call.id, state.status, std::move(length),
       tx.now()});
  if (!written) return std::unexpected(written.error());
  return {};
}

}  // namespace

CarrierRecordings::CarrierRecordings(Parts parts) : parts_(parts) {
  queue::HandlerOptions options;
  options.max_attempts = 12;
  options.first_pause = std::chrono::seconds(2);
  options.time_limit = std::chrono::minutes(10);
  parts_.queue.add(
      std::string(fetch_job), options, [this](Context ctx, queue::JobRun& run) -> Task<void> {
        auto text = [&run](std::string_view name) { return text_in(run.payload(), name); };
        return fetch(std::move(ctx), text("carrier"), text("recordingId"), CallId(text("callId")));
      });
}

Task<CarrierRecordingState> CarrierRecordings::start(Context ctx, Call call) {
  if (call.status != CallStatus::in_progress || call.carrier != parts_.recorder.carrier())
    co_return fail(Errc::conflict, "the call is not in progress, or its carrier does not record");
  auto starting = parts_.recorder.start(ctx, call.carrier_call_id);
  auto started = co_await std::move(starting);
  if (!started) co_return std::unexpected(started.error());
  CarrierRecordingState state{.recording_id = *started, .status = "in-progress"};
  auto write = [&call, &state](store::Tx& tx) { return note(tx, call, call.carrier, state); };
  auto writing = parts_.database.write(std::move(ctx), std::move(write));
  auto written = co_await std::move(writing);
  if (!written) co_return std::unexpected(written.error());
  co_return state;
}

Task<CarrierRecordingState> CarrierRecordings::stop(Context ctx, Call call) {
  auto listing = list(ctx, call.id);
  auto all = co_await std::move(listing);
  if (!all) co_return std::unexpected(all.error());
  if (all->empty()) co_return fail(Errc::not_found, "the carrier does not record this call");
  auto state = all->back();
  if (!is_on(state)) co_return state;
  auto stopping = parts_.recorder.stop(std::move(ctx), call.carrier_call_id, state.recording_id);
  auto stopped = co_await std::move(stopping);
  if (!stopped) co_return std::unexpected(stopped.error());
  co_return state;
}

Task<std::vector<CarrierRecordingState>> CarrierRecordings::list(Context ctx, CallId call) {
  auto organization = ctx.organization;
  auto look = [organization, call](store::Tx& tx) { return of_call(tx, organization, call); };
  auto reading = parts_.database.read(std::move(ctx), std::move(look));
  co_return co_await std::move(reading);
}

Result<void> CarrierRecordings::changed(store::Tx& tx, const Call& call,
                                        const telephony::CarrierRecording& recording) {
  CarrierRecordingState state{.recording_id = recording.recording_id,
                              .status = recording.status,
                              .length = recording.duration};
  if (auto noted = note(tx, call, recording.carrier, state); !noted) return noted;
  if (recording.status != "completed") return {};
  auto row =
      tx.one("SELECT object_key FROM carrier_recordings WHERE carrier = ?1 AND recording_id = ?2",
             {recording.carrier, recording.recording_id});
  if (!row) return std::unexpected(row.error());
  if (!row->is_null("object_key")) return {};
  queue::NewJob job;
  job.handler = fetch_job;
  job.payload = {{"carrier", recording.carrier},
                 {"recordingId", recording.recording_id},
                 {"callId", call.id.str()}};
  job.unique_key = "carrier-recording/" + recording.carrier + "/" + recording.recording_id;
  auto enqueued = parts_.queue.enqueue(tx, std::move(job));
  if (!enqueued) return std::unexpected(enqueued.error());
  return {};
}

/// Safe twice: the object has the recording's own name, and the call is told once.
Task<void> CarrierRecordings::fetch(Context ctx, std::string carrier, std::string recording_id,
                                    CallId call) {
  auto fetching = parts_.recorder.fetch(ctx, recording_id);
  auto bytes = co_await std::move(fetching);
  if (!bytes) co_return std::unexpected(bytes.error());
  auto size_bytes = static_cast<std::int64_t>(bytes->size());
  auto key = "recordings/" + call.str() + "-" + recording_id + ".wav";
  auto putting = parts_.objects.put(ctx, key, std::move(*bytes));
  auto put = co_await std::move(putting);
  if (!put) co_return put;
  auto keep = [carrier, recording_id, call, key, size_bytes](store::Tx& tx) -> Result<void> {
    auto kept = tx.execute(
        "UPDATE carrier_recordings SET object_key = ?1, size_bytes = ?2, updated_at = ?3 "
        "WHERE carrier = ?4 AND recording_id = ?5 AND object_key IS NULL",
        {key, size_bytes, tx.now(), carrier, recording_id});
    if (!kept) return std::unexpected(kept.error());
    if (*kept == 0) return {};
    return rows::use_carrier_recording(tx, call, key, recording_id);
  };
  co_return co_await parts_.database.write(std::move(ctx), keep);
}

}  // namespace parley::calls
