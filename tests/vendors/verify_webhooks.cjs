// Verifies webhooks with the packages receivers use. Takes a file of cases, a JSON array of {headers,
// body, secret, now}; prints for each one what each package says: "good", or why it refuses.
// `now`, Unix seconds, is the receiver's clock.
const fs = require("fs");
const verifiers = { standardwebhooks: require("standardwebhooks").Webhook, svix: require("svix").Webhook };

function verdict(Verifier, { headers, body, secret, now }) {
  const realNow = Date.now;
  Date.now = () => now * 1000;
  try {
    const payload = new Verifier(secret).verify(body, headers);
    return payload.id === headers["webhook-id"] ? "good" : "another body: " + JSON.stringify(payload);
  } catch (refusal) {
    return String(refusal.message);
  } finally {
    Date.now = realNow;
  }
}

const cases = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const verdicts = cases.map((one) =>
  Object.fromEntries(Object.entries(verifiers).map(([name, V]) => [name, verdict(V, one)])));
console.log(JSON.stringify(verdicts));
