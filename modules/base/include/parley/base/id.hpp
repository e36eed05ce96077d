#pragma once
#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "parley/base/clock.hpp"
#include "parley/base/random.hpp"

namespace parley {

/// A ULID: 26 characters of Crockford base 32, in time order, 80 random bits.
std::string make_ulid(WallTime time, Random& random);

template <std::size_t N>
struct IdPrefix {
  char text[N];
  // NOLINTNEXTLINE(google-explicit-constructor): it is what makes Id<"call"> readable
  consteval IdPrefix(const char (&literal)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

/// An opaque identifier with its type in the name and in the text: Id<"call"> is "call_01H...".
/// Ids of different types do not mix. Empty means "none".
template <IdPrefix Prefix>
class Id {
 public:
  Id() = default;
  /// Takes text as it came from the database or a client; validity shows when it is looked up.
  explicit Id(std::string text) : text_(std::move(text)) {}
  static Id make(const Clock& clock, Random& random) {
    return Id(std::string(Prefix.view()) + "_" + make_ulid(clock.wall(), random));
  }

  const std::string& str() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }
  explicit operator bool() const noexcept { return !text_.empty(); }
  friend auto operator<=>(const Id&, const Id&) = default;

 private:
  std::string text_;
};

using OrganizationId = Id<"org">;
using UserId = Id<"user">;
using ApiKeyId = Id<"key">;
using BusinessId = Id<"biz">;
using AgentId = Id<"agent">;
using NumberId = Id<"num">;
using ServiceId = Id<"svc">;
using ResourceId = Id<"res">;
using HolidayId = Id<"hol">;
using CallId = Id<"call">;
using ConversationId = Id<"conv">;
using LeadId = Id<"lead">;
using AppointmentId = Id<"appt">;
using DocumentId = Id<"doc">;
using ChunkId = Id<"chunk">;
using MessageId = Id<"msg">;
using JobId = Id<"job">;

}  // namespace parley

template <parley::IdPrefix Prefix>
struct std::hash<parley::Id<Prefix>> {
  std::size_t operator()(const parley::Id<Prefix>& id) const noexcept {
    return std::hash<std::string>{}(id.str());
  }
};
