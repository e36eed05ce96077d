#include "parley/telemetry/log.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "parley/base/strings.hpp"
#include "redaction.hpp"

namespace parley::log {

namespace {

constexpr std::array<std::string_view, 5> level_names{"debug", "info", "warn", "error", "off"};
constexpr Duration flush_patience = std::chrono::seconds(2);

/// Ends the chain of sinks: counts the flushes that came through the queue, so that flush() can
/// wait for its own, and hands lines to the capture.
class LastSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LastSink(std::function<void(std::string_view)> capture) : capture_(std::move(capture)) {}

  bool wait_for_flush(std::uint64_t seen) {
    std::unique_lock lock(flush_mutex_);
    return flushed_.wait_for(lock, flush_patience, [&] { return flushes_ > seen; });
  }
  std::uint64_t flushes() {
    std::lock_guard lock(flush_mutex_);
    return flushes_;
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (capture_) capture_({message.payload.data(), message.payload.size()});
  }
  void flush_() override {
    {
      std::lock_guard lock(flush_mutex_);
      ++flushes_;
    }
    flushed_.notify_all();
  }

  std::function<void(std::string_view)> capture_;
  std::mutex flush_mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
};

/// One configuration with its queue and writer thread.
struct Writer {
  Redaction redaction;
  bool as_text = false;
  std::size_t max_queued_lines = 0;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<LastSink> last;
};

std::unique_ptr<Writer> make_writer(const Options& options) {
  auto writer = std::make_unique<Writer>();
  writer->redaction = {!options.reveal_phone_numbers, !options.reveal_transcripts};
  writer->as_text = options.format == Format::text ||
                    (options.format == Format::automatic && ::isatty(STDERR_FILENO) != 0);
  std::vector<spdlog::sink_ptr> sinks;
  if (!options.capture) sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (!options.file.empty())
    sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file.string()));
  writer->last = std::make_shared<LastSink>(options.capture);
  sinks.push_back(writer->last);
  writer->max_queued_lines = std::max<std::size_t>(options.max_queued_lines, 2);
  writer->pool = std::make_shared<spdlog::details::thread_pool>(writer->max_queued_lines, 1);
  writer->logger =
      std::make_shared<spdlog::async_logger>("parley", sinks.begin(), sinks.end(), writer->pool,
                                             spdlog::async_overflow_policy::overrun_oldest);
  writer->logger->set_pattern("%v");
  writer->logger->set_level(spdlog::level::trace);
  writer->logger->flush_on(spdlog::level::err);
  writer->logger->set_error_handler([](const std::string&) {});
  return writer;
}

/// The writers of the process. Earlier ones are kept: another thread may be writing through one at
/// this moment, and configurations are few.
struct Writers {
  std::mutex mutex;
  std::vector<std::unique_ptr<Writer>> all;
  std::atomic<Writer*> current{nullptr};
  std::atomic<std::uint64_t> failed{0};
};

/// Never destroyed: logging stays possible in destructors at the end of the process.
Writers& writers() {
  static auto* instance = new Writers;
  return *instance;
}

std::atomic<int>& threshold() {
  static std::atomic<int> level{static_cast<int>(Level::info)};
  return level;
}

Writer& current_writer() {
  auto& known = writers();
  if (auto* writer = known.current.load(std::memory_order_acquire)) return *writer;
  std::lock_guard lock(known.mutex);
  if (!known.current) {
    known.all.push_back(make_writer(Options{}));
    known.current = known.all.back().get();
  }
  return *known.current;
}

void append_json_text(std::string& out, std::string_view text) {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = latin1_to_utf8(text);
    text = repaired;
  }
  out += '"';
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

/// The value in JSON's words; a text is redacted first.
void append_value(std::string& out, const Field& field, const Redaction& redaction) {
  if (is_masked_field(field.name, redaction)) return append_json_text(out, mask);
  auto append = [&](const auto& value) {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, std::string_view>)
      append_json_text(out, redacted(value, redaction));
    else if constexpr (std::is_same_v<T, double>)
      out += std::isfinite(value) ? fmt::format("{}", value) : std::string("null");
    else
      fmt::format_to(std::back_inserter(out), "{}", value);
  };
  std::visit(append, field.value.get());
}

