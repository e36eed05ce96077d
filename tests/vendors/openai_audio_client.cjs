// OpenAI's own client against the simulator's audio: node openai_audio_client.cjs <url> <key> <group>
// What the simulator hears and what goes wrong in each group, the test has set before.
const assert = require("node:assert");
const OpenAI = require("openai").default;
const { toFile } = require("openai");
const { Stream } = require("openai/core/streaming");

const [baseURL, apiKey, group] = process.argv.slice(2);
const connect = (options = {}) => new OpenAI({ baseURL, apiKey, maxRetries: 0, ...options });
const client = connect();
const said = { model: "gpt-4o-mini-tts", voice: "alloy", input: "Good morning.", response_format: "pcm" };

/** Half a second of a caller, 16 kHz; silence with 0. */
function wav(loudness = 9000) {
  const file = Buffer.alloc(44 + 16000);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + 16000, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // mono
  file.writeUInt32LE(16000, 24);
  file.writeUInt32LE(32000, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36);
  file.writeUInt32LE(16000, 40);
  for (let i = 0; i < 8000; ++i) file.writeInt16LE(i % 20 < 10 ? loudness : -loudness, 44 + 2 * i);
  return toFile(file, "caller.wav", { type: "audio/wav" });
}

async function refused(promise, kind, code) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error instanceof kind, `${kind.name} was expected, not ${error}`);
  if (code) assert.strictEqual(error.code, code);
  return error;
}
const transcribe = async (request = {}, from = client) =>
  from.audio.transcriptions.create({ model: "gpt-4o-mini-transcribe", file: await wav(), ...request });
const speak = (request = {}, from = client) => from.audio.speech.create({ ...said, ...request });
const size = async (speaking) => (await (await speaking).arrayBuffer()).byteLength;

const groups = {
  async strangers() {
    const { AuthenticationError, BadRequestError, NotFoundError } = OpenAI;
    const stranger = connect({ apiKey: "guess" });
    await refused(transcribe({}, stranger), AuthenticationError, "invalid_api_key");
    await refused(speak({}, stranger), AuthenticationError, "invalid_api_key");
    await refused(transcribe({ model: "whisper-9" }), NotFoundError, "model_not_found");
    await refused(transcribe({ file: await toFile(Buffer.from("no sound"), "caller.wav") }), BadRequestError, "invalid_file_format");
    await refused(speak({ model: "tts-9" }), NotFoundError, "model_not_found");
    await refused(speak({ response_format: undefined }), BadRequestError, "invalid_value");
    await refused(speak({ input: "x".repeat(4097) }), BadRequestError, "string_above_max_length");
    const error = await refused(speak({ speed: 5 }), BadRequestError, "invalid_value");
    assert.strictEqual(error.param, "speed");
  },
  async models() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.id);
    for (const name of ["whisper-1", "gpt-4o-mini-transcribe", "gpt-4o-mini-tts"]) assert.ok(names.includes(name), name);
    assert.strictEqual((await client.models.retrieve("whisper-1")).object, "model");
  },
  async heard() {
    assert.strictEqual((await transcribe({ prompt: "Miller Dental", language: "en" })).text, "i would like to book");
    assert.strictEqual(await transcribe({ response_format: "text" }), "tomorrow at ten\n");
    assert.strictEqual((await transcribe({ file: await wav(0) })).text, "", "silence");
    const verbose = await transcribe({ model: "whisper-1", response_format: "verbose_json" });
    assert.strictEqual(verbose.text, "i would like to book");
    assert.strictEqual(verbose.duration, 0.5);
  },
  async streamed() {
    const deltas = [];
    let done;
    for await (const event of await transcribe({ stream: true })) {
      if (event.type === "transcript.text.delta") deltas.push(event.delta);
      else (done = event), assert.strictEqual(event.type, "transcript.text.done");
    }
    assert.deepStrictEqual(deltas, ["f\u00fcr", " zehn", " \u20ac"]);
    assert.strictEqual(done.text, deltas.join(""));
  },
  async spoken() {
    const bytes = await size(speak());
    assert.ok(bytes > 20_000, `${bytes} bytes`);
    const file = Buffer.from(await (await speak({ response_format: "wav" })).arrayBuffer());
    assert.strictEqual(file.length, bytes + 44);
    assert.deepStrictEqual([file.toString("latin1", 0, 4), file.readUInt32LE(24)], ["RIFF", 24_000]);
    assert.ok((await size(speak({ speed: 4 }))) < bytes / 2);
    let pieces = 0;
    let streamed = 0;
    for await (const piece of (await speak()).body) (streamed += piece.length), ++pieces;
    assert.strictEqual(streamed, bytes);
    assert.ok(pieces > 1, "it comes as it is made");
  },
  async spoken_in_events() {
    const response = await speak({ stream_format: "sse" });
    let bytes = 0;
    let last;
    for await (const event of Stream.fromSSEResponse(response, new AbortController())) {
      last = event.type;
      if (event.type === "speech.audio.delta") bytes += Buffer.from(event.audio, "base64").length;
    }
    assert.strictEqual(last, "speech.audio.done");
    assert.strictEqual(bytes, await size(speak()));
  },
  async retried() {
    const patient = connect({ maxRetries: 1 });
    assert.strictEqual((await transcribe({}, patient)).text, "i would like to book");
  },
  async retried_speech() {
    assert.ok((await size(speak({}, connect({ maxRetries: 1 })))) > 20_000);
  },
  async broke() {
    const error = await refused(transcribe(), OpenAI.APIError, "insufficient_quota");
    assert.strictEqual(error.status, 402);
  },
  async half() {
    assert.ok(await size(speak()).then(() => null, (reason) => reason), "half an answer is none");
    const read = async () => {
      for await (const event of await transcribe({ stream: true })) if (event.type === "transcript.text.done") return event;
    };
    assert.ok(await read().then(() => null, (reason) => reason), "nor is half a stream");
    assert.ok(await transcribe().then(() => null, (reason) => reason));
  },
};

groups[group]().then(
  () => console.log(`${group} ok`),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
