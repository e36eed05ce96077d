// Twilio's own client against the simulator: node twilio_client.cjs <url> <account sid> <token> <server>
// <server> is where Twilio calls back; GET /told there lists what came, signatures checked with the
// package's own validateRequest.
const assert = require("node:assert");
const twilio = require("twilio");

const [url, sid, token, server] = process.argv.slice(2);
const connect = (password = token, account = sid) => {
  const client = twilio(account, password);
  client.api.baseUrl = url;
  return client;
};
const client = connect();
const from = "+12125550100";

async function refused(promise, code, status) {
  const error = await promise.then(() => null, (reason) => reason);
  assert.ok(error, `${code} was expected`);
  assert.deepStrictEqual([error.code, error.status], [code, status], error.message);
  assert.strictEqual(error.moreInfo, `https://www.twilio.com/docs/errors/${code}`);
}

async function until(what, holds) {
  for (let tries = 0; tries < 400; ++tries) {
    const found = await holds();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${what} did not come`);
}

/// The callbacks of one call or message, in the order they came.
async function told(of) {
  const all = await (await fetch(`${server}/told`)).json();
  return all
    .map(({ url, form, signature }) => ({ url, form: Object.fromEntries(form), signature }))
    .filter(({ form }) => form.CallSid === of || form.MessageSid === of);
}

async function strangers() {
  await refused(connect("guess").calls.list(), 20003, 401);
  await refused(connect(token, "AC99999999999999999999999999999999").calls.list(), 20003, 401);
  await refused(client.calls("CA00000000000000000000000000000000").fetch(), 20404, 404);
  await refused(client.calls("CA00000000000000000000000000000000").update({ status: "completed" }), 20404, 404);
  const account = await client.api.accounts(sid).fetch();
  assert.strictEqual(account.status, "active");
}

async function calls() {
  await refused(client.calls.create({ to: "12", from, url: `${server}/voice` }), 21211, 400);
  await refused(client.calls.create({ to: "+15005550001", from, url: `${server}/voice` }), 21211, 400);
  await refused(client.calls.create({ to: "+13125550101", from: "+13125550102", url: `${server}/voice` }), 21210, 400);
  await refused(client.calls.create({ to: "+13125550101", from }), 21205, 400);
  const created = await client.calls.create({
    to: "+13125550101", from, url: `${server}/voice`, record: true,
    statusCallback: `${server}/status`, statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
    machineDetection: "Enable", asyncAmd: "true", asyncAmdStatusCallback: `${server}/amd`,
    recordingStatusCallback: `${server}/recording`,
  });
  assert.match(created.sid, /^CA[0-9a-f]{32}$/);
  assert.strictEqual(created.status, "queued");
  assert.strictEqual(created.direction, "outbound-api");
  assert.ok(created.dateCreated instanceof Date && Math.abs(created.dateCreated - Date.now()) < 60000);
  await until("the answer", async () => (await client.calls(created.sid).fetch()).status === "in-progress");
  await refused(client.calls(created.sid).update({ status: "canceled" }), 21220, 400);
  await until("the media", async () => (await (await fetch(`${server}/heard`)).json()).frames > 5);
  await client.calls(created.sid).update({ status: "completed" });
  const ended = await until("the end", async () => {
    const call = await client.calls(created.sid).fetch();
    return call.status === "completed" && call;
  });
  assert.ok(ended.startTime instanceof Date && ended.endTime >= ended.startTime);
  assert.strictEqual(ended.answeredBy, "human");
  await refused(client.calls(created.sid).update({ status: "completed" }), 21220, 400);

  const events = await until("the last callback", async () => {
    const all = await told(created.sid);
    return all.some(({ form }) => form.CallStatus === "completed") && all;
  });
  const statuses = events.filter((one) => one.url.endsWith("/status"));
  assert.deepStrictEqual(statuses.map(({ form }) => form.CallStatus), ["initiated", "ringing", "in-progress", "completed"]);
  assert.deepStrictEqual(statuses.map(({ form }) => form.SequenceNumber), ["0", "1", "2", "3"]);
  assert.strictEqual(statuses[3].form.CallDuration, ended.duration);
  assert.strictEqual(events.find((one) => one.url.endsWith("/amd")).form.AnsweredBy, "human");
  for (const { url, form, signature } of events) {
    assert.ok(twilio.validateRequest(token, signature, url, form), `the signature of ${url}`);
    assert.ok(!twilio.validateRequest("another", signature, url, form));
  }
  const heard = await (await fetch(`${server}/heard`)).json();
  assert.deepStrictEqual(heard.parameters, { order: "7 & 8" });
  assert.ok(twilio.validateRequest(token, heard.signature, heard.url, {}), "the stream's signature");

  const [recording] = await client.recordings.list({ callSid: created.sid });
  assert.match(recording.sid, /^RE[0-9a-f]{32}$/);
  const sound = await fetch(`${url}${recording.uri.replace(".json", ".wav")}`, {
    headers: { Authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString("base64")}` },
  });
  assert.strictEqual(Buffer.from(await sound.arrayBuffer()).subarray(0, 4).toString(), "RIFF");
  await client.recordings(recording.sid).remove();
  await refused(client.recordings(recording.sid).fetch(), 20404, 404);
}

