#include "parley/providers/s3/object_store.hpp"

#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include "bucket.hpp"
#include "parley/base/strings.hpp"
#include "parley/providers/s3/xml.hpp"

namespace parley::s3 {

namespace {

using Bytes = std::vector<std::byte>;
using Body = std::shared_ptr<const std::string>;

constexpr std::size_t whole_object_bytes = 256u << 20;  ///< of get()
constexpr std::uint64_t most_parts = 10'000;
constexpr std::size_t range_slack_bytes = 64u << 10;  ///< an error page fits too
constexpr Duration abort_limit = std::chrono::seconds(10);

Bytes bytes_of(std::string_view text) {
  auto bytes = as_bytes(text);
  return {bytes.begin(), bytes.end()};
}

/// `size` bytes from `at` on of what the object will be: its head, then its file.
Result<Body> read_part(const store::ObjectFile& from, std::uint64_t at, std::uint64_t size) {
  std::string part;
  part.reserve(size);
  if (at < from.head.size()) part = as_text(from.head).substr(at, size);
  auto left = size - part.size();
  if (left > 0) {
    std::ifstream in(from.file, std::ios::binary);
    if (!in) return fail(Errc::not_found, "no such file");
    in.seekg(static_cast<std::streamoff>(at + part.size() - from.head.size()));
    auto have = part.size();
    part.resize(size);
    in.read(part.data() + have, static_cast<std::streamsize>(left));
    if (!in) return fail(Errc::corrupt, "the file is shorter than was said");
  }
  return std::make_shared<const std::string>(std::move(part));
}

class BucketObjectStore final : public store::ObjectStore {
 public:
  BucketObjectStore(StoreParts parts, BucketOptions options)
      : parts_(parts), part_bytes_(options.part_bytes), bucket_(parts, std::move(options)) {}

  Result<void> check() const { return bucket_.check(); }

  Task<void> put(Context ctx, std::string key, Bytes bytes) override {
    auto body = std::make_shared<const std::string>(as_text(bytes));
    bytes = {};
    auto putting = put_body(std::move(ctx), std::move(key), std::move(body));
    co_return co_await std::move(putting);
  }

  Task<void> put_file(Context ctx, std::string key, store::ObjectFile from) override {
    if (auto good = store::check_object_key(key); !good) co_return std::unexpected(good.error());
    auto size = from.head.size() + from.size_bytes;
    auto file = std::make_shared<const store::ObjectFile>(std::move(from));
    if (size > part_bytes_) {
      auto uploading = put_parts(std::move(ctx), std::move(key), std::move(file), size);
      co_return co_await std::move(uploading);
    }
    auto reading = read(file, 0, size);
    auto body = co_await std::move(reading);
    if (!body) co_return std::unexpected(body.error());
    auto putting = put_body(std::move(ctx), std::move(key), std::move(*body));
    co_return co_await std::move(putting);
  }

  Task<Bytes> get(Context ctx, std::string key) override {
    if (auto good = store::check_object_key(key); !good) co_return std::unexpected(good.error());
    Ask ask{.operation = "objects.get", .key = std::move(key)};
    ask.max_response_bytes = whole_object_bytes;
    auto asking = bucket_.send(std::move(ctx), std::move(ask));
    auto answer = co_await std::move(asking);
    if (!answer) co_return std::unexpected(answer.error());
    co_return bytes_of(answer->body);
  }

  Task<Bytes> get_part(Context ctx, std::string key, std::uint64_t first,
                       std::size_t size_bytes) override {
    if (auto good = store::check_object_key(key); !good) co_return std::unexpected(good.error());
    if (size_bytes == 0) co_return Bytes{};
    Ask ask{.operation = "objects.get_part", .key = key};
    ask.headers.set("Range", fmt::format("bytes={}-{}", first, first + size_bytes - 1));
    ask.max_response_bytes = size_bytes + range_slack_bytes;
    auto asking = bucket_.send(ctx, std::move(ask));
    auto answer = co_await std::move(asking);
    // The range is unsatisfiable beyond the end, also of an empty object.
    if (!answer && answer.error().code == Errc::end_of_stream) co_return Bytes{};
    if (!answer) co_return std::unexpected(answer.error());
    std::string_view body = answer->body;
    if (answer->status == 200) body = body.substr(std::min<std::uint64_t>(first, body.size()));
    co_return bytes_of(body.substr(0, size_bytes));
  }

  Task<std::uint64_t> size(Context ctx, std::string key) override {
    if (auto good = store::check_object_key(key); !good) co_return std::unexpected(good.error());
    Ask ask{.operation = "objects.size", .method = net::Method::head, .key = std::move(key)};
    auto asking = bucket_.send(std::move(ctx), std::move(ask));
    auto answer = co_await std::move(asking);
    if (!answer) co_return std::unexpected(answer.error());
    auto length = answer->headers.get("Content-Length").value_or("");
    std::uint64_t size = 0;
    auto read = std::from_chars(length.data(), length.data() + length.size(), size);
    if (read.ec != std::errc()) co_return fail(Errc::corrupt, "S3 says no Content-Length");
    co_return size;
  }

