// A real Chroma: node server.cjs PORT FOLDER
const [port, folder] = process.argv.slice(2);
require("chromadb-js-bindings-linux-x64-gnu").cli(
  ["chroma", "run", "--path", folder + "/data", "--host", "127.0.0.1", "--port", port]);
