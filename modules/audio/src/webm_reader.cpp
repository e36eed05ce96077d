#include "webm_reader.hpp"

#include <algorithm>
#include <bit>

namespace parley::audio {

namespace {

constexpr std::uint32_t id_ebml = 0x1A45DFA3;
constexpr std::uint32_t id_doc_type = 0x4282;
constexpr std::uint32_t id_segment = 0x18538067;
constexpr std::uint32_t id_tracks = 0x1654AE6B;
constexpr std::uint32_t id_track_entry = 0xAE;
constexpr std::uint32_t id_track_number = 0xD7;
constexpr std::uint32_t id_track_type = 0x83;
constexpr std::uint32_t id_codec = 0x86;
constexpr std::uint32_t id_codec_private = 0x63A2;
constexpr std::uint32_t id_cluster = 0x1F43B675;
constexpr std::uint32_t id_block_group = 0xA0;
constexpr std::uint32_t id_simple_block = 0xA3;
constexpr std::uint32_t id_block = 0xA1;
constexpr std::uint64_t audio_track = 2;
constexpr unsigned lacing_bits = 0x06;

unsigned at(std::span<const std::byte> bytes, std::size_t i) {
  return std::to_integer<unsigned>(bytes[i]);
}

/// An EBML number of 1 to 8 bytes: how long it is shows in the zeros before its first one.
struct Number {
  std::uint64_t value = 0;   ///< without the marker
  std::uint64_t marked = 0;  ///< with it, as ids are written
  std::size_t bytes = 0;
  bool all_ones = false;  ///< as a size: not known
};
/// None: more bytes are needed. Errors: corrupt.
Result<std::optional<Number>> number_at(std::span<const std::byte> bytes, std::size_t longest) {
  if (bytes.empty()) return std::optional<Number>{};
  auto first = at(bytes, 0);
  auto length = static_cast<std::size_t>(std::countl_zero(static_cast<std::uint8_t>(first))) + 1;
  if (length > longest) return fail(Errc::corrupt, "WebM: a number that is none");
  if (bytes.size() < length) return std::optional<Number>{};
  Number number;
  number.bytes = length;
  for (std::size_t i = 0; i < length; ++i) number.marked = number.marked << 8 | at(bytes, i);
  auto marker = std::uint64_t{1} << (7 * length);
  number.value = number.marked & (marker - 1);
  number.all_ones = number.value == marker - 1;
  return std::optional(number);
}

std::uint64_t unsigned_in(std::span<const std::byte> content) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(content.size(), 8); ++i)
    value = value << 8 | at(content, i);
  return value;
}

std::string text_in(std::span<const std::byte> content) {
  std::string text(reinterpret_cast<const char*>(content.data()), content.size());
  text.erase(std::ranges::find(text, '\0'), text.end());
  return text;
}

bool is_walked_into(std::uint32_t id) {
  return id == id_segment || id == id_cluster || id == id_block_group;
}
bool is_taken_whole(std::uint32_t id) {
  return id == id_ebml || id == id_tracks || id == id_simple_block || id == id_block;
}

}  // namespace

Result<std::optional<WebmReader::Element>> WebmReader::head_of(std::span<const std::byte> bytes) {
  auto id = number_at(bytes, 4);
  if (!id) return std::unexpected(id.error());
  if (!*id) return std::optional<Element>{};
  auto size = number_at(bytes.subspan((*id)->bytes), 8);
  if (!size) return std::unexpected(size.error());
  if (!*size) return std::optional<Element>{};
  Element element;
  element.id = static_cast<std::uint32_t>((*id)->marked);
  element.head_bytes = (*id)->bytes + (*size)->bytes;
  if (!(*size)->all_ones) element.size_bytes = (*size)->value;
  return std::optional(element);
}

Result<void> WebmReader::feed(std::span<const std::byte> piece) {
  held_.insert(held_.end(), piece.begin(), piece.end());
  std::size_t used = 0;
  while (true) {
    auto rest = std::span<const std::byte>(held_).subspan(used);
    auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skipping_bytes_, rest.size()));
    skipping_bytes_ -= skipped;
    used += skipped;
    auto taken = step(rest.subspan(skipped));
    if (!taken) return std::unexpected(taken.error());
    if (*taken == 0) break;
    used += *taken;
  }
  held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(used));
  return {};
}

