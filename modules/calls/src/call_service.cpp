#include "call_rows.hpp"
#include "call_service_impl.hpp"

namespace parley::calls {

namespace {

constexpr std::string_view unknown_number =
    "We're sorry, the number you have called is not in service. Please check it and call again. "
    "Goodbye.";
constexpr std::string_view suspended =
    "We're sorry, this line is not available at the moment. Goodbye.";
constexpr std::string_view busy =
    "We're sorry, all lines are busy at the moment. Please call again in a few minutes. Goodbye.";

constexpr Duration write_limit = std::chrono::seconds(5);
constexpr Duration retry_longest = std::chrono::seconds(30);

}  // namespace

asio::awaitable<telephony::CallAnswer> CallServiceImpl::incoming(Context ctx,
                                                                 telephony::IncomingCall incoming) {
  auto rehearsal = rehearsal_of(incoming.carrier_call_id);
  Result<std::shared_ptr<const business::Profile>> profile = fail(Errc::not_found, "");
  if (rehearsal) {
    profile = rehearsal->profile;
  } else {
    auto called = ctx;
    called.organization = incoming.organization;
    auto finding = incoming.business ? parts_.businesses.get(called, incoming.business)
                                     : parts_.businesses.by_number(incoming.to);
    profile = co_await std::move(finding);
  }
  if (!profile) {
    bool unknown = profile.error().code == Errc::not_found;
    co_return telephony::SayAndHangUp{std::string(unknown ? unknown_number : apology_for_trouble)};
  }
  if ((*profile)->status != business::BusinessStatus::active)
    co_return telephony::SayAndHangUp{std::string(suspended)};
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || running_.size() >= options_.most_calls)
      co_return telephony::SayAndHangUp{std::string(busy)};
  }
  Call call;
  call.id = CallId::make(parts_.clock, parts_.random);
  call.organization = (*profile)->organization;
  call.business = (*profile)->id;
  call.conversation = ConversationId::make(parts_.clock, parts_.random);
  call.carrier = incoming.carrier;
  call.carrier_call_id = incoming.carrier_call_id;
  call.from = incoming.from;
  call.to = incoming.to;
  call.created = parts_.clock.wall();
  if (rehearsal) call.agent_version = rehearsal->agent_version;
  ctx.organization = call.organization;
  ctx.principal = {Principal::Kind::system, incoming.carrier, Role::operator_};
  auto token = parts_.random.token();
  auto record = [call, token](store::Tx& tx) { return rows::record_inbound(tx, call, token); };
  auto writing =
      parts_.database.write(ctx.until(parts_.clock.now() + write_limit), std::move(record));
  auto recorded = co_await std::move(writing);
  if (!recorded && may_pass(recorded.error().code)) {
    auto taking = take_unrecorded(std::move(call), *profile, token);
    auto taken = co_await std::move(taking);
    if (taken) co_return *taken;
  }
  if (!recorded) co_return telephony::SayAndHangUp{std::string(apology_for_trouble)};
  // A repeated webhook for a call that is already connected: there is nothing to connect again.
  if (recorded->media_token.empty())
    co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
  known_.add(recorded->call, *profile, recorded->media_token, KnownCalls::Token::stored);
  co_return telephony::ConnectMedia{recorded->media_token};
}

Result<OrganizationId> CallServiceImpl::organization_of(store::Tx& tx, const std::string& carrier,
                                                        const std::string& carrier_call_id) {
  auto call = rows::by_carrier(tx, carrier, carrier_call_id);
  if (!call) return std::unexpected(call.error());
  return call->organization;
}

Result<void> CallServiceImpl::status_changed(store::Tx& tx,
                                             const telephony::CallStatusUpdate& update) {
  auto call = rows::by_carrier(tx, update.carrier, update.carrier_call_id);
  if (!call) return std::unexpected(call.error());
  return rows::apply_status(tx, update, is_running(call->id));
}

Result<void> CallServiceImpl::recording_changed(store::Tx& tx,
                                                const telephony::CarrierRecording& recording) {
  return rows::note_carrier_recording(tx, recording);
}

Task<void> CallServiceImpl::media_opened(Context ctx, std::string media_token,
                                         std::string carrier_call_id,
                                         std::unique_ptr<telephony::MediaStream> stream) {
  ctx.principal = {Principal::Kind::system, "media", Role::operator_};
  auto connecting = connect(ctx, media_token, carrier_call_id);
  auto connected = co_await std::move(connecting);
  if (!connected) {
    auto closing = stream->close();
    co_await std::move(closing);
    co_return std::unexpected(connected.error());
  }
  auto holding = hold_call(std::move(ctx), std::move(*connected), std::move(stream));
  co_return co_await std::move(holding);
}

