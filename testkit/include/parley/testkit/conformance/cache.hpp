#pragma once
#include <gtest/gtest.h>

#include "parley/store/cache.hpp"
#include "parley/testkit/real_world.hpp"

/// What every store::Cache does. A test program includes this once and names its caches:
///
///   INSTANTIATE_TEST_SUITE_P(Memory, CacheConformance, ::testing::Values(&make_rig));
namespace parley::testkit {

struct CacheRig {
  CacheRig() = default;
  CacheRig(const CacheRig&) = delete;
  CacheRig& operator=(const CacheRig&) = delete;
  virtual ~CacheRig() = default;
  virtual store::Cache& cache() = 0;
  RealWorld world;
};
using MakeCacheRig = std::unique_ptr<CacheRig> (*)();

class CacheConformance : public ::testing::TestWithParam<MakeCacheRig> {
 protected:
  using Value = std::optional<std::string>;
  Value get(const std::string& key) {
    auto found = rig->world.run([&] { return rig->cache().get(rig->world.context, key); });
    EXPECT_TRUE(found) << found.error().detail;
    return found.value_or(std::nullopt);
  }
  Result<void> set(const std::string& key, const std::string& value, Duration ttl = 1h) {
    return rig->world.run([&] { return rig->cache().set(rig->world.context, key, value, ttl); });
  }
  Result<bool> add(const std::string& key, const std::string& value, Duration ttl = 1h) {
    return rig->world.run([&] { return rig->cache().add(rig->world.context, key, value, ttl); });
  }
  Result<void> remove(const std::string& key) {
    return rig->world.run([&] { return rig->cache().remove(rig->world.context, key); });
  }
  std::unique_ptr<CacheRig> rig = GetParam()();
};

TEST_P(CacheConformance, WhatWasSetIsThereUntilItIsRemoved) {
  EXPECT_EQ(get("k"), std::nullopt);
  ASSERT_TRUE(set("k", "one"));
  EXPECT_EQ(get("k"), "one");
  ASSERT_TRUE(set("k", "two"));
  EXPECT_EQ(get("k"), "two");
  ASSERT_TRUE(remove("k"));
  EXPECT_EQ(get("k"), std::nullopt);
  EXPECT_TRUE(remove("k")) << "what is not there is removed with success";
  EXPECT_TRUE(rig->cache().condition().well());
}

TEST_P(CacheConformance, AnyBytesComeBackAsTheyWere) {
  std::string key("a\r\n\0b", 5);
  std::string value("\r\n$3\r\n\0\xFF", 8);
  ASSERT_TRUE(set(key, value));
  EXPECT_EQ(get(key), value);
  ASSERT_TRUE(set("empty", ""));
  EXPECT_EQ(get("empty"), "");
  std::string large(1u << 20, 'x');
  ASSERT_TRUE(set("large", large));
  EXPECT_EQ(get("large"), large);
}

TEST_P(CacheConformance, ItIsGoneAfterItsTime) {
  ASSERT_TRUE(set("short", "x", 20ms));
  ASSERT_TRUE(set("long", "y"));
  while (get("short")) {
  }
  EXPECT_EQ(get("long"), "y");
  // Setting it again begins its time again.
  ASSERT_TRUE(set("again", "x", 50ms));
  ASSERT_TRUE(set("again", "x", 1h));
  ASSERT_TRUE(set("witness", "x", 60ms));
  while (get("witness")) {
  }
  EXPECT_EQ(get("again"), "x");
}

TEST_P(CacheConformance, OneAddsAndTheOthersFindIt) {
  EXPECT_EQ(add("mark", "first"), true);
  EXPECT_EQ(add("mark", "second"), false);
  EXPECT_EQ(get("mark"), "first");
  EXPECT_EQ(add("brief", "x", 20ms), true);
  while (get("brief")) {
  }
  EXPECT_EQ(add("brief", "y"), true);
}

TEST_P(CacheConformance, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(set("", "x").error().code, Errc::invalid);
  EXPECT_EQ(set(std::string(513, 'k'), "x").error().code, Errc::invalid);
  EXPECT_EQ(set("k", "x", 0s).error().code, Errc::invalid);
  EXPECT_EQ(set("k", std::string((1u << 20) + 1, 'x')).error().code, Errc::too_large);
  EXPECT_EQ(add("k", "x", -1s).error().code, Errc::invalid);
  EXPECT_EQ(remove("").error().code, Errc::invalid);
  EXPECT_TRUE(set("k", "x", 1ns)) << "a part of a millisecond is one";
}

}  // namespace parley::testkit