  Task<void> remove(Context ctx, std::string key) override {
    if (auto good = store::check_object_key(key); !good) co_return std::unexpected(good.error());
    Ask ask{.operation = "objects.remove", .method = net::Method::delete_, .key = std::move(key)};
    auto asking = bucket_.send(std::move(ctx), std::move(ask));
    auto answer = co_await std::move(asking);
    if (!answer && answer.error().code != Errc::not_found)
      co_return std::unexpected(answer.error());
    co_return Result<void>{};
  }

 private:
  using File = std::shared_ptr<const store::ObjectFile>;

  Task<Body> read(File file, std::uint64_t at, std::uint64_t size) {
    std::function<Result<Body>()> work = [file, at, size] { return read_part(*file, at, size); };
    auto reading = parts_.pool.run<Body>(std::move(work));
    co_return co_await std::move(reading);
  }

  Task<void> put_body(Context ctx, std::string key, Body body) {
    if (auto good = store::check_object_key(key); !good) co_return std::unexpected(good.error());
    Ask ask{.operation = "objects.put", .method = net::Method::put, .key = std::move(key)};
    ask.headers.set("Content-Type", "application/octet-stream");
    ask.body = std::move(body);
    auto asking = bucket_.send(std::move(ctx), std::move(ask));
    auto answer = co_await std::move(asking);
    if (!answer) co_return std::unexpected(answer.error());
    co_return Result<void>{};
  }

  Task<void> put_parts(Context ctx, std::string key, File file, std::uint64_t size) {
    Ask begin{.operation = "objects.begin_upload", .method = net::Method::post, .key = key};
    begin.query = {{"uploads", ""}};
    begin.headers.set("Content-Type", "application/octet-stream");
    auto beginning = bucket_.send(ctx, std::move(begin));
    auto begun = co_await std::move(beginning);
    if (!begun) co_return std::unexpected(begun.error());
    auto upload = xml_text(begun->body, "UploadId");
    if (upload.empty()) co_return fail(Errc::corrupt, "S3 names no upload");
    auto uploading = upload_parts(ctx, key, upload, std::move(file), size);
    auto done = co_await std::move(uploading);
    if (done) co_return done;
    // What was sent would be kept, and paid for, for ever.
    Ask abort{.operation = "objects.abort_upload", .method = net::Method::delete_, .key = key};
    abort.query = {{"uploadId", upload}};
    ctx.deadline = parts_.clock.now() + abort_limit;
    auto aborting = bucket_.send(std::move(ctx), std::move(abort));
    (void)co_await std::move(aborting);
    co_return done;
  }

  Task<void> upload_parts(Context ctx, std::string key, std::string upload, File file,
                          std::uint64_t size) {
    auto part_bytes = std::max<std::uint64_t>(part_bytes_, (size + most_parts - 1) / most_parts);
    std::string list = "<CompleteMultipartUpload>";
    int number = 0;
    for (std::uint64_t at = 0; at < size; at += part_bytes) {
      auto reading = read(file, at, std::min(part_bytes, size - at));
      auto body = co_await std::move(reading);
      if (!body) co_return std::unexpected(body.error());
      Ask part{.operation = "objects.put_part", .method = net::Method::put, .key = key};
      part.query = {{"partNumber", std::to_string(++number)}, {"uploadId", upload}};
      part.body = std::move(*body);
      auto putting = bucket_.send(ctx, std::move(part));
      auto put = co_await std::move(putting);
      if (!put) co_return std::unexpected(put.error());
      auto tag = xml_escape(put->headers.get("ETag").value_or(""));
      list += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, tag);
    }
    list += "</CompleteMultipartUpload>";
    Ask end{.operation = "objects.end_upload", .method = net::Method::post, .key = key};
    end.query = {{"uploadId", upload}};
    end.headers.set("Content-Type", "application/xml");
    end.body = std::make_shared<const std::string>(std::move(list));
    auto ending = bucket_.send(ctx, std::move(end));
    auto ended = co_await std::move(ending);
    if (ended) co_return Result<void>{};
    // The answer to an end that worked may have been lost: then the upload is gone, and the object
    // is there.
    if (ended.error().code == Errc::not_found) {
      auto asking = this->size(std::move(ctx), std::move(key));
      if (auto there = co_await std::move(asking); there && *there == size)
        co_return Result<void>{};
    }
    co_return std::unexpected(ended.error());
  }

  StoreParts parts_;
  std::size_t part_bytes_;
  Bucket bucket_;
};

}  // namespace

Result<std::unique_ptr<store::ObjectStore>> open_bucket(StoreParts parts, BucketOptions options) {
  auto objects = std::make_unique<BucketObjectStore>(parts, std::move(options));
  if (auto good = objects->check(); !good) return std::unexpected(good.error());
  return objects;
}

}  // namespace parley::s3