Task<void> CallServiceImpl::hold_call(Context ctx, rows::Connected connected,
                                      std::unique_ptr<telephony::MediaStream> stream) {
  auto& call = connected.call;
  auto hold = std::make_shared<SpoolHold>(*this, call.id);
  auto call_ctx = system_context(call.organization);
  call_ctx.trace = ctx.trace;
  auto journal = std::make_shared<CallJournal>(ledgers_.of(call.id), parts_.clock, parts_.tracer,
                                               call_ctx, connected.next_sequence);
  journal->begin_at(connected.begins);
  {
    std::lock_guard lock(mutex_);
    running_[call.id];
    ++unstored_;
  }
  std::shared_ptr<RecordingFile> recording;
  voice::SessionReport report;
  report.reason = voice::EndReason::failed;
  auto finding = profile_for(call_ctx, call);
  auto profile = co_await std::move(finding);
  Result<std::unique_ptr<dialog::Dialogue>> dialogue = fail(Errc::unavailable, "no business");
  if (profile) {
    auto starting = start_dialogue(call_ctx, call, *profile, journal);
    dialogue = co_await std::move(starting);
  }
  if (dialogue) {
    Duration begins = connected.begins;
    if ((*profile)->agent.record_calls) {
      auto opening = open_recording(call.id, begins, (*profile)->agent.max_call_length);
      recording = co_await std::move(opening);
    }
    journal->begin_at(begins);
    voice::SessionParts parts{parts_.clock,      parts_.recognizer,    parts_.synthesizer,
                              std::move(stream), std::move(*dialogue), *journal,
                              recording.get()};
    auto talking = talk_on_any_line(call_ctx, call.id, std::move(parts),
                                    settings_of((*profile)->agent), journal);
    report = co_await std::move(talking);
  } else {
    // The carrier asks what next, and apologises.
    auto closing = stream->close();
    co_await std::move(closing);
  }
  // The record outlives this connection's coroutine: it is stored however long the database, or the
  // disk, is away.
  after_.spawn("store call", [this, call_ctx, connected, report, journal, recording, hold] {
    return store_end(call_ctx, connected, report, journal, recording, hold);
  });
  co_return Result<void>{};
}

/// The call's recording, to be gone on with at `begins`, or after what is there already when the
/// clock says less. One whose clock was set forward does not fill the disk with silence.
asio::awaitable<std::shared_ptr<RecordingFile>> CallServiceImpl::open_recording(CallId id,
                                                                                Duration& begins,
                                                                                Duration longest) {
  auto file = spool_file(id);
  if (begins > Duration(0)) {
    std::function<Result<Duration>()> look = [file]() -> Result<Duration> {
      return spooled_length(file);
    };
    auto looking = parts_.files.run<Duration>(std::move(look));
    auto there = (co_await std::move(looking)).value_or(Duration(0));
    auto most = (longest + options_.reconnect_within) * options_.most_connections;
    begins = std::max(there, std::min(begins, most));
  }
  co_return std::make_shared<RecordingFile>(parts_.files, std::move(file), begins);
}

voice::SessionSettings CallServiceImpl::settings_of(const business::Agent& agent) const {
  auto settings = options_.session;
  settings.language = agent.language;
  settings.voice.language = agent.language;
  settings.voice.voice = agent.voice;
  settings.voice.speed = agent.speed;
  settings.longest_call = agent.max_call_length;
  return settings;
}

Task<std::unique_ptr<dialog::Dialogue>> CallServiceImpl::start_dialogue(
    Context ctx, Call call, std::shared_ptr<const business::Profile> profile,
    std::shared_ptr<CallJournal> journal) {
  auto begun = parts_.clock.now();
  dialog::DialogueStart start;
  start.scope = {call.business, call.id, call.conversation, call.from};
  start.recording = profile->agent.record_calls;
  start.profile = std::move(profile);
  start.on_tool = [journal, begun, &clock = parts_.clock](const dialog::ToolTrace& trace) {
    json::object data{{"name", trace.name},
                      {"arguments", trace.arguments},
                      {"tookMs", trace.took / std::chrono::milliseconds(1)}};
    if (trace.error.empty()) {
      data["result"] = trace.result;
    } else {
      data["error"] = trace.error;
    }
    journal->add({clock.now() - begun, "tool", std::move(data)});
  };
  auto starting = parts_.dialogues.start(std::move(ctx), std::move(start));
  co_return co_await std::move(starting);
}

