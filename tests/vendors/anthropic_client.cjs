// Anthropic's own client against the simulator: node anthropic_client.cjs <url> <key> <group>
// What the simulator answers in each group, the test has set before.
const assert = require("node:assert");
const Anthropic = require("@anthropic-ai/sdk").default;

const [baseURL, apiKey, group] = process.argv.slice(2);
const connect = (options = {}) => new Anthropic({ baseURL, apiKey, maxRetries: 0, ...options });
const client = connect();
const ask = { model: "claude-haiku-5-5", max_tokens: 400, messages: [{ role: "user", content: "Hello" }] };
const tool = (name) => ({ name, description: "It", input_schema: { type: "object", properties: {} } });

async function refused(promise, kind, type) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error instanceof kind, `${kind.name} was expected, not ${error}`);
  if (type) assert.strictEqual(error.error.error.type, type);
  return error;
}

const groups = {
  async strangers() {
    const { AuthenticationError, BadRequestError, NotFoundError } = Anthropic;
    await refused(connect({ apiKey: "guess" }).messages.create(ask), AuthenticationError, "authentication_error");
    await refused(client.messages.create({ ...ask, model: "claude-9" }), NotFoundError, "not_found_error");
    await refused(client.messages.create({ ...ask, temperature: 0.5 }), BadRequestError, "invalid_request_error");
    await refused(client.messages.create({ ...ask, messages: [...ask.messages, { role: "assistant", content: "I" }] }), BadRequestError);
    const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "{}" }] };
    await refused(client.messages.create({ ...ask, messages: [...ask.messages, { role: "assistant", content: "I" }, result] }), BadRequestError);
    // What the older version still takes.
    const older = { headers: { "anthropic-version": "2023-06-01" } };
    assert.strictEqual((await client.messages.create({ ...ask, temperature: 0.5 }, older)).content[0].text, "Warm.");
  },
  async models() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    assert.ok(names.includes("claude-haiku-5-5"));
    assert.strictEqual((await client.models.retrieve("claude-haiku-5-5")).type, "model");
    const counted = await client.messages.countTokens({ model: ask.model, messages: ask.messages });
    assert.ok(counted.input_tokens > 0);
  },
  async whole() {
    const message = await client.messages.create(ask);
    assert.strictEqual(message.content[0].text, "Good morning.");
    assert.strictEqual(message.stop_reason, "end_turn");
    assert.ok(message.usage.output_tokens > 0);
    assert.ok(message._request_id);
    assert.strictEqual((await client.messages.create(ask)).stop_reason, "refusal");
    assert.strictEqual((await client.messages.create(ask)).stop_reason, "max_tokens");
  },
  async streamed() {
    const tools = [tool("find_slots"), tool("find_appointments")];
    const stream = client.messages.stream({ ...ask, tools });
    let text = "";
    stream.on("text", (piece) => (text += piece));
    const message = await stream.finalMessage();
    assert.strictEqual(text, "Für Sie 5 € 😀.");
    assert.strictEqual(message.stop_reason, "tool_use");
    const [words, slots, appointments] = message.content;
    assert.strictEqual(words.text, text);
    assert.deepStrictEqual([slots.name, slots.input], ["find_slots", { service: "svc_grün", limit: 2 }]);
    assert.deepStrictEqual([appointments.name, appointments.input], ["find_appointments", {}]);
    const results = [slots, appointments].map(({ id }) => ({ type: "tool_result", tool_use_id: id, content: "{}" }));
    const messages = [...ask.messages, { role: "assistant", content: message.content }, { role: "user", content: results }];
    await refused(client.messages.create({ ...ask, tools, messages: messages.slice(0, 2).concat({ role: "user", content: results.slice(1) }) }), Anthropic.BadRequestError);
    assert.strictEqual((await client.messages.create({ ...ask, tools, messages })).content[0].text, "Done.");
  },
  async broken() {
    const cut = client.messages.stream(ask);
    cut.on("error", () => {});
    assert.ok(await cut.finalMessage().then(() => null, (reason) => reason), "a cut stream is no message");
    const overloaded = client.messages.stream(ask);
    overloaded.on("error", () => {});
    const error = await overloaded.finalMessage().then(() => null, (reason) => reason);
    assert.ok(error instanceof Anthropic.APIError, String(error));
    assert.match(JSON.stringify(error.error), /overloaded_error/);
  },
  async retried() {
    assert.strictEqual((await connect({ maxRetries: 1 }).messages.create(ask)).content[0].text, "Here.");
  },
};

groups[group]().then(() => console.log(`${group} ok`), (error) => {
  console.error(error);
  process.exit(1);
});
