// What Twilio's own client makes of a plan of faults: first 429, then an answer that is lost, then 503.
const assert = require("node:assert");
const twilio = require("twilio");

const [url, sid, token] = process.argv.slice(2);
const client = twilio(sid, token);
client.api.baseUrl = url;
const caught = (promise) => promise.then(() => null, (reason) => reason);

(async () => {
  const limited = await caught(client.messages.list());
  assert.deepStrictEqual([limited.status, limited.code], [429, 20429]);
  const message = { to: "+13125550121", from: "+12125550100", body: "once" };
  const lost = await caught(client.messages.create(message));
  assert.ok(lost && lost.status === undefined, "no answer came");
  const away = await caught(client.messages.list());
  assert.deepStrictEqual([away.status, away.code], [503, 20503]);
  const found = await client.messages.list({ to: message.to });
  assert.deepStrictEqual(found.map((one) => one.body), ["once"], "it was sent all the same");
  console.log("faults ok");
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
