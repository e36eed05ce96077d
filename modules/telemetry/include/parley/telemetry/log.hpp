#pragma once
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

#include "parley/base/context.hpp"

/// Structured logs: one JSON object a line on stderr (and in a file when configured), or a line for
/// people when stderr is a terminal. Safe from any thread, before configure() too; never throws and
/// never blocks: lines go through a bounded queue to one writer thread, and when the queue is full
/// the oldest line is dropped and counted.
///
///   log::info("http.request", {{"status", 200}, {"requestId", id}}, ctx);
///
/// The message names the event and is constant; what varies goes into fields. Masked always: fields
/// whose name contains token, secret, password, authorization, cookie, signature or key; bearer and
/// basic credentials, JSON web tokens and name=value secrets inside any text. Masked unless
/// revealed: phone numbers (also inside texts), fields named text or transcript.
namespace parley::log {

enum class Level { debug, info, warn, error, off };
Result<Level> parse_level(std::string_view name);
std::string_view to_string(Level level) noexcept;

enum class Format {
  automatic,  ///< text when stderr is a terminal, else json
  json,
  text
};

struct Options {
  Level level = Level::info;
  Format format = Format::automatic;
  std::filesystem::path file;  ///< appended to besides stderr; empty: none
  bool reveal_phone_numbers = false;
  bool reveal_transcripts = false;
  std::size_t max_queued_lines = 8192;
  /// Instead of stderr: called with each line, on the writer thread. For tests and `parley doctor`.
  std::function<void(std::string_view line)> capture;
};

/// Replaces how logs are written from now on; lines already queued are written first. Errors:
/// unavailable (the file cannot be opened); then nothing has changed.
Result<void> configure(Options options);

/// Waits until all lines queued so far are written, at most two seconds: at the end of main.
void flush();
/// Lines lost because the queue was full, since the process began.
std::uint64_t dropped_lines() noexcept;

/// A field's value. Views must live until the call returns.
class Value {
 public:
  // NOLINTBEGIN(google-explicit-constructor): fields are written as {"name", value}
  Value(bool value) : value_(value) {}
  template <std::signed_integral T>
  Value(T value) : value_(static_cast<std::int64_t>(value)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  Value(T value) : value_(static_cast<std::uint64_t>(value)) {}
  Value(double value) : value_(value) {}
  Value(std::string_view value) : value_(value) {}
  Value(const std::string& value) : value_(std::string_view(value)) {}
  Value(const char* value) : value_(std::string_view(value)) {}
  // NOLINTEND(google-explicit-constructor)

  const auto& get() const noexcept { return value_; }

 private:
  std::variant<bool, std::int64_t, std::uint64_t, double, std::string_view> value_;
};

struct Field {
  std::string_view name;
  Value value;
};
using Fields = std::initializer_list<Field>;

bool enabled(Level level) noexcept;
void write(Level level, std::string_view message, Fields fields, const Context& ctx) noexcept;

inline void debug(std::string_view message, Fields fields = {}, const Context& ctx = {}) noexcept {
  if (enabled(Level::debug)) write(Level::debug, message, fields, ctx);
}
inline void info(std::string_view message, Fields fields = {}, const Context& ctx = {}) noexcept {
  if (enabled(Level::info)) write(Level::info, message, fields, ctx);
}
inline void warn(std::string_view message, Fields fields = {}, const Context& ctx = {}) noexcept {
  if (enabled(Level::warn)) write(Level::warn, message, fields, ctx);
}
inline void error(std::string_view message, Fields fields = {}, const Context& ctx = {}) noexcept {
  if (enabled(Level::error)) write(Level::error, message, fields, ctx);
}

}  // namespace parley::log