/// A line that can show things is told of the call while it runs.
asio::awaitable<voice::SessionReport> CallServiceImpl::talk_on_any_line(
    Context ctx, CallId id, voice::SessionParts parts, voice::SessionSettings settings,
    std::shared_ptr<CallJournal> journal) {
  auto* companion = parts.media->companion();
  if (!companion) {
    auto talking =
        talk(std::move(ctx), std::move(id), std::move(parts), std::move(settings), journal);
    co_return co_await std::move(talking);
  }
  voice::Accompaniment accompaniment(
      {*companion, parts.clock, parts.recognizer, parts.synthesizer, *journal});
  // Neither the session nor its dialogue, which are all that add to the journal, outlive talk().
  journal->follow([&](const voice::TimelineEntry& entry) { accompaniment.follow(entry); });
  voice::SessionParts accompanied{parts.clock,
                                  accompaniment.recognizer(),
                                  accompaniment.synthesizer(),
                                  std::move(parts.media),
                                  accompaniment.patient(std::move(parts.dialogue)),
                                  parts.journal,
                                  parts.recording};
  auto talking =
      talk(std::move(ctx), std::move(id), std::move(accompanied), std::move(settings), journal);
  auto report = co_await std::move(talking);
  journal->follow({});
  co_return report;
}

/// The session, from the greeting to its end, with its timeline being written beside.
asio::awaitable<voice::SessionReport> CallServiceImpl::talk(Context ctx, CallId id,
                                                            voice::SessionParts parts,
                                                            voice::SessionSettings settings,
                                                            std::shared_ptr<CallJournal> journal) {
  voice::CallSession session(std::move(parts), std::move(settings));
  {
    std::lock_guard lock(mutex_);
    running_[id].session = &session;
    if (stopping_) session.request_hang_up();
  }
  auto executor = co_await asio::this_coro::executor;
  TaskGroup writing(executor);
  writing.spawn("journal", [journal] { return journal->run(); });
  auto running = session.run(std::move(ctx));
  auto report = co_await std::move(running);
  auto ending = writing.stop();
  co_await std::move(ending);
  std::lock_guard lock(mutex_);
  running_[id].session = nullptr;
  co_return report;
}

asio::awaitable<void> CallServiceImpl::store_end(Context ctx, rows::Connected connected,
                                                 voice::SessionReport report,
                                                 std::shared_ptr<CallJournal> journal,
                                                 std::shared_ptr<RecordingFile> recording,
                                                 std::shared_ptr<SpoolHold> hold) {
  auto& call = connected.call;
  auto ledger = ledgers_.of(call.id);
  auto end = ledger::finished(connected.connection, report, parts_.clock.wall());
  Duration backoff = std::chrono::milliseconds(200);
  bool report_stored = false;
  while (true) {
    if (!report_stored) {
      auto recording_end = ledger->record(ctx.until(parts_.clock.now() + write_limit), end);
      auto finished = co_await std::move(recording_end);
      report_stored = finished.has_value();
    }
    if (report_stored) {
      auto flushing = journal->flush();
      auto flushed = co_await std::move(flushing);
      if (flushed) break;
    }
    co_await parts_.clock.sleep_for(backoff);
    backoff = std::min(backoff * 2, retry_longest);
  }
  known_.timeline_reached(call.id, journal->next_sequence());
  known_.ended(call.id, report.reason);
  if (recording) {
    // The next connection goes on where this one's sound ends.
    std::function<Result<int>()> write = [recording]() -> Result<int> {
      recording->write_waiting();
      return 0;
    };
    auto writing = parts_.files.run<int>(std::move(write));
    (void)co_await std::move(writing);
  }
  {
    // From here on, the carrier's "what next" finds the truth in the database.
    std::lock_guard lock(mutex_);
    running_.erase(call.id);
  }
  bool has_recording = recording && report.reason != voice::EndReason::media_lost;
  if (has_recording) {
    auto storing = store_recording(ctx, call.id, recording->file(), recording);
    has_recording = !(co_await std::move(storing));
  }
  {
    std::lock_guard lock(mutex_);
    --unstored_;
  }
  // There is no room, or a store is away. A stop does not wait for this: what it cuts off is found
  // in the spool at the next start.
  for (backoff = std::chrono::seconds(1); has_recording;
       backoff = std::min(backoff * 2, retry_longest)) {
    co_await parts_.clock.sleep_for(backoff);
    auto storing = store_recording(ctx, call.id, recording->file(), recording);
    auto stored = co_await std::move(storing);
    has_recording = !stored && stored.error().code != Errc::not_found;
  }
}

