#include "parley/providers/s3/sigv4.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace parley::s3 {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

// Computed by the vendor's own signer, @smithy/signature-v4 5.7.5 with uriEscapePath off, and by
// @aws-sdk/s3-request-presigner; the last group is AWS's own, from "Authenticating Requests" in the
// S3 API reference.
const Credentials example{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const WallTime when = std::chrono::sys_days(std::chrono::January / 15 / 2026) +
                      std::chrono::hours(12) + std::chrono::minutes(34) + std::chrono::seconds(56);

Signable request(std::string method, std::string path, std::string host) {
  Signable made;
  made.method = std::move(method);
  made.path = std::move(path);
  made.headers.set("Host", std::move(host));
  made.payload_hash = sha256_hex("");
  return made;
}

TEST(SigV4, PutWithABody) {
  auto put = request("PUT", "/calls/tenant-1/rec one.json", "storage.example.test");
  put.headers.set("Content-Type", "application/json");
  put.payload_hash = sha256_hex(R"({"hello":"world"})");
  sign(put, example, {"us-east-1", when});
  auto signed_request = put.headers.get("Authorization").value();
  Signable canonical = request("PUT", put.path, "storage.example.test");
  canonical.headers.set("content-type", "application/json");
  canonical.headers.set("x-amz-date", "20260115T123456Z");
  canonical.headers.set("x-amz-content-sha256", put.payload_hash);
  canonical.payload_hash = put.payload_hash;
  EXPECT_EQ(sha256_hex(canonical_request(canonical)),
            "5ba37397a37eed03504c37fa46fca528a2ef3342ce07f3d9ac49918cd123241d");
  EXPECT_THAT(
      std::string(signed_request),
      HasSubstr("Credential=AKIAIOSFODNN7EXAMPLE/20260115/us-east-1/s3/aws4_request, "
                "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
                "Signature=3c42aee78b1d700806e5b50ed9b3c91b39322638222ccc91c5e4eea14ff2bad8"));
}

TEST(SigV4, ListWithAnAwkwardQuery) {
  auto list = request("GET", "/calls", "storage.example.test");
  list.query = {{"list-type", "2"}, {"prefix", "tenant-1/a b+c"}, {"max-keys", "100"}};
  EXPECT_EQ(canonical_query(list.query), "list-type=2&max-keys=100&prefix=tenant-1%2Fa%20b%2Bc");
  sign(list, example, {"us-east-1", when});
  EXPECT_THAT(std::string(list.headers.get("Authorization").value()),
              EndsWith("9ac52d8191f36cf17d8d71fe3c09129315ae3d998b013e439277137a084daa46"));
}

TEST(SigV4, PresignedGet) {
  auto get = request("GET", "/calls/tenant-1/a+b c.wav", "127.0.0.1:9000");
  auto bare = presigned_query(get, example, {"eu-west-1", when}, std::chrono::seconds(900));
  EXPECT_THAT(bare, EndsWith("56242e955cfccce8ae8bf3dbd0630ca6392221bbd54cfe3742db4ea1477e2e5d"));
  get.query = {{"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}, {"x-id", "GetObject"}};
  auto vendors = presigned_query(get, example, {"eu-west-1", when}, std::chrono::seconds(900));
  EXPECT_EQ(encode_path(get.path), "/calls/tenant-1/a%2Bb%20c.wav");
  EXPECT_EQ(vendors,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&"
            "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260115%2Feu-west-1%2Fs3%2Faws4_request&"
            "X-Amz-Date=20260115T123456Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&x-id=GetObject&"
            "X-Amz-Signature=b6b4790ba326f063a515d67c0a4650f837bf5ef88ad394bbbb8c6a373295069d");
}

TEST(SigV4, PresignedPutWithASignedType) {
  auto put = request("PUT", "/calls/tenant-1/up.wav", "127.0.0.1:9000");
  put.headers.set("Content-Type", "audio/wav");
  put.query = {{"X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"}, {"x-id", "PutObject"}};
  EXPECT_THAT(presigned_query(put, example, {"eu-west-1", when}, std::chrono::seconds(300)),
              EndsWith("156ac1db2e87d795b9c4e026567835bf8309b0cc4d50fe04072e4933052f7b63"));
}

struct AwsExample {
  std::string method;
  std::string path;
  net::Fields query;
  net::Fields headers;
  std::string body;
  std::string signature;
};

TEST(SigV4, TheExamplesOfTheS3Reference) {
  const WallTime may = std::chrono::sys_days(std::chrono::May / 24 / 2013);
  for (auto& one : std::vector<AwsExample>{
           {"GET",
            "/test.txt",
            {},
            {{"Range", "bytes=0-9"}},
            "",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
           {"PUT",
            "/test$file.text",
            {},
            {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
             {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
            "Welcome to Amazon S3.",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
           {"GET",
            "/",
            {{"lifecycle", ""}},
            {},
            "",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
           {"GET",
            "/",
            {{"max-keys", "2"}, {"prefix", "J"}},
            {},
            "",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"}}) {
    auto made = request(one.method, one.path, "examplebucket.s3.amazonaws.com");
    made.query = one.query;
    for (auto& [name, value] : one.headers) made.headers.set(name, value);
    made.payload_hash = sha256_hex(one.body);
    sign(made, example, {"us-east-1", may});
    EXPECT_THAT(std::string(made.headers.get("Authorization").value()), EndsWith(one.signature))
        << one.path;
  }
  auto link = request("GET", "/test.txt", "examplebucket.s3.amazonaws.com");
  EXPECT_THAT(presigned_query(link, example, {"us-east-1", may}, std::chrono::hours(24)),
              EndsWith("aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"));
}

TEST(SigV4, ASessionTokenIsSigned) {
  auto get = request("GET", "/a", "h");
  auto with = example;
  with.session_token = "token";
  sign(get, with, {"us-east-1", when});
  EXPECT_THAT(std::string(get.headers.get("Authorization").value()),
              HasSubstr("x-amz-security-token"));
}

}  // namespace
}  // namespace parley::s3
