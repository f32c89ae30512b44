/**
 * How does a conversation survive drops, reloads and other tabs? The visitor's end of the chat socket; it knows no view.
 * Events: change, message (message, live), notice (text), token (code, text), cleared.
 */
import { ConversationLog, Outbox } from "./memory.js";

const FINAL_CODES = new Set([4403, 4404]);
const ANSWERED_WITHIN = 10_000; // a hello, a ping, a message
const CREATED_WITHIN = 3_000;
const TYPING_REPEAT = 3_000;
const TYPING_LIFE = 8_000;
const WAKERS = ["online", "offline", "pageshow", "visibilitychange", "storage"];

/** Milliseconds, half of them random: clients come back spread out. */
export function backoff(attempt, random = Math.random) {
  return Math.min(15_000, 500 * 2 ** attempt) * (0.5 + random() / 2);
}

function newSession() {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return "s_" + btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export class ChatClient extends EventTarget {
  connection = "idle"; // connecting | online | reconnecting | refused
  owner = { kind: "ai", name: "" };
  profile = null;
  loaded = false;
  typist = null;
  log = new ConversationLog();

  #inbox;
  #base;
  #storage;
  #token;
  #session = null;
  #since = 0;
  #socket = null;
  #attempts = 0;
  #retryTimer = 0;
  #tickTimer = 0;
  #openedAt = 0;
  #heardAt = 0;
  #heartbeat = 25_000;
  #pingedAt = 0;
  #notBefore = 0;
  #catching = false;
  #catchUpAt = 0;
  #catchUpFailures = 0;
  #typingSentAt = 0;
  #typistUntil = 0;

  #readers = {
    welcome: (frame) => this.#onWelcome(frame),
    "message.accepted": (frame) => this.#onAccepted(frame),
    "person.accepted": (frame) => this.#onAccepted(frame),
    "message.created": (frame) => this.#apply([frame]),
    "answer.state": (frame) => this.#onAnswer(frame, "setAnswerState"),
    "answer.delta": (frame) => this.#onAnswer(frame, "addDelta"),
    typing: (frame) => this.#onTyping(frame),
    error: (frame) => this.#onError(frame),
  };

  constructor({ inbox, base, storage, token }) {
    super();
    this.#inbox = inbox;
    this.#base = base;
    this.#storage = storage;
    this.#token = token;
    this.outbox = new Outbox(storage);
  }

  get started() {
    return this.#session !== null;
  }

  start() {
    if (this.started) return;
    this.#session = this.#storage.get("session") ?? newSession();
    this.#storage.set("session", this.#session);
    this.outbox.load();
    this.#since = Date.now();
    for (const name of WAKERS) addEventListener(name, this.#wake, { capture: true });
    this.#tickTimer = setInterval(() => this.#tick(Date.now()), 1_000);
    this.#connect();
  }

  stop() {
    for (const name of WAKERS) removeEventListener(name, this.#wake, { capture: true });
    clearInterval(this.#tickTimer);
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    this.#socket = null;
    this.#session = null;
    this.connection = "idle";
    socket?.close(1000);
  }

  /** The page has a new token: come back with it. */
  identify() {
    this.#since = Date.now();
    if (this.#socket) this.#abandon();
  }

  forget() {
    this.#storage.clear();
    this.#tick(Date.now());
  }

  /** Another person neither sees nor sends what was written. */
  #clear(since = Infinity) {
    for (const item of this.outbox.items.values()) if (item.createdAt < since) this.outbox.settle(item.clientId);
    this.log = new ConversationLog();
    this.owner = { kind: "ai", name: "" };
    this.loaded = false;
    this.#emit("cleared");
    this.#changed();
  }

  send(text) {
    this.#typingSentAt = 0;
    this.outbox.add("message", text.trim());
    this.#flush();
  }

  requestPerson() {
    const earlier = this.outbox.personRequest;
    if (this.owner.kind !== "ai") return;
    if (earlier) this.outbox.change(earlier.clientId, { state: "queued" });
    else this.outbox.add("person");
    this.#flush();
  }

  retry(clientId) {
    this.outbox.change(clientId, { state: "queued" });
    this.#flush();
  }

  /** Returns a refused text, to be edited. */
  withdraw(clientId) {
    const text = this.outbox.items.get(clientId)?.text ?? "";
    this.outbox.settle(clientId);
    this.#changed();
    return text;
  }

  setTyping(on) {
    const now = Date.now();
    if (this.connection !== "online" || !this.log.conversationId) return;
    if (on ? now - this.#typingSentAt < TYPING_REPEAT : !this.#typingSentAt) return;
    this.#typingSentAt = on ? now : 0;
    this.#sendFrame({ type: "typing.set", on });
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    if (this.#socket || !this.started) return;
    this.connection = this.#attempts ? "reconnecting" : "connecting";
    this.#openedAt = Date.now();
    const address = new URL(`/ws/chat/${this.#inbox}/`, this.#base);
    address.protocol = address.protocol.replace("http", "ws");
    const socket = new WebSocket(address);
    this.#socket = socket;
    const token = this.#token()?.slice(0, 5_000) || undefined; // a longer one would break the socket
    socket.onopen = () => this.#sendFrame({ type: "hello", protocol: 1, session: this.#session, last_seq: this.log.lastSeq, token });
    socket.onmessage = (event) => this.#socket === socket && this.#read(event.data);
    socket.onclose = (event) => this.#lost(socket, event.code);
    this.#changed();
  }

  #lost(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#pingedAt = 0;
    this.#typingSentAt = 0;
    this.typist = null;
    for (const item of this.outbox.all("sending")) item.state = "queued";
    this.connection = FINAL_CODES.has(code) ? "refused" : "reconnecting";
    if (this.connection === "reconnecting") {
      const wait = Math.max(backoff(this.#attempts), this.#notBefore - Date.now());
      this.#attempts += 1;
      this.#retryTimer = setTimeout(() => this.#connect(), wait);
    }
    this.#changed();
  }

  /** Leave a dead socket at once; its close handshake may take minutes. */
  #abandon() {
    const socket = this.#socket;
    this.#lost(socket, 0);
    socket?.close();
  }

  /** The network or the page came or went, or another tab has read or forgotten. */
  #wake = ({ type }) => {
    if (type === "storage") return this.#tick(Date.now());
    if (this.connection === "online") this.#ping(Date.now());
    else if (!this.#socket && this.connection !== "refused" && !document.hidden && Date.now() >= this.#notBefore) this.#connect();
    this.#changed();
  };

  #ping(now) {
    if (this.#pingedAt) return;
    this.#pingedAt = now;
    this.#sendFrame({ type: "ping" });
  }

  #sendFrame(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** All that depends on time. */
  #tick(now) {
    if (this.#storage.get("session") !== this.#session) return this.stop(), this.#clear(); // forgotten, maybe in another tab
    if (now > this.#typistUntil) this.typist = null;
    this.log.dropStaleDrafts(now);
    this.#changed();
    if (this.connection !== "online") {
      if (this.#socket && now - this.#openedAt > ANSWERED_WITHIN) this.#abandon();
      return;
    }
    const isOverdue = this.outbox.all("sending").some((item) => now - item.sentAt > ANSWERED_WITHIN);
    if (isOverdue || (this.#pingedAt && now - this.#pingedAt > ANSWERED_WITHIN)) return this.#abandon();
    if (now - this.#heardAt > this.#heartbeat) this.#ping(now);
    const isEventMissing = this.outbox.all("accepted").some((item) => now - item.acceptedAt > CREATED_WITHIN);
    if (this.#catchUpAt ? now >= this.#catchUpAt : isEventMissing || this.log.sealed) this.#catchUp();
    this.#flush();
  }

  #read(text) {
    this.#heardAt = Date.now();
    this.#pingedAt = 0;
    const frame = JSON.parse(text);
    this.#readers[frame.type]?.(frame); // unknown types are for newer clients
  }

  #onWelcome(frame) {
    this.connection = "online";
    this.#attempts = 0;
    this.#notBefore = 0;
    this.#heartbeat = (frame.heartbeat || 25) * 1_000;
    const known = this.profile ? this.log.conversationId : this.#storage.get("conversation");
    this.profile = frame.inbox;
    if (known && known !== frame.conversation_id) {
      for (const name of ["conversation", "seen", "draft"]) this.#storage.remove(name);
      this.#clear(this.#since);
    }
    this.log.enter(frame.conversation_id);
    this.#apply(frame.events);
    this.owner = frame.owner;
    if (this.log.conversationId && frame.last_seq > this.log.lastSeq) this.#catchUp();
    else this.loaded = true;
    this.#flush();
  }

  #onAccepted({ client_id: clientId, conversation_id: conversationId, seq = 0 }) {
    this.outbox.change(clientId, { state: "accepted", seq, acceptedAt: Date.now() });
    if (!this.log.conversationId) this.log.enter(conversationId);
    this.#apply([]); // the event may have overtaken its acknowledgement
  }

  #apply(events) {
    for (const message of events.flatMap((event) => this.log.receive(event))) {
      if (message.client_id) this.outbox.settle(message.client_id);
      if (message.event?.owner) this.owner = message.event.owner;
      if (this.owner.kind !== "ai") this.log.drafts.clear();
      if (message.author.kind === this.typist?.kind) this.typist = null;
      this.#emit("message", { message, live: this.loaded });
    }
    for (const item of this.outbox.all("accepted")) if (item.seq <= this.log.lastSeq) this.outbox.settle(item.clientId);
    if (this.log.hasHole) this.#catchUp();
    this.#changed();
  }

  #onAnswer(frame, change) {
    if (frame.conversation_id !== this.log.conversationId) return;
    this.log[change](frame, Date.now());
    this.#changed();
  }

  #onTyping({ conversation_id: conversationId, author, on }) {
    if (conversationId !== this.log.conversationId || author.kind === "customer") return;
    this.typist = on ? author : null;
    this.#typistUntil = Date.now() + TYPING_LIFE;
    this.#changed();
  }

  #onError({ code, text, client_id: clientId, retry_after: retryAfter }) {
    if (code.startsWith("token.")) return this.#emit("token", { code, text });
    if (code === "session.changed") return this.#abandon();
    const notBefore = retryAfter ? Date.now() + retryAfter * 1_000 : 0;
    const item = this.outbox.change(clientId, { state: notBefore ? "queued" : "failed", error: text, notBefore });
    if (!item) this.#notBefore = notBefore;
    if (!item && this.connection === "online") this.#emit("notice", { text });
    else if (!item) this.#abandon(); // the hello was refused
    this.#changed();
  }

  #flush() {
    const now = Date.now();
    for (const item of this.connection === "online" ? this.outbox.all("queued") : []) {
      if (item.notBefore > now) continue;
      this.outbox.change(item.clientId, { state: "sending", sentAt: now });
      const message = { type: "message.send", client_id: item.clientId, text: item.text };
      this.#sendFrame(item.kind === "person" ? { type: "person.request", client_id: item.clientId } : message);
    }
    this.#changed();
  }

  /** Fetch what the socket did not bring; trouble is tried again. */
  async #catchUp() {
    if (this.#catching || Date.now() < this.#catchUpAt) return;
    this.#catching = true;
    try {
      let after = (this.log.sealed?.seq ?? this.log.lastSeq + 1) - 1;
      for (let more = true; more; ) {
        const page = await this.#fetchUpdates(after);
        this.#apply(page.events);
        after = page.events.at(-1)?.seq;
        more = page.more;
      }
      this.loaded = true;
      const isComplete = !this.log.hasHole && !this.log.sealed && !this.outbox.all("accepted").length;
      this.#catchUpFailures = isComplete ? 0 : this.#catchUpFailures + 1;
    } catch (error) {
      console.warn("Switchboard chat: updates could not be fetched, trying again.", error);
      this.#catchUpFailures += 1;
    }
    this.#catching = false;
    this.#catchUpAt = this.#catchUpFailures ? Date.now() + backoff(this.#catchUpFailures) : 0;
    this.#changed();
  }

  async #fetchUpdates(after) {
    const response = await fetch(new URL(`/api/v1/chat/${this.#inbox}/updates?after=${after}&conversation=${this.log.conversationId}`, this.#base), {
      headers: { Authorization: `Session ${this.#session}` },
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response.json();
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
