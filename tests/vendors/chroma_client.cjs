// Chroma's own client looks at what Parley wrote: node chroma_client.cjs PORT DATABASE BUSINESS
const assert = require("node:assert");
const { ChromaClient } = require("chromadb");
const [port, database, business] = process.argv.slice(2);

(async () => {
  const client = new ChromaClient({ host: "127.0.0.1", port: Number(port), database });
  const all = await client.listCollections();
  const [ours] = all.filter((one) => one.metadata?.business === business);
  assert.ok(ours, "no collection of the business");
  assert.equal(ours.metadata.organization, "org_1");
  assert.equal(await ours.count(), 2);
  const got = await ours.get({ ids: ["chunk_a"] });
  assert.deepEqual(got.metadatas, [{ document: "doc_1" }]);
  console.log("seen by its own client");
})().catch((error) => { console.error(error); process.exit(1); });
