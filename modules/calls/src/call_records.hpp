#pragma once
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "call_ledger.hpp"
#include "parley/base/signal.hpp"
#include "parley/base/worker_pool.hpp"
#include "parley/calls/calls.hpp"
#include "parley/store/objects.hpp"
#include "parley/telemetry/trace.hpp"
#include "parley/voice/journal.hpp"

namespace parley::calls {

/// The timeline of one running call: gathers entries and puts them into the call's ledger in
/// batches, off the media path. What the ledger does not take waits, the newest up to a bound. Used
/// from the session's strand.
class CallJournal final : public voice::Journal {
 public:
  /// `next_sequence`: of the call's timeline, which an earlier connection may have begun.
  CallJournal(std::shared_ptr<CallLedger> ledger, Clock& clock, trace::Tracer& tracer, Context ctx,
              std::int64_t next_sequence = 1);
  void add(voice::TimelineEntry entry) override;
  /// Who is also told of each entry, as it is added; empty: nobody.
  void follow(std::function<void(const voice::TimelineEntry&)> follower) {
    follower_ = std::move(follower);
  }
  /// When in the call this connection's time 0 is, so that the timeline of a call of several
  /// connections is one.
  void begin_at(Duration begins) noexcept { begins_ = begins; }

  /// Writes every second; ends only by cancellation.
  asio::awaitable<void> run();
  /// Writes the rest. Errors: the ledger's; what was not written is kept for another try.
  Task<void> flush();
  std::int64_t next_sequence() const noexcept { return next_sequence_; }

 private:
  void trace_turn(const json::object& latency);
  std::shared_ptr<CallLedger> ledger_;
  Clock& clock_;
  Context ctx_;
  trace::Tracer& tracer_;
  trace::Span span_;  ///< of the connection, from its beginning to its end
  Duration begins_{};
  std::function<void(const voice::TimelineEntry&)> follower_;
  std::vector<voice::TimelineEntry> entries_;
  std::int64_t next_sequence_;
  std::size_t dropped_ = 0;
};

/// A running call's recording: raw samples appended to a file of the spool, so that a crash loses
/// at most the last seconds. What a full disk does not take waits in memory for two minutes; after
/// that the oldest becomes silence, so that the rest keeps its place. Shared with the file pool's
/// jobs.
class RecordingFile final : public voice::RecordingSink,
                            public std::enable_shared_from_this<RecordingFile> {
 public:
  /// `begins`: where in the recording the first sample belongs; what is missing before it is
  /// silence. What is in the file already is kept and comes first.
  RecordingFile(WorkerPool& pool, std::filesystem::path file, Duration begins = {});
  void append(audio::Samples interleaved) override;
  const std::filesystem::path& file() const noexcept { return file_; }
  /// Writes what waits, after what is being written. On a pool thread: it touches the disk.
  void write_waiting();

 private:
  bool write(const audio::Samples& piece);

  WorkerPool& pool_;
  const std::uintmax_t begins_bytes_;
  std::filesystem::path file_;
  std::mutex writing_;  ///< one writer at a time, and pieces in the order of their coming
  std::ofstream out_;   ///< under writing_
  std::deque<audio::Samples> unwritten_;      ///< under writing_: the disk did not take them yet
  std::optional<std::uintmax_t> size_bytes_;  ///< under writing_: of whole pieces in the file
  std::mutex queue_;
  std::deque<audio::Samples> waiting_;  ///< under queue_
  bool posted_ = false;                 ///< under queue_: a job that writes them is on its way
};

/// How much sound a spool file has; 0 when there is none.
Duration spooled_length(const std::filesystem::path& file);
/// A spool file as a WAV file. Errors: not_found.
Result<store::ObjectFile> wav_of_spooled(const std::filesystem::path& file);

}  // namespace parley::calls
