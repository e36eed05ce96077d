#include "parley/providers/openai_embedding/openai_embedder.hpp"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <numeric>
#include <thread>

#include "parley/simulators/openai_embeddings.hpp"

namespace parley::providers::openai_embedding {
namespace {

using simulators::EmbeddingsQuirk;
using ::testing::HasSubstr;
using Texts = std::vector<std::string>;

class OpenAiEmbedderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    quirk = simulators::add_openai_embeddings(server);
    ASSERT_TRUE(server.start());
    thread = std::jthread([this, guard = asio::make_work_guard(io)] { io.run(); });
    options.api_url = "http://127.0.0.1:" + std::to_string(server.port()) + "/v1/";
    options.api_key = simulators::OpenAiEmbeddingsOptions{}.api_key;
    options.dimensions = 256;
    open();
  }
  void TearDown() override {
    asio::co_spawn(io, server.stop(TimePoint::min()), asio::use_future).get();
    io.stop();
  }
  void open() { embedder = std::move(*make_embedder(*http, policy, options)); }
  Result<std::vector<knowledge::Vector>> embed(Texts texts) {
    auto working = embedder->embed(Context{}, std::move(texts));
    return asio::co_spawn(io, std::move(working), asio::use_future).get();
  }
  static resilience::PolicyOptions impatient() {
    resilience::PolicyOptions out;
    out.retry.first_pause = std::chrono::milliseconds(1);
    out.breaker.failure_percent = 0;
    return out;
  }
  void faults(std::string plan) { ASSERT_TRUE(server.faults().set(std::move(plan))); }

  asio::io_context io;
  SystemClock clock;
  SystemRandom random;
  metrics::Registry registry;
  trace::NoSpanSink spans;
  trace::Tracer tracer{clock, random, spans};
  resilience::Policies policies{clock, random, registry, tracer};
  resilience::Policy& policy = policies.add("embeddings", impatient());
  std::unique_ptr<net::HttpClient> http = net::make_http_client(io.get_executor());
  simulators::StandInServer server{
      io.get_executor(), clock, random, {}, simulators::openai_embeddings_refusal};
  std::shared_ptr<std::atomic<EmbeddingsQuirk>> quirk;
  Options options;
  std::unique_ptr<knowledge::Embedder> embedder;
  std::jthread thread;
};

TEST_F(OpenAiEmbedderTest, TextsBecomeVectorsInTheirOrder) {
  EXPECT_EQ(embedder->name(), "openai/text-embedding-3-small/256");
  Texts texts{"A filling is $180.", "Park behind the house.", "We close on Fridays."};
  for (auto how :
       {EmbeddingsQuirk::none, EmbeddingsQuirk::reversed, EmbeddingsQuirk::only_floats}) {
    *quirk = how;
    auto vectors = embed(texts);
    ASSERT_TRUE(vectors) << vectors.error().detail;
    ASSERT_EQ(vectors->size(), 3u);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto expected = simulators::meaning_of(texts[i], 256);
      ASSERT_EQ((*vectors)[i].size(), 256u);
      for (std::size_t d = 0; d < 256; ++d) ASSERT_NEAR((*vectors)[i][d], expected[d], 1e-6F);
    }
  }
}

TEST_F(OpenAiEmbedderTest, WordsOfOneMeaningAreNear) {
  auto vectors = embed({"what does it cost", "our prices", "the dog barks"}).value();
  auto dot = [&](std::size_t a, std::size_t b) {
    return std::inner_product(vectors[a].begin(), vectors[a].end(), vectors[b].begin(), 0.0F);
  };
  EXPECT_GT(dot(0, 1), 0.9F);
  EXPECT_LT(dot(0, 2), 0.3F);
}

TEST_F(OpenAiEmbedderTest, WrongAnswersAreCorruptAndNothingOfThemIsKept) {
  for (auto how : {EmbeddingsQuirk::short_vectors, EmbeddingsQuirk::one_missing,
                   EmbeddingsQuirk::index_twice}) {
    *quirk = how;
    EXPECT_EQ(embed({"one", "two"}).error().code, Errc::corrupt) << static_cast<int>(how);
  }
  *quirk = EmbeddingsQuirk::short_vectors;
  EXPECT_THAT(embed({"one"}).error().detail, HasSubstr("openai.embedding_dimensions"));
  *quirk = EmbeddingsQuirk::none;
  faults("garbage");
  EXPECT_FALSE(embed({"one"}));
}

TEST_F(OpenAiEmbedderTest, ABusyServiceIsAskedAgainAndAWrongKeyIsNot) {
  faults("status 429 first 2");
  EXPECT_TRUE(embed({"one"}));
  EXPECT_EQ(server.requests(), 3u);
  faults("status 503");
  EXPECT_EQ(embed({"one"}).error().code, Errc::unavailable);
  faults("reset");
  EXPECT_EQ(embed({"one"}).error().code, Errc::timeout) << "nothing was changed there";
  faults("");
  auto before = server.requests();
  options.api_key = "sk-other";
  open();
  auto refused = embed({"one"}).error();
  EXPECT_EQ(refused.code, Errc::forbidden);
  EXPECT_THAT(refused.detail, HasSubstr("Incorrect API key"));
  EXPECT_EQ(server.requests(), before + 1);
}

TEST_F(OpenAiEmbedderTest, WhatCannotBeEmbeddedIsRefused) {
  EXPECT_EQ(embed({}).error().code, Errc::invalid);
  EXPECT_EQ(embed({"one", " "}).error().code, Errc::invalid);
  EXPECT_EQ(embed(Texts(33, "one")).error().code, Errc::invalid);
  EXPECT_TRUE(embed(Texts(32, "one")));
  EXPECT_EQ(server.requests(), 1u);
  options.model = "no-such-model";
  open();
  EXPECT_EQ(embed({"one"}).error().code, Errc::invalid);
  options.model = "";
  EXPECT_EQ(make_embedder(*http, policy, options).error().code, Errc::invalid);
  options.model = "m";
  options.dimensions = 0;
  EXPECT_EQ(make_embedder(*http, policy, options).error().code, Errc::invalid);
}

}  // namespace
}  // namespace parley::providers::openai_embedding
