// Deepgram's own client against the simulator: node deepgram_client.cjs <url> <key> <group>
// What the simulator hears and what goes wrong in each group, the test has set before.
const assert = require("node:assert");
const { Deepgram, DeepgramClient, DeepgramError } = require("@deepgram/sdk");

const [url, apiKey, group] = process.argv.slice(2);
const environment = { base: url, production: url.replace("http", "ws") };
const connect = (key = apiKey) => new DeepgramClient({ apiKey: key, environment, maxRetries: 0 });
const client = connect();
const telephone = { model: "nova-3", encoding: "mulaw", sample_rate: 8000, channels: 1, interim_results: "true", reconnectAttempts: 0 };
const aura = { text: "Good morning.", model: "aura-2-thalia-en", encoding: "mulaw", sample_rate: 8000, container: "none" };
const loud = Buffer.alloc(160).map((_, i) => (i % 2 ? 0x80 : 0x00)); // 20 ms of mu-law

async function refused(promise, kind, code) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error instanceof kind, `${kind.name} was expected, not ${error}`);
  assert.strictEqual(error.body.err_code, code);
  return error;
}

/** A socket that is open, with what came over it, and what it waits for. */
async function opened(creating, refusals = 0) {
  const socket = await creating;
  const seen = { socket, messages: [], audio: 0, errors: [] };
  let look = () => {};
  socket.on("message", (message) => {
    if (message instanceof Blob) seen.audio += message.size;
    else seen.messages.push(message);
    look();
  });
  const open = new Promise((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", (error) => seen.errors.push(error) > refusals && reject(error));
  });
  socket.on("close", (event) => ((seen.closed = event), look()));
  seen.until = (found) =>
    new Promise((resolve) => {
      look = () => found(seen) && resolve(seen);
      look();
    });
  seen.message = (found) => seen.until(() => seen.messages.find(found)).then(() => seen.messages.find(found));
  socket.connect();
  await open;
  return seen;
}
const listening = (options = {}, refusals = 0) => opened(client.listen.v1.createConnection({ ...telephone, ...options }), refusals);
const speaking = () => opened(client.speak.v1.createConnection({ model: aura.model, encoding: "linear16", sample_rate: 16000, reconnectAttempts: 0 }));
const speak = (call, milliseconds) => {
  for (let i = 0; i < milliseconds / 20; ++i) call.socket.sendMedia(loud);
};
const text = (result) => result.channel.alternatives[0].transcript;
const bytes = async (request = {}, from = client) => (await (await from.speak.v1.audio.generate({ ...aura, ...request })).arrayBuffer()).byteLength;

