// `parley eval` before any call is made; calls are in tests/e2e.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "parley/base/json.hpp"
#include "program.hpp"

namespace parley::program {
namespace {

using ::testing::HasSubstr;

constexpr auto good = "name: Hours\nsteps:\n  - say: hello\nexpect:\n  - says: hi\n";

TEST(Eval, EveryProblemOfEveryFileIsSaidWithItsPlace) {
  Folder folder;
  folder.write("a.yaml", "name: a\nsteps:\n  - sey: x\nexpect:\n  - says: y\n");
  folder.write("b.yaml", "name: b\n");
  auto ran = folder.run({"eval", "a.yaml", "b.yaml", "c.yaml"});
  EXPECT_EQ(ran.code, 2);
  for (auto* said : {"a.yaml:3:5: unknown key 'sey'; the nearest is 'say'",
                     "b.yaml:1:1: nothing is expected", "cannot read c.yaml"})
    EXPECT_THAT(ran.err, HasSubstr(said));
}

TEST(Eval, WhatIsMissingIsAskedFor) {
  Folder folder;
  folder.write("a.yaml", good);
  auto nothing = folder.run({"eval"});
  EXPECT_EQ(nothing.code, 2);
  EXPECT_THAT(nothing.err, HasSubstr("which scenarios"));
  auto no_number = folder.run({"eval", "a.yaml", "--server", "http://127.0.0.1:9"});
  EXPECT_EQ(no_number.code, 2);
  EXPECT_THAT(no_number.err, HasSubstr("a.yaml: which number is called?"));
  auto no_token =
      folder.run({"eval", "a.yaml", "--server", "http://127.0.0.1:9", "--to", "+12125550100"},
                 {{"PARLEY_DATA_DIR", (folder.path() / "none").string()}});
  EXPECT_EQ(no_token.code, 2);
  EXPECT_THAT(no_token.err, HasSubstr("no auth token to sign calls with"));
}

TEST(Eval, AServerThatIsNotThereIsCode3) {
  Folder folder;
  folder.write("a.yaml", good);
  auto ran = folder.run(
      {"eval", "a.yaml", "--server", "http://127.0.0.1:9", "--to", "+12125550100", "--json"},
      {{"PARLEY_TWILIO_AUTH_TOKEN", "x"}, {"PARLEY_TOKEN", "y"}});
  EXPECT_EQ(ran.code, 3) << ran.err;
  EXPECT_EQ(json::parse(ran.out).at("passed"), json::value(false)) << ran.out;
  EXPECT_EQ(folder
                .run({"eval", "--from-call", "call_1", "--server", "http://127.0.0.1:9"},
                     {{"PARLEY_TOKEN", "y"}})
                .code,
            3);
}

TEST(Eval, TheDocumentedSchemaIsTheProgramsOwn) {
  Folder folder;
  auto ran = folder.run({"eval", "--schema"});
  EXPECT_EQ(ran.code, 0);
  std::ifstream in(PARLEY_SOURCE_DIR "/docs/evals.schema.json");
  std::string documented{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(json::parse(documented), json::parse(ran.out))
      << "write it anew: parley eval --schema > docs/evals.schema.json";
}

}  // namespace
}  // namespace parley::program
