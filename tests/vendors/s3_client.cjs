// Amazon's own client against the simulator: node s3_client.cjs <endpoint> <key id> <secret> <bucket>
const assert = require("node:assert");
const { createHash } = require("node:crypto");
const s3 = require("@aws-sdk/client-s3");

const [endpoint, accessKeyId, secretAccessKey, Bucket] = process.argv.slice(2);
const options = { endpoint, region: "us-east-1", forcePathStyle: true, maxAttempts: 1 };
const client = new s3.S3Client({ ...options, credentials: { accessKeyId, secretAccessKey } });
const send = (command, of = client) => of.send(command);

async function refused(promise, name, status) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error, `${name} was expected`);
  assert.strictEqual(error.name, name);
  assert.strictEqual(error.$metadata.httpStatusCode, status);
}

async function objects() {
  const Key = "tenant-1/a+b c (ü).json";
  const Body = JSON.stringify({ hello: "world" });
  const put = await send(new s3.PutObjectCommand({ Bucket, Key, Body, ContentType: "application/json" }));
  assert.strictEqual(put.ETag, `"${createHash("md5").update(Body).digest("hex")}"`);
  const got = await send(new s3.GetObjectCommand({ Bucket, Key }));
  assert.strictEqual(await got.Body.transformToString(), Body);
  assert.strictEqual(got.ContentType, "application/json");
  const part = await send(new s3.GetObjectCommand({ Bucket, Key, Range: "bytes=2-6" }));
  assert.strictEqual(await part.Body.transformToString(), "hello");
  assert.strictEqual(part.ContentRange, `bytes 2-6/${Body.length}`);
  const head = await send(new s3.HeadObjectCommand({ Bucket, Key }));
  assert.strictEqual(head.ContentLength, Body.length);
  await refused(send(new s3.PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: "*" })), "PreconditionFailed", 412);
  await refused(send(new s3.GetObjectCommand({ Bucket, Key, Range: "bytes=100-" })), "InvalidRange", 416);
  await send(new s3.DeleteObjectCommand({ Bucket, Key }));
  await send(new s3.DeleteObjectCommand({ Bucket, Key }));
  await refused(send(new s3.GetObjectCommand({ Bucket, Key })), "NoSuchKey", 404);
  await refused(send(new s3.HeadObjectCommand({ Bucket, Key })), "NotFound", 404);
  await refused(send(new s3.GetObjectCommand({ Bucket: "nobodys", Key })), "NoSuchBucket", 404);
}

async function listing() {
  for (const Key of ["l/a", "l/b/1", "l/b/2", "l/c", "m"])
    await send(new s3.PutObjectCommand({ Bucket, Key, Body: Key }));
  const names = [];
  let ContinuationToken;
  do {
    const page = await send(new s3.ListObjectsV2Command({ Bucket, Prefix: "l/", MaxKeys: 3, ContinuationToken }));
    names.push(...page.Contents.map((object) => object.Key));
    assert.strictEqual(page.IsTruncated, page.NextContinuationToken !== undefined);
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  assert.deepStrictEqual(names, ["l/a", "l/b/1", "l/b/2", "l/c"]);
  const folders = await send(new s3.ListObjectsV2Command({ Bucket, Prefix: "l/", Delimiter: "/" }));
  assert.deepStrictEqual(folders.CommonPrefixes.map((one) => one.Prefix), ["l/b/"]);
  assert.deepStrictEqual(folders.Contents.map((object) => object.Key), ["l/a", "l/c"]);
}

async function parts() {
  const Key = "parts.bin";
  const { UploadId } = await send(new s3.CreateMultipartUploadCommand({ Bucket, Key }));
  const bodies = [Buffer.alloc(5 << 20, 1), Buffer.alloc(1000, 2)];
  const Parts = [];
  for (const [index, Body] of bodies.entries()) {
    const PartNumber = index + 1;
    const { ETag } = await send(new s3.UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  }
  await refused(
    send(new s3.CompleteMultipartUploadCommand({
      Bucket, Key, UploadId, MultipartUpload: { Parts: [...Parts].reverse() },
    })), "InvalidPartOrder", 400);
  const done = await send(
    new s3.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
  assert.match(done.ETag, /^"[0-9a-f]{32}-2"$/);
  const got = await send(new s3.GetObjectCommand({ Bucket, Key }));
  assert.ok(Buffer.concat(bodies).equals(Buffer.from(await got.Body.transformToByteArray())));
  const begun = await send(new s3.CreateMultipartUploadCommand({ Bucket, Key: "given-up" }));
  await send(new s3.AbortMultipartUploadCommand({ Bucket, Key: "given-up", UploadId: begun.UploadId }));
  await refused(
    send(new s3.AbortMultipartUploadCommand({ Bucket, Key: "given-up", UploadId: begun.UploadId })),
    "NoSuchUpload", 404);
}

async function strangers() {
  const get = () => new s3.ListObjectsV2Command({ Bucket });
  const as = (keys, region = "us-east-1") => new s3.S3Client({ ...options, region, credentials: keys });
  await refused(send(get(), as({ accessKeyId, secretAccessKey: "guess" })), "SignatureDoesNotMatch", 403);
  await refused(send(get(), as({ accessKeyId: "AKIAOTHER", secretAccessKey })), "InvalidAccessKeyId", 403);
  await refused(send(get(), as({ accessKeyId, secretAccessKey }, "eu-west-1")), "AuthorizationHeaderMalformed", 400);
}

(async () => {
  for (const group of [objects, listing, parts, strangers]) {
    await group();
    console.log(`${group.name} ok`);
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
