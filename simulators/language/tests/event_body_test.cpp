#include "parley/simulators/event_body.hpp"

#include <gtest/gtest.h>

#include "parley/testkit/sim_world.hpp"

namespace parley::simulators {
namespace {

using testkit::SimWorld;

Result<std::string> read_all(SimWorld& world, net::HttpResponse& response,
                             std::size_t most_bytes = 1u << 20) {
  std::string all;
  for (;;) {
    auto piece = world.run([&] { return response.stream(); });
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty() || all.size() > most_bytes) return all;
    EXPECT_LE(piece->size(), 64u);
    all += *piece;
  }
}

TEST(EventBody, GivesTheEventsInSmallPieces) {
  SimWorld world;
  ModelScript script;
  auto response = event_response(script, world.clock(), 1,
                                 {{{"data: one\n\n"}, {std::string(300, 'x'), true}}, {}});
  EXPECT_EQ(script.streams().running, 1u);
  EXPECT_EQ(read_all(world, response).value(), "data: one\n\n" + std::string(300, 'x'));
  EXPECT_EQ(world.elapsed(), Duration{});
  response.stream = nullptr;
  EXPECT_EQ(script.streams().running, 0u);
  EXPECT_EQ(script.streams().abandoned, 0u);
}

TEST(EventBody, TokensComeAtTheirPace) {
  SimWorld world;
  ModelScript script;
  script.set_pace({.first_token = 250ms, .tokens_per_second = 20});
  auto response = event_response(script, world.clock(), 1,
                                 {{{"start"}, {"1", true}, {"2", true}, {"3", true}, {"end"}}, {}});
  EXPECT_EQ(world.run([&] { return response.stream(); }).value().substr(0, 1), "s");
  EXPECT_EQ(world.elapsed(), Duration{}) << "what comes before the first token does not wait";
  ASSERT_TRUE(read_all(world, response));
  EXPECT_EQ(world.elapsed(), 250ms + 2 * 50ms);
}

TEST(EventBody, ACutIsAFailureAndWhatIsLetGoOfIsAbandoned) {
  SimWorld world;
  ModelScript script;
  auto cut = event_response(script, world.clock(), 1, {{{"a"}}, {}, EventBodyOptions::End::cut});
  EXPECT_EQ(read_all(world, cut).error().code, Errc::unavailable);
  auto endless = event_response(script, world.clock(), 1, {{{"a"}}, {{"b"}}});
  EXPECT_GT(read_all(world, endless, 10'000).value().size(), 10'000u);
  cut.stream = nullptr;
  endless.stream = nullptr;
  EXPECT_EQ(script.streams().abandoned, 1u);
}

}  // namespace
}  // namespace parley::simulators
