#include "call_records.hpp"

#include "parley/audio/wav.hpp"

namespace parley::calls {

namespace {
constexpr Duration flush_interval = std::chrono::seconds(1);
constexpr Duration write_limit = std::chrono::seconds(10);
constexpr std::size_t most_waiting = 20'000;
constexpr std::size_t largest_batch = 500;
constexpr std::size_t most_unwritten = 60;                        ///< pieces of two seconds
constexpr std::uintmax_t frame_bytes = 2 * sizeof(std::int16_t);  ///< a sample of both sides

std::uintmax_t bytes_of(Duration length) {
  auto milliseconds = length / std::chrono::milliseconds(1);
  return static_cast<std::uintmax_t>(milliseconds) * audio::telephone_rate_hz / 1000 * frame_bytes;
}
}  // namespace

CallJournal::CallJournal(std::shared_ptr<CallLedger> ledger, Clock& clock, trace::Tracer& tracer,
                         Context ctx, std::int64_t next_sequence)
    : ledger_(std::move(ledger)),
      clock_(clock),
      ctx_(std::move(ctx)),
      tracer_(tracer),
      span_(tracer.start("call", ctx_, trace::SpanKind::server)),
      next_sequence_(next_sequence) {
  span_.set("call.id", ledger_->call().str());
}

/// From the caller's last word to the agent's first sound, with where the time went.
void CallJournal::trace_turn(const json::object& latency) {
  auto span = tracer_.start("call.turn", span_.context());
  for (const auto& [name, ms] : latency)
    if (ms.is_int64()) span.set("latency." + std::string(name), ms.as_int64());
  auto* total = latency.if_contains("totalMs");
  if (total && total->is_int64()) span.backdate(std::chrono::milliseconds(total->as_int64()));
}

void CallJournal::add(voice::TimelineEntry entry) {
  if (follower_) follower_(entry);
  if (entries_.size() >= most_waiting) {
    entries_.erase(entries_.begin());
    ++dropped_;
  }
  if (auto* latency = entry.data.if_contains("latency"); latency && latency->is_object())
    trace_turn(latency->as_object());
  entry.at += begins_;
  entries_.push_back(std::move(entry));
}

asio::awaitable<void> CallJournal::run() {
  while (true) {
    co_await clock_.sleep_for(flush_interval);
    // A failure keeps the entries: the next round, or the end of the call, tries again.
    if (!entries_.empty()) (void)co_await flush();
  }
}

Task<void> CallJournal::flush() {
  while (!entries_.empty()) {
    auto count = std::min(entries_.size(), largest_batch);
    auto line = ledger::timeline(next_sequence_, std::span(entries_).first(count));
    auto dropped_before = dropped_;
    auto writing = ledger_->record(ctx_.until(clock_.now() + write_limit), std::move(line));
    auto written = co_await std::move(writing);
    if (!written) co_return std::unexpected(written.error());
    next_sequence_ += static_cast<std::int64_t>(count);
    // Entries dropped meanwhile were the oldest, so they belong to this batch.
    auto gone = std::min(count, dropped_ - dropped_before);
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count - gone));
  }
  co_return Result<void>{};
}

RecordingFile::RecordingFile(WorkerPool& pool, std::filesystem::path file, Duration begins)
    : pool_(pool), begins_bytes_(bytes_of(begins)), file_(std::move(file)) {}

void RecordingFile::append(audio::Samples interleaved) {
  if (interleaved.empty()) return;
  {
    std::lock_guard lock(queue_);
    waiting_.push_back(std::move(interleaved));
    if (std::exchange(posted_, true)) return;
  }
  if (pool_.post([self = shared_from_this()] { self->write_waiting(); })) return;
  // The disk is far behind: this piece is given up rather than memory.
  std::lock_guard lock(queue_);
  waiting_.clear();
  posted_ = false;
}

void RecordingFile::write_waiting() {
  std::lock_guard writer(writing_);
  std::deque<audio::Samples> pieces;
  {
    std::lock_guard lock(queue_);
    pieces.swap(waiting_);
    posted_ = false;
  }
  std::ranges::move(pieces, std::back_inserter(unwritten_));
  while (!unwritten_.empty() && write(unwritten_.front())) unwritten_.pop_front();
  for (; unwritten_.size() > most_unwritten; unwritten_.pop_front())
    size_bytes_ =
        size_bytes_.value_or(begins_bytes_) + unwritten_.front().size() * sizeof(std::int16_t);
}

bool RecordingFile::write(const audio::Samples& piece) {
  std::error_code ec;
  if (!out_.is_open()) {
    // What an earlier connection of the call left is continued, without half a sample that a crash
    // may have left; what was given up, and the time without a connection, becomes a hole, which
    // is silence.
    auto there = std::filesystem::file_size(file_, ec);
    if (ec) there = 0;
    auto whole = there / frame_bytes * frame_bytes;
    if (!size_bytes_) size_bytes_ = std::max(whole, begins_bytes_);
    if (there != *size_bytes_) {
      std::ofstream made(file_, std::ios::binary | std::ios::app);  // there must be one
      std::filesystem::resize_file(file_, std::min(whole, *size_bytes_), ec);
      std::filesystem::resize_file(file_, *size_bytes_, ec);
      if (ec) return false;
    }
    out_.open(file_, std::ios::binary | std::ios::app);
  }
  auto size_bytes = piece.size() * sizeof(std::int16_t);
  out_.write(reinterpret_cast<const char*>(piece.data()), static_cast<std::streamsize>(size_bytes));
  out_.flush();
  if (out_) {
    *size_bytes_ += size_bytes;
    return true;
  }
  out_.close();
  out_.clear();
  std::filesystem::resize_file(file_, *size_bytes_, ec);  // without the part that had room
  return false;
}

Duration spooled_length(const std::filesystem::path& file) {
  std::error_code ec;
  auto size = std::filesystem::file_size(file, ec);
  if (ec) return {};
  return std::chrono::milliseconds(size / frame_bytes * 1000 / audio::telephone_rate_hz);
}

Result<store::ObjectFile> wav_of_spooled(const std::filesystem::path& file) {
  std::error_code ec;
  auto size = std::filesystem::file_size(file, ec);
  if (ec) return fail(Errc::not_found, "no spooled recording");
  size = size / frame_bytes * frame_bytes;
  auto header = audio::wav_header({audio::telephone_rate_hz, 2}, size);
  return store::ObjectFile{std::move(header), file, size};
}

}  // namespace parley::calls
