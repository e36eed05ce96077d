// Runs beside the page's own thread: takes the microphone's sound and gives it on as PCM16 in pieces
// of 20 ms.
class ParleyMicrophone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.piece = new Int16Array(Math.round(sampleRate / 50));
    this.filled = 0;
  }

  process(inputs) {
    const channel = inputs[0][0];
    if (!channel) return true;
    for (const value of channel) {
      const clamped = Math.max(-1, Math.min(1, value));
      this.piece[this.filled++] = clamped < 0 ? clamped * 32768 : clamped * 32767;
      if (this.filled < this.piece.length) continue;
      const whole = this.piece;
      this.piece = new Int16Array(whole.length);
      this.filled = 0;
      this.port.postMessage(whole.buffer, [whole.buffer]);
    }
    return true;
  }
}
registerProcessor('parley-microphone', ParleyMicrophone);
