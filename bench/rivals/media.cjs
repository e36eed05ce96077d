// The media path of a carrier's stream in Node with `ws`, as one writes it there:
//   node media.cjs echo|call
// echo: each frame is decoded, looked at for speech and sent back. call: the caller's turns are found by
// their pauses and answered with five seconds of voice, in pieces of 200 ms at most a second ahead.
// Prints the port it listens on.
const { WebSocketServer } = require("ws");

const mode = process.argv[2];
const linear = new Int16Array(256);
for (let code = 0; code < 256; code++) {
  const bits = ~code & 0xff;
  const magnitude = (((bits & 15) << 3) + 132) << ((bits >> 4) & 7);
  linear[code] = bits & 0x80 ? 132 - magnitude : magnitude - 132;
}

// Energy over a floor that follows the quietest of the last second: less work than WebRTC's detector.
class Voice {
  floor = 1e9;
  block = 1e9;
  frames = 0;
  process(bytes) {
    let energy = 0;
    for (let i = 0; i < bytes.length; i++) {
      const sample = linear[bytes[i]];
      energy += sample * sample;
    }
    energy /= bytes.length;
    this.block = Math.min(this.block, energy);
    if (++this.frames % 50 === 0) {
      this.floor = this.block;
      this.block = 1e9;
    }
    return energy > 10000 && energy > 4.5 * Math.min(this.floor, this.block);
  }
}

const piece = Buffer.alloc(1600, 0x7e);
class Call {
  voice = new Voice();
  voiced = 0;
  quiet = 0;
  left = 0; // pieces of the answer
  playsUntil = 0;
  timer = null;
  constructor(socket) {
    this.socket = socket;
  }
  message(text) {
    const message = JSON.parse(text);
    if (message.event === "start") this.streamSid = message.streamSid;
    if (message.event !== "media" || message.media.track !== "inbound") return;
    const bytes = Buffer.from(message.media.payload, "base64");
    const voiced = this.voice.process(bytes);
    if (mode === "echo") return this.send(bytes);
    if (voiced) {
      this.voiced++;
      this.quiet = 0;
      if (this.left > 0 && this.voiced > 4) this.interrupt();
    } else if (++this.quiet === 35 && this.voiced > 10) {
      this.voiced = 0;
      this.left = 25;
      this.play();
    }
  }
  send(bytes) {
    this.socket.send(
      JSON.stringify({ event: "media", streamSid: this.streamSid, media: { payload: bytes.toString("base64") } }),
    );
  }
  play() {
    const now = performance.now();
    this.playsUntil = Math.max(this.playsUntil, now);
    while (this.left > 0 && this.playsUntil < now + 1000) {
      this.send(piece);
      this.playsUntil += 200;
      this.left--;
    }
    if (this.left > 0) this.timer = setTimeout(() => this.play(), this.playsUntil - now - 600);
    else this.socket.send(JSON.stringify({ event: "mark", streamSid: this.streamSid, mark: { name: "turn" } }));
  }
  interrupt() {
    clearTimeout(this.timer);
    this.left = 0;
    this.playsUntil = 0;
    this.socket.send(JSON.stringify({ event: "clear", streamSid: this.streamSid }));
  }
}

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, backlog: 4096 });
server.on("listening", () => console.log(server.address().port));
server.on("connection", (socket) => {
  const call = new Call(socket);
  socket.on("message", (text) => call.message(text));
  socket.on("close", () => clearTimeout(call.timer));
  socket.on("error", () => {});
});