const groups = {
  async strangers() {
    const stranger = connect("guess");
    await refused(stranger.speak.v1.audio.generate(aura), DeepgramError, "INVALID_AUTH");
    const socket = await stranger.listen.v1.createConnection(telephone);
    const error = new Promise((resolve) => socket.on("error", resolve));
    socket.connect();
    assert.match((await error).message, /401/);
  },
  async projects() {
    const { projects } = await client.manage.v1.projects.list();
    assert.ok(projects[0].project_id);
  },
  async heard() {
    const call = await listening();
    speak(call, 1500);
    call.socket.sendKeepAlive({ type: "KeepAlive" });
    const interim = await call.message((one) => one.type === "Results" && text(one));
    assert.strictEqual(interim.is_final, false);
    assert.ok("i would like to book".startsWith(text(interim)), text(interim));
    call.socket.sendFinalize({ type: "Finalize" });
    const final = await call.message((one) => one.from_finalize);
    assert.strictEqual(text(final), "i would like to book");
    assert.ok(final.is_final && final.speech_final);
    const { words, languages } = final.channel.alternatives[0];
    assert.deepStrictEqual(words.map((one) => one.word), ["i", "would", "like", "to", "book"]);
    for (const word of words) assert.ok(word.start < word.end && word.end <= final.start + final.duration + 1e-6);
    assert.deepStrictEqual(languages, ["en"]);
    assert.strictEqual(final.metadata.model_info.name, "nova-3");
    speak(call, 600);
    call.socket.sendCloseStream({ type: "CloseStream" });
    await call.until(() => call.closed);
    assert.ok(call.messages.some((one) => one.is_final && text(one) === "tomorrow at ten"));
    const last = call.messages.at(-1);
    assert.strictEqual(last.type, "Metadata");
    assert.ok(Math.abs(last.duration - 2.1) < 0.001, `heard ${last.duration} s`);
    assert.strictEqual(call.closed.code, 1000);
  },
  async spoken() {
    const short = await bytes();
    assert.ok(short > 2000, `${short} bytes`);
    assert.strictEqual(await bytes({ encoding: "linear16" }), 2 * short);
    assert.strictEqual(await bytes({ encoding: "linear16", container: "wav" }), 2 * short + 44);
    const wav = Buffer.from(await (await client.speak.v1.audio.generate({ ...aura, encoding: "linear16", container: "wav" })).arrayBuffer());
    assert.deepStrictEqual([wav.toString("latin1", 0, 4), wav.toString("latin1", 8, 12), wav.readUInt32LE(24)], ["RIFF", "WAVE", 8000]);
    await refused(client.speak.v1.audio.generate({ ...aura, encoding: "mp3", container: undefined }), Deepgram.BadRequestError, "UNSUPPORTED_AUDIO_FORMAT");
    const long = await refused(client.speak.v1.audio.generate({ ...aura, text: "x".repeat(2001) }), DeepgramError, "TEXT_TOO_LONG");
    assert.strictEqual(long.statusCode, 413);
  },
  async conversed() {
    const call = await speaking();
    const about = await call.message((one) => one.type === "Metadata");
    assert.strictEqual(about.model_name, aura.model);
    call.socket.sendText({ type: "Speak", text: "Good morning." });
    call.socket.sendFlush({ type: "Flush" });
    const flushed = await call.message((one) => one.type === "Flushed");
    assert.strictEqual(typeof flushed.sequence_id, "number");
    assert.strictEqual(call.audio, 4 * (await bytes()));
    call.socket.sendText({ type: "Speak", text: "You will not hear this." });
    call.socket.sendFlush({ type: "Flush" });
    call.socket.sendClear({ type: "Clear" });
    const before = call.audio;
    await call.message((one) => one.type === "Cleared");
    assert.strictEqual(call.audio, before);
    call.socket.sendClose({ type: "Close" });
    await call.until(() => call.closed);
    assert.strictEqual(call.closed.code, 1000);
  },
  async iterated() {
    const socket = await client.listen.v1.createConnection(telephone);
    socket.connect();
    await socket.waitForOpen();
    for (let i = 0; i < 75; ++i) socket.sendMedia(loud);
    socket.sendCloseStream({ type: "CloseStream" });
    const types = [];
    for await (const message of socket) types.push(message.type);
    assert.ok(types.includes("Results"));
    assert.strictEqual(types.at(-1), "Metadata");
  },
  // A handshake that fails once: the client comes again when it is told so.
  async returned() {
    const call = await listening({ reconnectAttempts: 1, shouldReconnect: () => true }, 1);
    speak(call, 100);
    call.socket.sendCloseStream({ type: "CloseStream" });
    await call.message((one) => one.type === "Metadata");
    await call.until(() => call.closed);
  },
  async retried() {
    const patient = new DeepgramClient({ apiKey, environment, maxRetries: 1 });
    assert.ok((await bytes({}, patient)) > 2000);
  },
  async broke() {
    await refused(client.speak.v1.audio.generate(aura), DeepgramError, "ASR_PAYMENT_REQUIRED");
  },
  async closed() {
    const call = await listening();
    speak(call, 1500);
    await call.until(() => call.closed);
    assert.strictEqual(call.closed.code, 1011);
    assert.strictEqual(call.messages.length, 1);
  },
  async broken() {
    const call = await listening();
    speak(call, 1500);
    await call.until(() => call.closed);
    assert.strictEqual(call.closed.code, 1006);
  },
  async half() {
    assert.ok(await bytes().then(() => null, (reason) => reason), "half an answer is none");
  },
};

groups[group]().then(
  () => {
    console.log(`${group} ok`);
    process.exit(0);
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
