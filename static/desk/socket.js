/**
 * How do changes reach this window? The desk's end of /ws/desk/: it reconnects by itself, watches again what was watched, and knows
 * neither lists nor conversations. Emits "state", and "frame" with the frame as detail.
 */

const WELCOME_WITHIN = 10_000;
const PONG_WITHIN = 10_000;
const TYPING_REPEAT = 3_000;
const SIGNED_OUT = new Set([4401, 4403]);

/** Half fixed, half random: windows of a restarted server come back spread out. attempt counts from 0; milliseconds. */
export function backoff(attempt, random = Math.random) {
  return Math.min(15_000, 500 * 2 ** attempt) * (0.5 + random() / 2);
}

export class DeskSocket extends EventTarget {
  state = "connecting"; // online | reconnecting | refused
  refusal = "";
  retryAt = 0;

  #socket = null;
  #attempts = 0;
  #retryTimer = 0;
  #openedAt = 0;
  #heardAt = 0;
  #pingedAt = 0;
  #heartbeat = 25_000;
  #typingAt = 0;
  #watched = new Map();

  start() {
    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.#ping(Date.now()));
    addEventListener("pageshow", () => this.wake());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
    setInterval(() => this.#tick(Date.now()), 1_000);
    this.#connect();
  }

  /** Follow a conversation; lastSeq() says what the window already has. Returns a function that ends it. */
  watch(conversationId, lastSeq) {
    this.#watched.set(conversationId, lastSeq);
    if (this.state === "online") this.#send({ type: "watch", conversation_id: conversationId, last_seq: lastSeq() });
    return () => {
      this.#watched.delete(conversationId);
      if (this.state === "online") this.#send({ type: "unwatch", conversation_id: conversationId });
    };
  }

  /** Ask for whatever was missed in what is watched: delivery is at most once, and a lost last message leaves no gap behind. */
  watchAgain() {
    for (const [conversationId, lastSeq] of this.#watched) {
      this.#send({ type: "watch", conversation_id: conversationId, last_seq: lastSeq() });
    }
  }

  /** Tell the others that this agent is writing; repeated calls are thinned out. */
  setTyping(conversationId, on) {
    const now = Date.now();
    if (this.state !== "online" || (on ? now - this.#typingAt < TYPING_REPEAT : !this.#typingAt)) return;
    this.#typingAt = on ? now : 0;
    this.#send({ type: "typing.set", conversation_id: conversationId, on });
  }

  /** Try now instead of at the end of the pause; check a socket that may have died while the machine slept. */
  wake() {
    if (this.state === "refused") return;
    if (this.#socket) this.#ping(Date.now());
    else this.#connect();
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    if (this.#socket) return;
    this.#openedAt = Date.now();
    const address = new URL("/ws/desk/", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onmessage = (event) => this.#socket === socket && this.#read(JSON.parse(event.data));
    socket.onclose = (event) => this.#lost(socket, event.code);
    if (this.#attempts) this.#enter("reconnecting");
  }

  #read(frame) {
    this.#heardAt = Date.now();
    this.#pingedAt = 0;
    if (frame.type === "desk.welcome") this.#welcome(frame);
    if (frame.type === "error") this.refusal = frame.text;
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  #welcome(frame) {
    this.#attempts = 0;
    this.#heartbeat = (frame.heartbeat || 25) * 1_000;
    this.#enter("online");
    this.watchAgain();
  }

  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#typingAt = 0;
    if (SIGNED_OUT.has(code)) return this.#enter("refused");
    const pause = backoff(this.#attempts);
    this.#attempts += 1;
    this.retryAt = Date.now() + pause;
    this.#retryTimer = setTimeout(() => this.#connect(), pause);
    return this.#enter("reconnecting");
  }

  #tick(now) {
    if (!this.#socket) return;
    if (this.state !== "online" && now - this.#openedAt > WELCOME_WITHIN) this.#abandon();
    else if (this.#pingedAt && now - this.#pingedAt > PONG_WITHIN) this.#abandon();
    else if (this.state === "online" && now - this.#heardAt > this.#heartbeat) this.#ping(now);
  }

  /** Leave a socket that seems dead without waiting for its close handshake, which may take minutes. */
  #abandon() {
    const socket = this.#socket;
    this.#pingedAt = 0;
    this.#lost(socket, 4000);
    socket.close();
  }

  #ping(now) {
    if (this.#pingedAt || this.state !== "online") return;
    this.#pingedAt = now;
    this.#send({ type: "ping" });
  }

  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  #enter(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
