// ElevenLabs's own client against the simulator: node elevenlabs_client.cjs <url> <key> <group>
// What the simulator hears and what goes wrong in each group, the test has set before. Of speech
// over a socket the client has the messages alone, written and checked by its serializers; they go
// over the socket library it uses itself.
const assert = require("node:assert");
const { ElevenLabsClient, ElevenLabsError, ElevenLabs, RealtimeEvents, AudioFormat } = require("@elevenlabs/elevenlabs-js");
const serialization = require("@elevenlabs/elevenlabs-js/serialization");
const { WebSocket } = require("ws");

const [baseUrl, apiKey, group] = process.argv.slice(2);
const connect = (options = {}) => new ElevenLabsClient({ baseUrl, apiKey, maxRetries: 0, ...options });
const client = connect();
const voice = "21m00Tcm4TlvDq8ikWAM";
const words = { text: "Good morning.", modelId: "eleven_flash_v2_5", outputFormat: "ulaw_8000" };
const loud = Buffer.alloc(800).map((_, i) => (i % 2 ? 0x80 : 0x00)).toString("base64"); // 100 ms of mu-law

async function refused(promise, kind, statusCode, status) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error instanceof kind, `${kind.name} was expected, not ${error}`);
  assert.strictEqual(error.statusCode, statusCode);
  if (status) assert.strictEqual(error.body.detail.status, status);
}

async function size(stream) {
  let bytes = 0;
  for await (const piece of stream) bytes += piece.length;
  return bytes;
}
const streamed = async (request = {}, from = client) => size(await from.textToSpeech.stream(voice, { ...words, ...request }));

/** A session of recognition with what came; `until` waits for what the client tells of. */
async function listening(options = {}, from = client) {
  const session = await from.speechToText.realtime.connect({ modelId: "scribe_v2_realtime", audioFormat: AudioFormat.ULAW_8000, sampleRate: 8000, ...options });
  const seen = {};
  const waiting = [];
  for (const event of Object.values(RealtimeEvents))
    session.on(event, (data) => {
      (seen[event] ??= []).push(data);
      for (const one of waiting) one();
    });
  const until = (event, times = 1) =>
    new Promise((resolve) => {
      const look = () => seen[event]?.length >= times && resolve(seen[event][times - 1]);
      waiting.push(look);
      look();
    });
  return { session, seen, until };
}
const speak = (session, tenths) => {
  for (let i = 0; i < tenths; ++i) session.send({ audioBase64: loud });
};

/** A socket of speech: text goes in as the client writes it, what comes is read as it reads it. */
async function speaking(query = "output_format=ulaw_8000", by = voice) {
  const address = `${baseUrl.replace("http", "ws")}/v1/text-to-speech/${by}/stream-input?model_id=eleven_flash_v2_5&${query}`;
  const socket = new WebSocket(address, { headers: { "xi-api-key": apiKey } });
  const call = { audio: 0, pieces: 0, ended: false };
  const strictly = { unrecognizedObjectKeys: "fail" };
  const loosely = { unrecognizedObjectKeys: "passthrough" };
  call.done = new Promise((resolve, reject) => {
    socket.on("message", (data) => {
      const message = JSON.parse(data);
      if (message.error) call.error = message;
      else if (message.isFinal) call.ended = serialization.FinalOutput.parseOrThrow(message, loosely).isFinal;
      else {
        call.audio += Buffer.from(serialization.AudioOutput.parseOrThrow(message, strictly).audio, "base64").length;
        ++call.pieces;
      }
    });
    socket.on("close", (code) => resolve(code));
    socket.on("error", reject);
  });
  call.done.catch(() => {});
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  call.say = (kind, message) => socket.send(JSON.stringify(serialization[kind].jsonOrThrow(message)));
  return call;
}

