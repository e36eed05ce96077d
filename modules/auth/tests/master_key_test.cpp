#include "parley/auth/master_key.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace parley::auth {
namespace {

class MasterKeyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto name = (std::filesystem::temp_directory_path() / "parley-key-XXXXXX").string();
    ASSERT_TRUE(::mkdtemp(name.data()));
    folder = name;
    file = folder / "master.key";
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  void write(const std::string& text) {
    std::ofstream(file) << text;
    ::chmod(file.c_str(), 0600);
  }
  SystemRandom random;
  std::filesystem::path folder;
  std::filesystem::path file;
};

TEST_F(MasterKeyTest, IsMadeOnceAndReadBack) {
  auto made = MasterKey::load_or_create(file, random);
  ASSERT_TRUE(made) << made.error().detail;
  auto again = MasterKey::load_or_create(file, random);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(made->derive("links"), again->derive("links"));
  EXPECT_NE(made->derive("links"), made->derive("access-tokens"));
  struct stat facts{};
  ASSERT_EQ(::stat(file.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(MasterKeyTest, AFileOthersCanReadIsRefused) {
  ASSERT_TRUE(MasterKey::load_or_create(file, random));
  ::chmod(file.c_str(), 0644);
  auto key = MasterKey::load_or_create(file, random);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::forbidden);
}

TEST_F(MasterKeyTest, AFileWithSomethingElseIsCorruptAndStaysAsItWas) {
  write("not a key\n");
  auto key = MasterKey::load_or_create(file, random);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::corrupt);
  EXPECT_EQ(key.error().detail.find("not a key"), std::string::npos) << "the content is a secret";
}

TEST_F(MasterKeyTest, AFolderThatIsNotThereIsUnavailable) {
  auto key = MasterKey::load_or_create(folder / "no" / "master.key", random);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Errc::unavailable);
}

TEST_F(MasterKeyTest, FromTextTakesOnly32Bytes) {
  EXPECT_TRUE(MasterKey::from_text(random.token(32)));
  EXPECT_EQ(MasterKey::from_text(random.token(31)).error().code, Errc::invalid);
  EXPECT_EQ(MasterKey::from_text("").error().code, Errc::invalid);
}

TEST_F(MasterKeyTest, SealedTextOpensOnlyWithItsKeyAndPlace) {
  auto key = MasterKey::make(random).derive("rows");
  auto other = MasterKey::make(random).derive("rows");
  auto sealed = seal(key, "secret", "row 1");
  EXPECT_EQ(sealed.find("secret"), std::string::npos);
  EXPECT_NE(sealed, seal(key, "secret", "row 1")) << "the nonce is random";
  EXPECT_EQ(unseal(key, sealed, "row 1"), "secret");
  EXPECT_EQ(unseal(key, sealed, "row 2").error().code, Errc::corrupt);
  EXPECT_EQ(unseal(other, sealed, "row 1").error().code, Errc::corrupt);
  sealed.back() ^= 1;
  EXPECT_EQ(unseal(key, sealed, "row 1").error().code, Errc::corrupt);
  EXPECT_EQ(unseal(key, "short", "row 1").error().code, Errc::corrupt);
}

TEST_F(MasterKeyTest, LinkTokensAreBoundToPurposeOrganizationAndThing) {
  LinkSigner links(MasterKey::make(random));
  auto token = links.token("calendar", "org_1", "biz_1");
  EXPECT_EQ(links.check("calendar", "biz_1", token), "org_1");
  EXPECT_EQ(links.check("calendar", "biz_2", token).error().code, Errc::unauthenticated);
  EXPECT_EQ(links.check("other", "biz_1", token).error().code, Errc::unauthenticated);
  auto stolen = "org_2" + token.substr(5);
  EXPECT_EQ(links.check("calendar", "biz_1", stolen).error().code, Errc::unauthenticated);
  EXPECT_EQ(links.check("calendar", "biz_1", "").error().code, Errc::unauthenticated);
  EXPECT_EQ(LinkSigner(MasterKey::make(random)).check("calendar", "biz_1", token).error().code,
            Errc::unauthenticated);
}

}  // namespace
}  // namespace parley::auth