async function otherEnds() {
  for (const [to, status] of [["+13125550111", "busy"], ["+13125550112", "no-answer"], ["+13125550113", "failed"]]) {
    const call = await client.calls.create({ to, from, twiml: "<Response><Hangup/></Response>", statusCallback: `${server}/status` });
    await until(status, async () => (await client.calls(call.sid).fetch()).status === status);
    const events = await until("its callback", async () => (await told(call.sid)).length && (await told(call.sid)));
    assert.deepStrictEqual(events.map(({ form }) => form.CallStatus), [status]);
  }
  const canceled = await client.calls.create({ to: "+13125550114", from, url: `${server}/voice` });
  await until("ringing", async () => (await client.calls(canceled.sid).fetch()).status === "ringing");
  await client.calls(canceled.sid).update({ status: "canceled" });
  await until("canceled", async () => (await client.calls(canceled.sid).fetch()).status === "canceled");
  const said = await client.calls.create({ to: "+13125550101", from, twiml: "<Response><Say>Bye</Say></Response>" });
  await until("completed", async () => (await client.calls(said.sid).fetch()).status === "completed");
  await client.calls(said.sid).remove();
  await refused(client.calls(said.sid).fetch(), 20404, 404);
}

async function redirect() {
  const call = await client.calls.create({ to: "+13125550101", from, url: `${server}/voice` });
  const before = (await (await fetch(`${server}/heard`)).json()).streams;
  await until("the stream", async () => (await (await fetch(`${server}/heard`)).json()).streams > before);
  await client.calls(call.sid).update({ twiml: "<Response><Say>Goodbye</Say></Response>" });
  await until("its end", async () => (await client.calls(call.sid).fetch()).status === "completed");
}

async function pages() {
  const made = [];
  for (let i = 0; i < 7; ++i)
    made.unshift((await client.messages.create({ to: "+13125550120", from, body: `no ${i}` })).sid);
  const seen = [];
  let page = await client.messages.page({ to: "+13125550120", pageSize: 3 });
  const sizes = [];
  while (page) {
    sizes.push(page.instances.length);
    seen.push(...page.instances.map((one) => one.sid));
    // What comes meanwhile does not shift the pages.
    if (sizes.length === 1) await client.messages.create({ to: "+13125550120", from, body: "late" });
    page = page.nextPageUrl ? await page.nextPage() : null;
  }
  assert.deepStrictEqual(sizes, [3, 3, 1]);
  assert.deepStrictEqual(seen, made);
  assert.strictEqual((await client.messages.list({ to: "+13125550120", pageSize: 2 })).length, 8);
  assert.strictEqual((await client.messages.list({ to: "+13125550120", limit: 4 })).length, 4);
}

async function messages() {
  await refused(client.messages.create({ to: "+13125550121", from }), 21602, 400);
  await refused(client.messages.create({ to: "+13125550121", from, body: "x".repeat(1601) }), 21617, 400);
  await refused(client.messages.create({ to: "nobody", from, body: "x" }), 21211, 400);
  await refused(client.messages.create({ to: "+13125550121", from: "+13125550122", body: "x" }), 21606, 400);
  const sent = await client.messages.create({
    to: "+13125550121", from, body: "ü".repeat(71), statusCallback: `${server}/message`,
  });
  assert.match(sent.sid, /^SM[0-9a-f]{32}$/);
  assert.deepStrictEqual([sent.status, sent.numSegments, sent.numMedia], ["queued", "2", "0"]);
  await until("delivery", async () => (await client.messages(sent.sid).fetch()).status === "delivered");
  const events = await until("its callbacks", async () => {
    const all = await told(sent.sid);
    return all.length === 2 && all;
  });
  assert.deepStrictEqual(events.map(({ form }) => form.MessageStatus), ["sent", "delivered"]);
  for (const { url, form, signature } of events) assert.ok(twilio.validateRequest(token, signature, url, form));
}

async function numbers() {
  const offers = await client.availablePhoneNumbers("US").local.list({ areaCode: 415, limit: 3 });
  assert.strictEqual(offers.length, 3);
  assert.ok(offers.every((one) => one.phoneNumber.startsWith("+1415")));
  const { phoneNumber } = offers[0];
  const bought = await client.incomingPhoneNumbers.create({ phoneNumber, voiceUrl: `${server}/voice`, friendlyName: "Desk" });
  assert.match(bought.sid, /^PN[0-9a-f]{32}$/);
  assert.deepStrictEqual([bought.phoneNumber, bought.friendlyName, bought.voiceUrl], [phoneNumber, "Desk", `${server}/voice`]);
  assert.strictEqual(bought.capabilities.voice, true);
  await refused(client.incomingPhoneNumbers.create({ phoneNumber }), 21422, 400);
  await refused(client.incomingPhoneNumbers.create({ phoneNumber: "12" }), 21421, 400);
  const left = await client.availablePhoneNumbers("US").local.list({ areaCode: 415 });
  assert.ok(!left.some((one) => one.phoneNumber === phoneNumber), "what is sold is not for sale");
  const updated = await client.incomingPhoneNumbers(bought.sid).update({ voiceUrl: "https://elsewhere.example/" });
  assert.strictEqual(updated.voiceUrl, "https://elsewhere.example/");
  const [listed] = await client.incomingPhoneNumbers.list({ phoneNumber });
  assert.strictEqual(listed.sid, bought.sid);
  assert.strictEqual(await client.incomingPhoneNumbers(bought.sid).remove(), true);
  await refused(client.incomingPhoneNumbers(bought.sid).fetch(), 20404, 404);
  const chosen = await client.incomingPhoneNumbers.create({ areaCode: "212" });
  assert.ok(chosen.phoneNumber.startsWith("+1212"));
  await refused(client.incomingPhoneNumbers.create({ areaCode: "100" }), 21452, 400);
}

(async () => {
  for (const group of [strangers, calls, otherEnds, redirect, pages, messages, numbers]) {
    await group();
    console.log(`${group.name} ok`);
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
