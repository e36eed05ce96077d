// PostgreSQL with pgvector, both real, compiled to WebAssembly: node pgvector_server.cjs PORT FOLDER
// One connection at a time.
const { PGlite } = require("@electric-sql/pglite");
const { vector } = require("@electric-sql/pglite-pgvector");
const { PGLiteSocketServer } = require("@electric-sql/pglite-socket");
const [port, folder] = process.argv.slice(2);
(async () => {
  const db = await PGlite.create({ dataDir: folder + "/data", extensions: { vector } });
  const server = new PGLiteSocketServer({ db, port: Number(port), host: "127.0.0.1" });
  await server.start();
})();
