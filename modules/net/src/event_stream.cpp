#include "parley/net/event_stream.hpp"

namespace parley::net {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

Result<void> EventStreamParser::feed(std::string_view piece) {
  while (!piece.empty() && !is_too_large_) {
    if (after_cr_ && piece.front() == '\n') piece.remove_prefix(1);
    after_cr_ = false;
    auto end = piece.find_first_of("\r\n");
    auto part = piece.substr(0, end);
    is_too_large_ = kept_bytes() + part.size() > max_event_bytes_;
    if (is_too_large_) break;
    line_ += part;
    if (end == std::string_view::npos) break;
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    end_line();
  }
  if (is_too_large_) return fail(Errc::too_large, "an event of a stream is too long");
  return {};
}

void EventStreamParser::end_line() {
  std::string_view line = line_;
  if (std::exchange(is_first_line_, false) && line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  if (line.empty()) {
    if (has_data_) whole_.push_back(std::move(event_));
    event_ = {};
    has_data_ = false;
  } else {
    auto colon = line.find(':');
    auto field = line.substr(0, colon);
    auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") event_.name = value;
    if (field == "data") {
      if (std::exchange(has_data_, true)) event_.data += '\n';
      event_.data += value;
    }
  }
  line_.clear();
}

std::optional<StreamEvent> EventStreamParser::next() {
  if (whole_.empty()) return std::nullopt;
  auto event = std::move(whole_.front());
  whole_.pop_front();
  return event;
}

Task<StreamEvent> EventStreamReader::next() {
  for (;;) {
    if (auto event = parser_.next()) co_return std::move(*event);
    if (!body_) co_return fail(Errc::end_of_stream, "the stream has ended");
    auto reading = body_();
    auto piece = co_await std::move(reading);
    if (!piece) co_return std::unexpected(piece.error());
    received_bytes_ += piece->size();
    if (piece->empty()) {
      body_ = nullptr;
    } else if (auto fed = parser_.feed(*piece); !fed) {
      co_return std::unexpected(fed.error());
    }
  }
}

}  // namespace parley::net