std::string json_line(Level level, std::string_view message, Fields fields, const Context& ctx,
                      const Redaction& redaction) {
  std::string line = fmt::format(R"({{"time":"{}","level":"{}","message":)",
                                 to_rfc3339(SystemClock().wall()), to_string(level));
  append_json_text(line, redacted(message, redaction));
  auto add = [&](const Field& field) {
    line += ',';
    append_json_text(line, field.name);
    line += ':';
    append_value(line, field, redaction);
  };
  if (!ctx.trace.trace_id.empty()) add({"traceId", ctx.trace.trace_id});
  if (!ctx.trace.span_id.empty()) add({"spanId", ctx.trace.span_id});
  if (ctx.organization) add({"organization", ctx.organization.str()});
  for (auto& field : fields) add(field);
  return line + "}";
}

std::string text_line(Level level, std::string_view message, Fields fields, const Context& ctx,
                      const Redaction& redaction) {
  auto time = to_rfc3339(SystemClock().wall());
  auto line = fmt::format("{} {:<5} {}", time.substr(11, 12), to_string(level),
                          redacted(message, redaction));
  for (auto& field : fields) {
    line.append("  ").append(field.name).append("=");
    append_value(line, field, redaction);
  }
  if (ctx.organization) line += "  organization=" + ctx.organization.str();
  if (!ctx.trace.trace_id.empty()) line += "  trace=" + ctx.trace.trace_id;
  return line;
}

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

void flush_writer(Writer& writer) {
  // The request to flush goes through the queue, and in a full one it would cost a line.
  auto give_up = std::chrono::steady_clock::now() + flush_patience;
  while (writer.pool->queue_size() >= writer.max_queued_lines &&
         std::chrono::steady_clock::now() < give_up)
    std::this_thread::sleep_for(1ms);
  auto seen = writer.last->flushes();
  writer.logger->flush();
  writer.last->wait_for_flush(seen);
}

}  // namespace

std::string_view to_string(Level level) noexcept {
  return level_names[static_cast<std::size_t>(level)];
}

Result<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i)
    if (level_names[i] == name) return static_cast<Level>(i);
  return fail(Errc::invalid, "the log level must be debug, info, warn, error or off");
}

Result<void> configure(Options options) {
  std::unique_ptr<Writer> made;
  try {
    made = make_writer(options);
  } catch (const spdlog::spdlog_ex& e) {
    return fail(Errc::unavailable, e.what());
  }
  auto& known = writers();
  Writer* before = nullptr;
  {
    std::lock_guard lock(known.mutex);
    before = known.current;
    known.all.push_back(std::move(made));
    known.current = known.all.back().get();
  }
  threshold() = static_cast<int>(options.level);
  if (before) flush_writer(*before);
  return {};
}

void flush() {
  if (auto* writer = writers().current.load()) flush_writer(*writer);
}

std::uint64_t dropped_lines() noexcept {
  auto& known = writers();
  std::uint64_t count = known.failed;
  std::lock_guard lock(known.mutex);
  for (auto& writer : known.all) count += writer->pool->overrun_counter();
  return count;
}

bool enabled(Level level) noexcept {
  return static_cast<int>(level) >= threshold().load(std::memory_order_relaxed);
}

void write(Level level, std::string_view message, Fields fields, const Context& ctx) noexcept {
  try {
    auto& writer = current_writer();
    auto line = writer.as_text ? text_line(level, message, fields, ctx, writer.redaction)
                               : json_line(level, message, fields, ctx, writer.redaction);
    writer.logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  } catch (...) {
    // Out of memory: there is nobody left to tell but the counter.
    ++writers().failed;
  }
}

}  // namespace parley::log
