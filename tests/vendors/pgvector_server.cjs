// PostgreSQL with pgvector, both real, compiled to WebAssembly: node pgvector_server.cjs PORT FOLDER
// It has one session, and computes without looking at its sockets. So it runs on a thread of its own,
// and this one lets one connection through; another one hears at once that there are too many, as
// from any busy PostgreSQL.
const fs = require("node:fs");
const net = require("node:net");
const { Worker, isMainThread, parentPort, workerData } = require("node:worker_threads");

async function serveDatabase(folder) {
  const { PGlite } = require("@electric-sql/pglite");
  const { vector } = require("@electric-sql/pglite-pgvector");
  const { PGLiteSocketServer } = require("@electric-sql/pglite-socket");
  const db = await PGlite.create({ dataDir: folder + "/data", extensions: { vector } });
  const path = folder + "/session";
  fs.rmSync(path, { force: true });  // of one that was killed
  const server = new PGLiteSocketServer({ db, path, maxConnections: 10 });
  await server.start();
  // A new connection expects a session that remembers nothing.
  parentPort.on("message", async () => {
    await db.exec("ROLLBACK");
    await db.exec("DISCARD ALL");
    parentPort.postMessage(path);
  });
  parentPort.postMessage("ready");
}

function tooManyConnections() {
  const fields = Buffer.from("SFATAL\0C53300\0Msorry, too many clients already\0\0");
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(4 + fields.length, 1);
  return Buffer.concat([head, fields]);
}

function letThrough(port, database) {
  let session = null;
  const server = net.createServer((client) => {
    client.on("error", () => {});
    client.once("data", (first) => {
      if (session) return client.end(tooManyConnections());
      session = client;
      client.pause();
      database.once("message", (path) => {
        if (client.destroyed) {  // it did not wait
          session = null;
          return;
        }
        const inside = net.connect(path);
        client.once("close", () => {
          session = null;
          inside.destroy();
        });
        inside.on("error", () => client.destroy());
        inside.write(first);
        client.pipe(inside).pipe(client);
      });
      database.postMessage("forget");
    });
  });
  server.listen(port, "127.0.0.1");
}

if (isMainThread) {
  const [port, folder] = process.argv.slice(2);
  const database = new Worker(__filename, { workerData: folder });
  database.once("message", () => letThrough(Number(port), database));
} else {
  serveDatabase(workerData);
}
