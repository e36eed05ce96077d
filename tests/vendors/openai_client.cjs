// OpenAI's own client against the simulator: node openai_client.cjs <url> <key> <group>
// What the simulator answers in each group, the test has set before.
const assert = require("node:assert");
const OpenAI = require("openai").default;

const [baseURL, apiKey, group] = process.argv.slice(2);
const connect = (options = {}) => new OpenAI({ baseURL, apiKey, maxRetries: 0, ...options });
const client = connect();
const ask = { model: "gpt-5-mini", messages: [{ role: "user", content: "Hello" }] };
const tool = (name) => ({ type: "function", function: { name, description: "It", parameters: { type: "object", properties: {} } } });

async function refused(promise, kind, code) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error instanceof kind, `${kind.name} was expected, not ${error}`);
  if (code) assert.strictEqual(error.code, code);
}

const create = (request, from = client) => from.chat.completions.create(request);

const groups = {
  async strangers() {
    const { AuthenticationError, BadRequestError, NotFoundError } = OpenAI;
    await refused(create(ask, connect({ apiKey: "guess" })), AuthenticationError, "invalid_api_key");
    await refused(create({ ...ask, model: "gpt-9" }), NotFoundError, "model_not_found");
    await refused(create({ ...ask, model: "gpt-5", max_tokens: 9 }), BadRequestError, "unsupported_parameter");
    const result = { role: "tool", tool_call_id: "call_1", content: "{}" };
    await refused(create({ ...ask, messages: [...ask.messages, result] }), BadRequestError);
  },
  async models() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.includes("gpt-5-mini"));
    assert.strictEqual((await client.models.retrieve("gpt-5-mini")).object, "model");
  },
  async whole() {
    const completion = await create(ask);
    assert.strictEqual(completion.choices[0].message.content, "Good morning.");
    assert.strictEqual(completion.choices[0].finish_reason, "stop");
    assert.ok(completion.usage.total_tokens > 0);
    assert.ok(completion._request_id);
    assert.strictEqual((await create(ask)).choices[0].finish_reason, "content_filter");
    assert.strictEqual((await create(ask)).choices[0].finish_reason, "length");
  },
  async streamed() {
    const tools = [tool("find_slots"), tool("find_appointments")];
    const stream = client.chat.completions.stream({ ...ask, tools, stream_options: { include_usage: true } });
    let text = "";
    stream.on("content", (piece) => (text += piece));
    const completion = await stream.finalChatCompletion();
    assert.strictEqual(text, "Für Sie 5 € 😀.");
    assert.ok(completion.usage.completion_tokens > 0);
    const { message, finish_reason } = completion.choices[0];
    assert.strictEqual(finish_reason, "tool_calls");
    const [slots, appointments] = message.tool_calls;
    assert.deepStrictEqual(JSON.parse(slots.function.arguments), { service: "svc_grün", limit: 2 });
    assert.strictEqual(appointments.function.name, "find_appointments");
    const results = [slots, appointments].map(({ id }) => ({ role: "tool", tool_call_id: id, content: "{}" }));
    const { role, content, tool_calls } = message;
    const before = [...ask.messages, { role, content, tool_calls: tool_calls.map(({ id, type, function: f }) => ({ id, type, function: { name: f.name, arguments: f.arguments || "{}" } })) }];
    await refused(create({ ...ask, tools, messages: [...before, results[0]] }), OpenAI.BadRequestError);
    const done = await create({ ...ask, tools, messages: [...before, ...results] });
    assert.strictEqual(done.choices[0].message.content, "Done.");
  },
  async broken() {
    const read = async () => {
      let text = "";
      for await (const chunk of await create({ ...ask, stream: true })) text += chunk.choices[0]?.delta?.content ?? "";
      return text;
    };
    assert.ok(await read().then(() => null, (reason) => reason), "a cut stream is no completion");
    const error = await read().then(() => null, (reason) => reason);
    assert.ok(error instanceof OpenAI.APIError, String(error));
  },
  async embedded() {
    const model = "text-embedding-3-small";
    // The client asks for base64 by itself, unless told otherwise.
    const input = ["Where can I park my car?", "parking for a vehicle", "does it hurt"];
    const { data, usage } = await client.embeddings.create({ model, input });
    assert.deepStrictEqual(data.map(({ index, embedding }) => [index, embedding.length]), [[0, 1536], [1, 1536], [2, 1536]]);
    assert.ok(usage.total_tokens > 0);
    const near = (a, b) => a.embedding.reduce((sum, value, i) => sum + value * b.embedding[i], 0);
    assert.ok(Math.abs(near(data[0], data[0]) - 1) < 1e-3, "vectors have the length one");
    assert.ok(near(data[0], data[1]) > near(data[0], data[2]) + 0.3, "what means the same is near");
    const floats = await client.embeddings.create({ model, input: input[1], encoding_format: "float" });
    floats.data[0].embedding.forEach((value, i) => assert.ok(Math.abs(value - data[1].embedding[i]) < 1e-6));
    const short = await client.embeddings.create({ model, input: input[1], dimensions: 256 });
    assert.strictEqual(short.data[0].embedding.length, 256);
    await refused(client.embeddings.create({ model, input: "" }), OpenAI.BadRequestError);
    await refused(client.embeddings.create({ model: "text-embedding-9", input }), OpenAI.NotFoundError);
    await refused(connect({ apiKey: "guess" }).embeddings.create({ model, input }), OpenAI.AuthenticationError);
  },
  async retried() {
    assert.strictEqual((await create(ask, connect({ maxRetries: 1 }))).choices[0].message.content, "Here.");
  },
};

groups[group]().then(() => console.log(`${group} ok`), (error) => {
  console.error(error);
  process.exit(1);
});
