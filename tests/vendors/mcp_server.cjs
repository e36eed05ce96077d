// A real MCP server by the protocol's own SDK, for the client in modules/owntools.
// node mcp_server.cjs <port> <whsec secret>: /json answers as JSON, /sse as an event stream; requests
// without a good signature get 401; POST /forget drops every session, POST /stop ends.
const http = require("node:http");
const { randomUUID } = require("node:crypto");
const { Server } = require("@modelcontextprotocol/sdk/server/index.js");
const {
  StreamableHTTPServerTransport,
} = require("@modelcontextprotocol/sdk/server/streamableHttp.js");
const {
  CallToolRequestSchema,
  ListToolsRequestSchema,
} = require("@modelcontextprotocol/sdk/types.js");
const { Webhook } = require("standardwebhooks");

const [port, secret] = process.argv.slice(2);
const sessions = new Map();

function makeServer() {
  const server = new Server(
    { name: "weather", version: "1.0.0" },
    { capabilities: { tools: {} } },
  );
  server.setRequestHandler(ListToolsRequestSchema, async () => ({
    tools: [
      {
        name: "get_weather",
        description: "The weather of a place.",
        inputSchema: {
          type: "object",
          properties: { place: { type: "string" } },
          required: ["place"],
        },
        annotations: { readOnlyHint: true },
      },
      { name: "fail", description: "Fails.", inputSchema: { type: "object" } },
    ],
  }));
  server.setRequestHandler(CallToolRequestSchema, async (request) => {
    if (request.params.name === "fail")
      return { content: [{ type: "text", text: "it broke" }], isError: true };
    return {
      content: [{ type: "text", text: `sunny in ${request.params.arguments.place}` }],
    };
  });
  return server;
}

async function handle(request, response) {
  let text = "";
  for await (const piece of request) text += piece;
  if (request.url === "/stop") {
    response.end();
    setImmediate(() => process.exit(0));
    return;
  }
  if (request.url === "/forget") {
    sessions.clear();
    response.end();
    return;
  }
  try {
    new Webhook(secret).verify(text, request.headers);
  } catch {
    response.writeHead(401).end();
    return;
  }
  const id = request.headers["mcp-session-id"];
  let transport = id && sessions.get(id);
  if (id && !transport) {
    response.writeHead(404).end();
    return;
  }
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      enableJsonResponse: request.url === "/json",
      onsessioninitialized: (made) => sessions.set(made, transport),
    });
    await makeServer().connect(transport);
  }
  await transport.handleRequest(request, response, JSON.parse(text));
}

http
  .createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      response.writeHead(500).end();
    });
  })
  .listen(Number(port), "127.0.0.1");
