// Pinecone's own client against the stand-in: node pinecone_client.cjs URL KEY INDEX
const assert = require("node:assert");
const { Pinecone } = require("@pinecone-database/pinecone");
const [url, apiKey, name] = process.argv.slice(2);

(async () => {
  const client = new Pinecone({ apiKey, controllerHostUrl: url });
  const model = await client.describeIndex(name);
  assert.equal(model.dimension, 4);
  assert.equal(model.metric, "cosine");
  assert.equal((await client.listIndexes()).indexes[0].name, name);
  console.log("index ok");

  const index = client.index({ host: url }).namespace("one");
  await index.upsert({ records: [
    { id: "a", values: [1, 0, 0, 0], metadata: { document: "d1", page: 1, tags: ["x", "y"] } },
    { id: "b", values: [1, 1, 0, 0], metadata: { document: "d2", page: 2 } },
    { id: "c", values: [0, 0, 1, 0], metadata: { document: "d2", page: 3 } },
  ] });
  let found = await index.query({ vector: [2, 0, 0, 0], topK: 2, includeMetadata: true });
  assert.deepEqual(found.matches.map((m) => m.id), ["a", "b"]);
  assert.ok(Math.abs(found.matches[0].score - 1) < 1e-5);
  assert.equal(found.matches[1].metadata.document, "d2");
  const fetched = await index.fetch({ ids: ["c", "none"] });
  assert.deepEqual(Object.keys(fetched.records), ["c"]);
  assert.deepEqual(fetched.records.c.values, [0, 0, 1, 0]);
  const page = await index.listPaginated({ limit: 2 });
  assert.deepEqual(page.vectors.map((v) => v.id), ["a", "b"]);
  await index.update({ id: "a", metadata: { page: 9 } });
  const stats = await index.describeIndexStats();
  assert.equal(stats.namespaces.one.recordCount, 3);
  console.log("records ok");

  const ids = async (filter) =>
    (await index.query({ vector: [1, 0, 0, 0], topK: 10, filter })).matches.map((m) => m.id);
  assert.deepEqual(await ids({ document: { $in: ["d2"] } }), ["b", "c"]);
  assert.deepEqual(await ids({ page: { $gte: 3 } }), ["a", "c"]);
  assert.deepEqual(await ids({ tags: "y" }), ["a"]);
  assert.deepEqual(await ids({ $or: [{ page: 2 }, { tags: { $exists: true } }] }), ["a", "b"]);
  await assert.rejects(ids({ page: { $near: 3 } }));
  console.log("filters ok");

  await index.deleteMany({ filter: { document: { $eq: "d2" } } });
  assert.deepEqual(await ids({ page: { $exists: true } }), ["a"]);
  assert.equal((await client.index({ host: url }).namespace("two")
    .query({ vector: [1, 0, 0, 0], topK: 1 })).matches.length, 0);
  await assert.rejects(index.upsert({ records: [{ id: "z", values: [0, 0, 0, 0] }] }));
  await assert.rejects(index.upsert({ records: [{ id: "z", values: [1, 0] }] }));
  await index.deleteAll();
  assert.deepEqual(await ids({ page: { $exists: true } }), []);
  console.log("deletion ok");

  const stranger = new Pinecone({ apiKey: "other", controllerHostUrl: url });
  await assert.rejects(stranger.describeIndex(name));
  console.log("strangers ok");
})().catch((error) => { console.error(error); process.exit(1); });
