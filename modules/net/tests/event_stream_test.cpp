#include "parley/net/event_stream.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "parley/base/random.hpp"
#include "parley/base/run_to_end.hpp"

namespace parley::net {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

/// What comes of `text` in pieces of at most `most` bytes.
Events events_of(std::string_view text, std::size_t most, std::uint64_t seed = 1) {
  EventStreamParser parser;
  SeededRandom random(seed);
  Events events;
  while (!text.empty()) {
    auto size = std::min<std::size_t>(text.size(), 1 + random.next_u64() % most);
    EXPECT_TRUE(parser.feed(text.substr(0, size)));
    text.remove_prefix(size);
    while (auto event = parser.next()) events.emplace_back(event->name, event->data);
  }
  return events;
}

TEST(EventStream, NamesDataAndCommentsAreTakenApart) {
  auto events = events_of(
      ": hello\n\nevent: ping\ndata: {}\n\ndata:one\ndata: two\ndata:  three\nid: 7\nretry: 10\n\n"
      "event: nothing\n\ndata\n\nunknown: x\ndata: last\n\n",
      1000);
  EXPECT_EQ(events, (Events{{"ping", "{}"}, {"", "one\ntwo\n three"}, {"", ""}, {"", "last"}}));
}

TEST(EventStream, LinesEndInAnyOfThreeWays) {
  Events both{{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(events_of("event: a\r\ndata: 1\r\n\r\nevent: b\r\ndata: 2\r\n\r\n", 1000), both);
  EXPECT_EQ(events_of("event: a\rdata: 1\r\revent: b\rdata: 2\r\r", 1000), both);
  EXPECT_EQ(events_of("event: a\ndata: 1\r\n\nevent: b\rdata: 2\n\r\n", 1000), both);
}

TEST(EventStream, PiecesMayBeCutAnywhere) {
  std::string text =
      "\xEF\xBB\xBF"
      "event: gr\xC3\xBC\xC3\x9F\r\ndata: \xE2\x82\xAC 5\r\ndata: \xF0\x9F\x98\x80\r\n\r\n"
      ": ping\r\n\r\ndata: end\r\n\r\n";
  Events whole{{"gr\xC3\xBC\xC3\x9F", "\xE2\x82\xAC 5\n\xF0\x9F\x98\x80"}, {"", "end"}};
  EXPECT_EQ(events_of(text, 1), whole);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) EXPECT_EQ(events_of(text, 7, seed), whole);
}

TEST(EventStream, WhatNoBlankLineEndsIsNoEvent) {
  EXPECT_EQ(events_of("data: one\n\ndata: two\n", 3), (Events{{"", "one"}}));
  EXPECT_EQ(events_of("data: two", 3), Events{});
}

TEST(EventStream, AnEventIsBounded) {
  EventStreamParser parser(100);
  EXPECT_TRUE(parser.feed("data: " + std::string(90, 'x') + "\n\n"));
  ASSERT_TRUE(parser.next());
  EXPECT_TRUE(parser.feed("data: " + std::string(60, 'x') + "\n"));
  EXPECT_EQ(parser.feed("data: " + std::string(60, 'x')).error().code, Errc::too_large);
  EXPECT_EQ(parser.feed("\n\n").error().code, Errc::too_large) << "it stays so";
  EXPECT_FALSE(parser.next());
  EventStreamParser one_line(100);
  EXPECT_EQ(one_line.feed(std::string(101, ':')).error().code, Errc::too_large);
}

TEST(EventStream, AReaderTellsAnOrderlyEndFromABrokenBody) {
  asio::io_context io;
  auto next = [&](EventStreamReader& reader) {
    return run_to_end(
        io, [&] { return reader.next(); },
        [&](const bool& done) {
          io.restart();
          while (!done) io.run_one();
        });
  };
  std::vector<Result<std::string>> pieces{"data: on", "e\n\nda", "ta: two\n\n", ""};
  std::size_t at = 0;
  EventStreamReader reader([&]() -> Task<std::string> { co_return pieces[at++]; });
  EXPECT_EQ(next(reader).value().data, "one");
  EXPECT_EQ(next(reader).value().data, "two");
  EXPECT_EQ(next(reader).error().code, Errc::end_of_stream);
  EXPECT_EQ(next(reader).error().code, Errc::end_of_stream) << "the body is not asked again";
  EXPECT_EQ(reader.received_bytes(), 22u);
  EventStreamReader broken(
      []() -> Task<std::string> { co_return fail(Errc::unavailable, "closed"); });
  EXPECT_EQ(next(broken).error().code, Errc::unavailable);
}

}  // namespace
}  // namespace parley::net