Task<void> CallServiceImpl::store_recording(Context ctx, CallId id, std::filesystem::path file,
                                            std::shared_ptr<RecordingFile> writer) {
  if (ledgers_.owes(id)) co_return fail(Errc::unavailable, "the call itself is not stored yet");
  std::function<Result<store::ObjectFile>()> look = [file, writer] {
    if (writer) writer->write_waiting();
    return wav_of_spooled(file);
  };
  auto looking = parts_.files.run<store::ObjectFile>(std::move(look));
  auto wav = co_await std::move(looking);
  if (!wav) co_return std::unexpected(wav.error());
  auto key = "recordings/" + id.str() + ".wav";
  auto putting = parts_.objects.put_file(ctx, key, std::move(*wav));
  auto put = co_await std::move(putting);
  if (!put) co_return put;
  auto note = [id, key](store::Tx& tx) { return rows::set_recording(tx, id, key); };
  auto writing =
      parts_.database.write(ctx.until(parts_.clock.now() + write_limit), std::move(note));
  auto noted = co_await std::move(writing);
  if (!noted) co_return noted;
  std::function<Result<int>()> drop = [file]() -> Result<int> {
    std::error_code ignored;
    std::filesystem::remove(file, ignored);
    return 0;
  };
  auto dropping = parts_.files.run<int>(std::move(drop));
  (void)co_await std::move(dropping);
  co_return Result<void>{};
}

asio::awaitable<std::optional<telephony::CallAnswer>> CallServiceImpl::media_ended(
    Context ctx, std::string carrier, std::string carrier_call_id) {
  auto known = known_.ending_of(carrier, carrier_call_id);
  bool ahead = known && ledgers_.owes(known->call.id);  // of what the database knows
  auto look = [carrier, carrier_call_id](store::Tx& tx) {
    return rows::by_carrier(tx, carrier, carrier_call_id);
  };
  auto limit = parts_.clock.now() + ending_limit;
  Result<Call> call = fail(Errc::unavailable, "");
  while (!ahead) {
    auto reading = parts_.database.read(ctx, look);
    call = co_await std::move(reading);
    if (!call || !is_running(call->id) || parts_.clock.now() >= limit) break;
    co_await parts_.clock.sleep_for(std::chrono::milliseconds(50));
  }
  if (!call && known && may_pass(call.error().code)) {
    auto answering = what_next_unrecorded(std::move(carrier), std::move(carrier_call_id));
    co_return co_await std::move(answering);
  }
  if (!call) {
    if (call.error().code == Errc::not_found) co_return std::nullopt;
    co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
  }
  if (call->end_reason == voice::to_string(voice::EndReason::failed))
    co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
  if (call->status != CallStatus::in_progress && call->status != CallStatus::interrupted)
    co_return std::nullopt;
  auto token = parts_.random.token();
  auto allow = [carrier, carrier_call_id, token, most = options_.most_connections](store::Tx& tx) {
    return rows::allow_reconnect(tx, carrier, carrier_call_id, token, most);
  };
  auto writing =
      parts_.database.write(ctx.until(parts_.clock.now() + write_limit), std::move(allow));
  auto allowed = co_await std::move(writing);
  if (allowed) co_return telephony::ConnectMedia{token};
  co_return telephony::SayAndHangUp{std::string(apology_for_breaking_off)};
}

void CallServiceImpl::rehearse(std::string carrier_call_id, Rehearsal rehearsal) {
  std::lock_guard lock(mutex_);
  rehearsals_[std::move(carrier_call_id)] = std::move(rehearsal);
}

void CallServiceImpl::forget_rehearsal(const std::string& carrier_call_id) {
  std::lock_guard lock(mutex_);
  rehearsals_.erase(carrier_call_id);
}

std::optional<CallService::Rehearsal> CallServiceImpl::rehearsal_of(
    const std::string& carrier_call_id) const {
  std::lock_guard lock(mutex_);
  auto found = rehearsals_.find(carrier_call_id);
  if (found == rehearsals_.end()) return std::nullopt;
  return found->second;
}

bool CallServiceImpl::is_running(const CallId& id) const {
  std::lock_guard lock(mutex_);
  return running_.contains(id);
}

bool CallServiceImpl::is_held(const CallId& id) const {
  std::lock_guard lock(mutex_);
  return held_.contains(id);
}

std::size_t CallServiceImpl::running() const noexcept {
  std::lock_guard lock(mutex_);
  return running_.size();
}

std::unique_ptr<CallService> make_call_service(CallServiceParts parts, CallServiceOptions options) {
  return std::make_unique<CallServiceImpl>(parts, std::move(options));
}

}  // namespace parley::calls
