// <script src="https://HOST/widget.js" data-business="wk_..."></script>
//
// A button in the corner of the page, and behind it a conversation with the business's agent: by
// voice, with captions, or by text when there is no microphone. Optional: data-label (the button's
// words), data-capture="recorder" (MediaRecorder instead of an AudioWorklet).
(() => {
  'use strict';
  const script = document.currentScript;
  const server = new URL(script.src).origin;
  const business = script.dataset.business;
  const label = script.dataset.label || 'Talk to us';
  const byRecorder = script.dataset.capture === 'recorder';

  const STYLE = `
    :host { all: initial; --face: #fff; --ink: #1b1f24; --quiet: #57606a; --line: #d0d7de;
      --mine: #0b57d0; --on-mine: #fff; --theirs: #eef1f4; --bad: #b3261e;
      font: 16px/1.45 system-ui, sans-serif; color: var(--ink); }
    @media (prefers-color-scheme: dark) {
      :host { --face: #16191d; --ink: #eceff2; --quiet: #a3adb8; --line: #3d444d;
        --mine: #a8c7fa; --on-mine: #062e6f; --theirs: #262b31; --bad: #ffb4ab; } }
    * { box-sizing: border-box; font: inherit; }
    [hidden] { display: none !important; }
    button { min-height: 44px; padding: 0 16px; border: 1px solid transparent; border-radius: 22px;
      background: var(--mine); color: var(--on-mine); cursor: pointer; }
    button.plain { background: none; color: var(--ink); border-color: var(--line); }
    button:focus-visible, input:focus-visible, .log:focus-visible {
      outline: 3px solid var(--mine); outline-offset: 2px; }
    button:disabled { opacity: .6; cursor: default; }
    .open { position: fixed; right: 16px; bottom: 16px; z-index: 2147483000;
      box-shadow: 0 2px 12px rgb(0 0 0 / 30%); }
    .panel { position: fixed; right: 8px; bottom: 8px; z-index: 2147483001; display: flex;
      flex-direction: column; width: min(384px, calc(100vw - 16px));
      height: min(560px, calc(100dvh - 16px)); background: var(--face); color: var(--ink);
      border: 1px solid var(--line); border-radius: 16px; overflow: hidden;
      box-shadow: 0 8px 32px rgb(0 0 0 / 35%); }
    .head { display: flex; align-items: center; gap: 8px; padding: 8px 8px 8px 16px;
      border-bottom: 1px solid var(--line); }
    .head h2 { flex: 1; margin: 0; font-size: 17px; font-weight: 600; overflow: hidden;
      text-overflow: ellipsis; white-space: nowrap; }
    .state { margin: 0; padding: 6px 16px; color: var(--quiet); font-size: 14px; min-height: 33px; }
    .state.bad { color: var(--bad); }
    .log { flex: 1; overflow-y: auto; padding: 8px 16px; display: flex; flex-direction: column;
      gap: 8px; }
    .log p { margin: 0; padding: 8px 12px; border-radius: 14px; max-width: 85%;
      overflow-wrap: anywhere; }
    .log .agent { align-self: flex-start; background: var(--theirs); }
    .log .caller { align-self: flex-end; background: var(--mine); color: var(--on-mine); }
    .who { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    .partial { margin: 0; padding: 0 16px 6px; color: var(--quiet); font-style: italic;
      min-height: 1.45em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    form, .choice { display: flex; gap: 8px; padding: 8px 16px 16px; }
    .choice { flex-wrap: wrap; }
    .choice button { flex: 1; }
    input { flex: 1; min-width: 0; min-height: 44px; padding: 0 12px; border-radius: 22px;
      border: 1px solid var(--line); background: var(--face); color: var(--ink); }
  `;

  const make = (name, properties = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in element) element[key] = value;
      else element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };

  /** Plays the agent's PCM16 piece after piece; tells when a mark was reached. */
  class Speaker {
    constructor(rate, reached) {
      this.rate = rate;
      this.reached = reached;
      this.context = new AudioContext({ sampleRate: rate });
      this.until = 0;
      this.sources = new Set();
      this.marks = new Set();
    }
    play(bytes) {
      const samples = new Int16Array(bytes);
      if (samples.length === 0) return;
      const buffer = this.context.createBuffer(1, samples.length, this.rate);
      buffer.getChannelData(0).set(Float32Array.from(samples, (value) => value / 32768));
      const source = new AudioBufferSourceNode(this.context, { buffer });
      source.connect(this.context.destination);
      // A little ahead of now, or the first piece would begin late and overlap the next.
      this.until = Math.max(this.until, this.context.currentTime + 0.02);
      source.start(this.until);
      this.until += buffer.duration;
      this.sources.add(source);
      source.onended = () => this.sources.delete(source);
    }
    mark(name) {
      const wait = Math.max(0, this.until - this.context.currentTime);
      const timer = setTimeout(() => { this.marks.delete(timer); this.reached(name); }, wait * 1000);
      this.marks.add(timer);
    }
    clear() {
      for (const source of this.sources) source.stop();
      for (const timer of this.marks) clearTimeout(timer);
      this.sources.clear();
      this.marks.clear();
      this.until = 0;
    }
    close() {
      this.clear();
      this.context.close();
    }
  }

  /** The visitor's microphone; `format` is what it sends. */
  class Microphone {
    static async open() {
      const sound = { echoCancellation: true, noiseSuppression: true, autoGainControl: true,
        channelCount: 1 };
      const microphone = new Microphone();
      microphone.stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
      if (byRecorder || !('AudioWorkletNode' in window)) {
        microphone.format = { format: 'webm-opus' };
        return microphone;
      }
      microphone.context = new AudioContext();
      await microphone.context.audioWorklet.addModule(`${server}/widget-audio.js`);
      microphone.format = { format: 'pcm16', rate: microphone.context.sampleRate, channels: 1 };
      return microphone;
    }
    /** From now on `send` gets the sound; a new beginning each time. */
    start(send) {
      this.pause();
      if (!this.context) {
        const recorder = new MediaRecorder(this.stream, { mimeType: 'audio/webm;codecs=opus' });
        recorder.ondataavailable = async (event) => {
          const bytes = await event.data.arrayBuffer();
          if (this.recorder === recorder) send(bytes);
        };
        recorder.start(100);
        this.recorder = recorder;
        return;
      }
      this.source = this.context.createMediaStreamSource(this.stream);
      this.node = new AudioWorkletNode(this.context, 'parley-microphone', { numberOfOutputs: 0 });
      this.node.port.onmessage = (event) => send(event.data);
      this.source.connect(this.node);
    }
    pause() {
      if (this.recorder) { const old = this.recorder; this.recorder = null; old.stop(); }
      if (this.node) { this.source.disconnect(); this.node.port.onmessage = null; this.node = null; }
    }
    close() {
      this.pause();
      for (const track of this.stream.getTracks()) track.stop();
      if (this.context) this.context.close();
    }
  }

  /** One conversation: the socket, and what comes and goes over it. */
  class Conversation {
    constructor(view) {
      this.view = view;
      this.lastEvent = 0;
      this.audioBytes = 0;
      this.over = false;
    }

    async begin(withMicrophone) {
      const asking = withMicrophone ? Microphone.open().catch(() => null) : null;
      const made = await this.make().catch((error) => error);
      this.microphone = await asking;
      if (made instanceof Error) throw made;
      this.session = made;
      this.resumeToken = made.resumeToken;
      if (this.over) return this.end();
      this.view.begun(this.session, { lacksMicrophone: withMicrophone && !this.microphone });
      this.connect({ type: 'start', token: this.session.token });
    }

    async make() {
      // What is refused to this page, and a server that is away, look the same from here.
      const response = await fetch(`${server}/voice/sessions`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ business }),
        credentials: 'omit',
      }).catch(() => { throw new Error('The assistant cannot be reached from this page.'); });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error);
      return answer.data;
    }

    connect(opening) {
      const socket = new WebSocket(this.session.url);
      socket.binaryType = 'arraybuffer';
      this.socket = socket;
      socket.onopen = () => this.send({ ...opening,
        audio: this.microphone ? this.microphone.format : null,
        output: 'AudioContext' in window ? 'voice' : 'text' });
      socket.onmessage = (event) => {
        if (typeof event.data === 'string') this.take(JSON.parse(event.data));
        else this.hear(event.data);
      };
      socket.onclose = (event) => this.lost(socket, event.code);
    }

    send(message) {
      if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    }

    hear(bytes) {
      this.audioBytes += bytes.byteLength;
      if (this.speaker) this.speaker.play(bytes);
    }

    take(event) {
      if (event.seq) {
        if (event.seq <= this.lastEvent) return;
        this.lastEvent = event.seq;
      }
      switch (event.type) {
        case 'session.ready':
          this.ready(event);
          break;
        case 'agent.audio.stop':
          if (this.speaker) this.speaker.mark(event.mark);
          break;
        case 'agent.audio.start':
          this.audioBytes = event.audioBytes;
          break;
        case 'clear':
          this.audioBytes = event.audioBytes;
          if (this.speaker) this.speaker.clear();
          break;
        case 'session.ended':
          this.end();
          this.view.ended('The conversation is over.');
          break;
        case 'error':
          if (event.fatal) this.end();
          this.view.failed(event.message, event.fatal);
          break;
        default:
          this.view.show(event);
      }
    }

    ready(event) {
      this.resumeToken = event.resumeToken;
      this.lostAt = null;
      if (!this.speaker && 'AudioContext' in window)
        this.speaker = new Speaker(event.audio.rate, (name) => this.send({ type: 'mark', name }));
      if (this.microphone)
        this.microphone.start((bytes) => {
          // What a slow line does not take is old before it arrives.
          const slow = this.socket.bufferedAmount > 256 * 1024;
          if (this.socket.readyState === WebSocket.OPEN && !slow) this.socket.send(bytes);
        });
      this.view.mode(event);
    }

    lost(socket, code) {
      if (socket !== this.socket || this.over) return;
      if (this.microphone) this.microphone.pause();
      this.lostAt = this.lostAt || Date.now();
      const late = Date.now() - this.lostAt > this.session.resumeWithinSeconds * 1000;
      if (late || code >= 4000 || code === 1000) {
        this.end();
        this.view.ended('The connection was lost.');
        return;
      }
      this.view.reconnecting();
      this.attempts = (this.attempts || 0) + 1;
      const wait = Math.min(5000, 250 * 2 ** Math.min(this.attempts, 5)) * (0.5 + Math.random() / 2);
      setTimeout(() => {
        if (!this.over) this.connect({ type: 'resume', token: this.resumeToken,
          after: this.lastEvent, audioBytes: this.audioBytes });
      }, wait);
    }

    say(text) { this.send({ type: 'text', text }); }

    hangUp() {
      this.over = true;
      if (this.socket) { this.send({ type: 'hangup' }); this.socket.close(1000); }
      this.end();
    }

    end() {
      this.over = true;
      if (this.microphone) this.microphone.close();
      if (this.speaker) this.speaker.close();
      this.microphone = this.speaker = null;
    }
  }

  /** What the visitor sees. */
  class View {
    constructor() {
      this.host = make('div');
      const root = this.host.attachShadow({ mode: 'open' });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      this.opener = make('button', { className: 'open', type: 'button', textContent: label,
        'aria-haspopup': 'dialog' });
      this.title = make('h2', { id: 'title', textContent: label });
      this.closer = make('button', { className: 'plain close', type: 'button', textContent: 'Close' });
      this.state = make('p', { className: 'state', role: 'status' });
      this.log = make('div', { className: 'log', role: 'log', tabIndex: 0, 'aria-live': 'polite',
        'aria-label': 'Conversation' });
      this.partial = make('p', { className: 'partial', 'aria-hidden': 'true' });
      this.talk = make('button', { className: 'talk', type: 'button', textContent: 'Talk' });
      this.type = make('button', { className: 'plain type', type: 'button', textContent: 'Type' });
      this.choice = make('div', { className: 'choice' }, this.talk, this.type);
      this.field = make('input', { name: 'text', autocomplete: 'off', maxLength: 500,
        placeholder: 'Type here', 'aria-label': 'Your message' });
      this.form = make('form', { hidden: true }, this.field,
        make('button', { className: 'send', textContent: 'Send' }));
      this.panel = make('div', { className: 'panel', role: 'dialog', hidden: true,
        'aria-labelledby': 'title' }, make('div', { className: 'head' }, this.title, this.closer),
      this.state, this.log, this.partial, this.form, this.choice);
      root.append(this.opener, this.panel);
      this.opener.onclick = () => this.open();
      this.closer.onclick = () => this.close();
      this.panel.onkeydown = (event) => { if (event.key === 'Escape') this.close(); };
      this.talk.onclick = () => this.begin(true);
      this.type.onclick = () => this.begin(false);
      this.form.onsubmit = (event) => {
        event.preventDefault();
        const text = this.field.value.trim();
        if (text && this.conversation) this.conversation.say(text);
        this.field.value = '';
      };
      addEventListener('pagehide', () => { if (this.conversation) this.conversation.hangUp(); });
      document.body.append(this.host);
    }

    tell(text, bad = false) {
      this.state.textContent = text;
      this.state.classList.toggle('bad', bad);
    }

    open() {
      this.panel.hidden = false;
      this.opener.hidden = true;
      this.talk.hidden = !(navigator.mediaDevices && window.isSecureContext);
      if (!this.conversation) this.tell('Speak with our assistant, or write.');
      (this.talk.hidden ? this.type : this.talk).focus();
    }

    close() {
      if (this.conversation) this.conversation.hangUp();
      this.idle();
      this.panel.hidden = true;
      this.opener.hidden = false;
      this.opener.focus();
    }

    idle() {
      this.conversation = null;
      this.form.hidden = true;
      this.choice.hidden = false;
      this.talk.disabled = this.type.disabled = false;
      this.partial.textContent = '';
    }

    async begin(withMicrophone) {
      this.log.replaceChildren();
      this.turn = null;
      this.talk.disabled = this.type.disabled = true;
      this.tell('Connecting…');
      const conversation = new Conversation(this);
      this.conversation = conversation;
      try {
        await conversation.begin(withMicrophone);
      } catch (error) {
        conversation.end();
        if (this.conversation === conversation) this.failed(error.message || 'We cannot be reached.', true);
      }
    }

    begun(session, { lacksMicrophone }) {
      this.title.textContent = session.business.name;
      this.log.lang = session.agent.language;
      this.lacksMicrophone = lacksMicrophone;
      this.choice.hidden = true;
      this.form.hidden = false;
      this.field.focus();
    }

    mode(event) {
      if (event.message) return this.tell(event.message);
      if (this.lacksMicrophone) return this.tell('There is no microphone. Please type.');
      this.tell(event.input === 'voice' ? 'Speak or type.' : 'Type your question.');
    }

    line(who, text) {
      const name = make('span', { className: 'who', textContent: who === 'agent' ? 'Agent: ' : 'You: ' });
      const line = make('p', { className: who }, name, make('span', { textContent: text }));
      this.log.append(line);
      this.log.scrollTop = this.log.scrollHeight;
      return line.lastChild;
    }

    show(event) {
      if (event.type === 'transcript.partial') {
        this.partial.textContent = event.text;
      } else if (event.type === 'transcript.final') {
        this.partial.textContent = '';
        this.turn = null;
        this.line('caller', event.text);
      } else if (event.type === 'agent.text') {
        if (this.turn) this.turn.textContent += ` ${event.text}`;
        else this.turn = this.line('agent', event.text);
        this.log.scrollTop = this.log.scrollHeight;
      } else if (event.type === 'agent.cut_off') {
        if (this.turn && event.heard) this.turn.textContent = `${event.heard} …`;
        this.turn = null;
      } else if (event.type === 'mode') {
        this.mode(event);
      }
    }

    reconnecting() { this.tell('The connection is lost. Trying again…', true); }

    ended(text) {
      this.idle();
      this.tell(text);
      this.type.focus();
    }

    failed(text, fatal) {
      if (fatal) this.idle();
      this.tell(text, true);
    }
  }

  const begin = () => new View();
  if (document.body) begin();
  else addEventListener('DOMContentLoaded', begin);
})();