const groups = {
  async strangers() {
    const stranger = connect({ apiKey: "guess" });
    await refused(stranger.voices.getAll(), ElevenLabsError, 401, "invalid_api_key");
    await refused(stranger.textToSpeech.stream(voice, words), ElevenLabsError, 401, "invalid_api_key");
    const { until } = await listening({}, stranger);
    assert.match((await until(RealtimeEvents.ERROR)).message, /401/);
  },
  async models() {
    const { voices } = await client.voices.getAll();
    assert.ok(voices.some((one) => one.voiceId === voice));
    const models = await client.models.list();
    assert.ok(models.some((one) => one.modelId === "eleven_flash_v2_5" && one.canDoTextToSpeech));
  },
  async heard() {
    const { session, seen, until } = await listening({ includeTimestamps: true });
    const started = await until(RealtimeEvents.SESSION_STARTED);
    assert.strictEqual(started.config.sample_rate, 8000);
    speak(session, 15);
    const partial = await until(RealtimeEvents.PARTIAL_TRANSCRIPT);
    assert.ok("i would like to book".startsWith(partial.text), partial.text);
    session.commit();
    assert.strictEqual((await until(RealtimeEvents.COMMITTED_TRANSCRIPT)).text, "i would like to book");
    const timed = await until(RealtimeEvents.COMMITTED_TRANSCRIPT_WITH_TIMESTAMPS);
    assert.strictEqual(timed.language_code, "en");
    assert.deepStrictEqual(timed.words.map((one) => one.text), ["i", "would", "like", "to", "book"]);
    session.send({ audioBase64: loud });
    session.commit();
    await until(RealtimeEvents.COMMIT_THROTTLED);
    speak(session, 8);
    session.commit();
    assert.ok(await until(RealtimeEvents.COMMITTED_TRANSCRIPT, 2));
    assert.strictEqual(seen[RealtimeEvents.ERROR].length, 1, "that it was throttled, and nothing else");
    session.close();
    await until(RealtimeEvents.CLOSE);
  },
  async misheard() {
    const { session, until } = await listening();
    await until(RealtimeEvents.OPEN);
    session.send({ audioBase64: "no base64!" });
    await until(RealtimeEvents.INPUT_ERROR);
    await until(RealtimeEvents.CLOSE);
  },
  async spoken() {
    const bytes = await streamed();
    assert.ok(bytes > 2000, `${bytes} bytes`);
    assert.strictEqual(await streamed({ outputFormat: "pcm_8000" }), 2 * bytes);
    assert.strictEqual(await size(await client.textToSpeech.convert(voice, words)), bytes);
    assert.ok((await streamed({ voiceSettings: { speed: 1.2 } })) < bytes);
    await refused(client.textToSpeech.stream(voice, { ...words, voiceSettings: { speed: 4 } }), ElevenLabsError, 400, "invalid_voice_settings");
    await refused(client.textToSpeech.stream("nobody", words), ElevenLabsError, 404, "voice_not_found");
    await refused(client.textToSpeech.stream(voice, { ...words, text: "" }), ElevenLabs.UnprocessableEntityError, 422);
    await refused(client.textToSpeech.stream(voice, { ...words, text: "x".repeat(40_001) }), ElevenLabsError, 400, "max_character_limit_exceeded");
  },
  async conversed() {
    const whole = await streamed();
    const call = await speaking();
    call.say("InitializeConnection", { text: " ", voiceSettings: { stability: 0.5 }, generationConfig: { chunkLengthSchedule: [120, 160] } });
    call.say("SendText", { text: "Good ", tryTriggerGeneration: false });
    call.say("SendText", { text: "morning. ", flush: true });
    call.say("CloseConnection", { text: "" });
    assert.strictEqual(await call.done, 1000);
    assert.ok(call.ended && call.pieces > 1);
    assert.strictEqual(call.audio, whole);
    const nobody = await speaking("output_format=ulaw_8000", "nobody");
    assert.strictEqual(await nobody.done, 1008);
    assert.strictEqual(nobody.error.error, "voice_not_found");
  },
  async retried() {
    assert.ok((await streamed({}, connect({ maxRetries: 1 }))) > 2000);
  },
  async broke() {
    await refused(client.textToSpeech.stream(voice, words), ElevenLabsError, 402, "quota_exceeded");
  },
  async shut() {
    const { until } = await listening();
    assert.match((await until(RealtimeEvents.ERROR)).message, /429/);
    await until(RealtimeEvents.CLOSE);
  },
  async cut() {
    const { session, seen, until } = await listening();
    await until(RealtimeEvents.SESSION_STARTED);
    speak(session, 15);
    await until(RealtimeEvents.CLOSE);
    assert.ok(!seen[RealtimeEvents.COMMITTED_TRANSCRIPT]);
  },
  async cut_speech() {
    const call = await speaking();
    call.say("SendText", { text: "Good morning. ", flush: true });
    call.say("CloseConnection", { text: "" });
    assert.strictEqual(await call.done, 1006);
    assert.ok(!call.ended && call.pieces === 1);
  },
  async half() {
    assert.ok(await streamed().then(() => null, (reason) => reason), "half an answer is none");
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