/// One element, or the head of one that is walked into; how many bytes that were, 0 when it is not
/// all there yet.
Result<std::size_t> WebmReader::step(std::span<const std::byte> bytes) {
  auto head = head_of(bytes);
  if (!head) return std::unexpected(head.error());
  if (!*head) return 0;
  auto& element = **head;
  if (!has_header_ && element.id != id_ebml) return fail(Errc::corrupt, "not a WebM stream");
  if (is_walked_into(element.id)) return element.head_bytes;
  if (!element.size_bytes) return fail(Errc::corrupt, "WebM: an element without a size");
  if (!is_taken_whole(element.id)) {
    if (*element.size_bytes > most_skipped_bytes)
      return fail(Errc::too_large, "WebM: an element is too large");
    skipping_bytes_ = *element.size_bytes;
    return element.head_bytes;
  }
  if (*element.size_bytes > largest_element_bytes)
    return fail(Errc::too_large, "WebM: an element is too large");
  auto size = static_cast<std::size_t>(*element.size_bytes);
  if (bytes.size() < element.head_bytes + size) return 0;
  auto taken = take(element.id, bytes.subspan(element.head_bytes, size));
  if (!taken) return std::unexpected(taken.error());
  return element.head_bytes + size;
}

Result<void> WebmReader::take(std::uint32_t id, std::span<const std::byte> content) {
  if (id == id_ebml) return take_header(content);
  if (id == id_tracks) return take_tracks(content);
  return take_block(content);
}

Result<void> WebmReader::take_header(std::span<const std::byte> content) {
  track_.reset();
  while (!content.empty()) {
    auto head = head_of(content);
    if (!head) return std::unexpected(head.error());
    if (!*head || !(*head)->size_bytes ||
        *(*head)->size_bytes > content.size() - (*head)->head_bytes)
      return fail(Errc::corrupt, "WebM: a broken header");
    auto size = static_cast<std::size_t>(*(*head)->size_bytes);
    auto body = content.subspan((*head)->head_bytes, size);
    if ((*head)->id == id_doc_type && text_in(body) != "webm" && text_in(body) != "matroska")
      return fail(Errc::unsupported, "a file of another type than WebM");
    content = content.subspan((*head)->head_bytes + size);
  }
  has_header_ = true;
  return {};
}

Result<WebmTrack> WebmReader::read_track(std::span<const std::byte> entry) {
  WebmTrack track;
  std::uint64_t type = 0;
  while (!entry.empty()) {
    auto head = head_of(entry);
    if (!head) return std::unexpected(head.error());
    if (!*head || !(*head)->size_bytes || *(*head)->size_bytes > entry.size() - (*head)->head_bytes)
      return fail(Errc::corrupt, "WebM: a broken track");
    auto size = static_cast<std::size_t>(*(*head)->size_bytes);
    auto body = entry.subspan((*head)->head_bytes, size);
    switch ((*head)->id) {
      case id_track_number:
        track.number = unsigned_in(body);
        break;
      case id_track_type:
        type = unsigned_in(body);
        break;
      case id_codec:
        track.codec = text_in(body);
        break;
      case id_codec_private:
        track.codec_private.assign(body.begin(), body.end());
        break;
      default:
        break;
    }
    entry = entry.subspan((*head)->head_bytes + size);
  }
  if (type != audio_track) track.codec.clear();
  return track;
}

Result<void> WebmReader::take_tracks(std::span<const std::byte> content) {
  while (!content.empty()) {
    auto head = head_of(content);
    if (!head) return std::unexpected(head.error());
    if (!*head || !(*head)->size_bytes ||
        *(*head)->size_bytes > content.size() - (*head)->head_bytes)
      return fail(Errc::corrupt, "WebM: broken tracks");
    auto size = static_cast<std::size_t>(*(*head)->size_bytes);
    if ((*head)->id == id_track_entry && !track_) {
      auto track = read_track(content.subspan((*head)->head_bytes, size));
      if (!track) return std::unexpected(track.error());
      if (track->codec == "A_OPUS") track_ = std::move(*track);
    }
    content = content.subspan((*head)->head_bytes + size);
  }
  if (!track_) return fail(Errc::unsupported, "WebM without an Opus track");
  return handlers_.on_track(*track_);
}

Result<void> WebmReader::take_block(std::span<const std::byte> content) {
  if (!track_) return fail(Errc::corrupt, "WebM: sound before the tracks");
  auto number = number_at(content, 8);
  if (!number) return std::unexpected(number.error());
  // After the track: two bytes of time, one of flags.
  if (!*number || content.size() < (*number)->bytes + 3)
    return fail(Errc::corrupt, "WebM: a broken block");
  if ((*number)->value != track_->number) return {};
  if ((at(content, (*number)->bytes + 2) & lacing_bits) != 0)
    return fail(Errc::unsupported, "WebM: laced blocks");
  return handlers_.on_packet(content.subspan((*number)->bytes + 3));
}

}  // namespace parley::audio
