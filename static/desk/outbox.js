/**
 * What has the agent sent that the server has not confirmed? Every reply is written down before it is sent and keeps its client_id, so
 * nothing is lost and nothing is sent twice. Replies of one conversation go in order: one that is stuck holds those behind it.
 *
 * States: sending → sent (its message is on the way), waiting (will be tried again by itself), question or failed (the agent decides).
 */
import { backoff } from "./socket.js";
import { post } from "./server.js";

function newId() {
  // Not crypto.randomUUID(): it is missing where the desk is opened over plain http within a network.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export class Outbox extends EventTarget {
  #items = new Map();
  #storage;
  #addressOf;
  #timer = 0;

  constructor(storage, addressOf) {
    super();
    this.#storage = storage;
    this.#addressOf = addressOf;
    for (const name of storage.names("out:")) {
      const { conversationId, text, version, at } = storage.get(name) ?? {};
      // Time has passed since the window closed: whether this still fits is for the agent to say.
      const error = "This reply was not sent before the window closed.";
      if (text) this.#items.set(name.slice(4), { clientId: name.slice(4), conversationId, text, version, at, attempts: 0, state: "failed", error });
    }
  }

  of(conversationId) {
    return [...this.#items.values()].filter((item) => item.conversationId === conversationId).sort((one, other) => one.at - other.at);
  }

  /** True while a reply would be lost track of if the window closed now. */
  get busy() {
    return [...this.#items.values()].some((item) => item.state === "sending" || item.state === "waiting");
  }

  add(conversationId, text, version) {
    const item = { clientId: newId(), conversationId, text, version, at: Date.now(), attempts: 0, state: "waiting", error: "" };
    this.#items.set(item.clientId, item);
    this.#write(item);
    this.#send(conversationId);
  }

  /** Try again; with a version after the agent has answered a question with yes. */
  retry(clientId, version) {
    const item = this.#items.get(clientId);
    if (!item) return;
    Object.assign(item, { state: "waiting", error: "", version: version ?? item.version, notBefore: 0 });
    this.#write(item);
    this.#send(item.conversationId);
  }

  /** Give a reply up and return its text for the composer. */
  withdraw(clientId) {
    const text = this.#items.get(clientId)?.text ?? "";
    this.settle(clientId);
    return text;
  }

  /** The message itself has arrived. */
  settle(clientId) {
    this.#storage.remove(`out:${clientId}`);
    if (this.#items.delete(clientId)) this.#changed();
  }

  /** Whatever waits is tried now: the network is back. */
  flush() {
    for (const item of this.#items.values()) item.notBefore = 0;
    for (const id of new Set([...this.#items.values()].map((item) => item.conversationId))) this.#send(id);
  }

  async #send(conversationId) {
    const item = this.of(conversationId).find((one) => one.state !== "sent");
    if (item?.state !== "waiting" || item.notBefore > Date.now()) return this.#changed();
    item.state = "sending";
    this.#changed();
    try {
      const stored = await post(this.#addressOf(conversationId), { client_id: item.clientId, text: item.text, expected_owner_version: item.version });
      Object.assign(item, { state: "sent", seq: stored.seq });
      this.#storage.remove(`out:${item.clientId}`);
      this.dispatchEvent(new CustomEvent("sent", { detail: item }));
      this.#send(conversationId);
    } catch (refusal) {
      this.#refused(item, refusal);
    }
    return this.#changed();
  }

  #refused(item, refusal) {
    item.error = refusal.message;
    if (refusal.question) Object.assign(item, { state: "question", question: refusal.question, ownerVersion: refusal.ownerVersion });
    else if (refusal.retryable) this.#later(item);
    else item.state = "failed";
  }

  #later(item) {
    const pause = backoff(item.attempts);
    item.attempts += 1;
    Object.assign(item, { state: "waiting", notBefore: Date.now() + pause });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.flush(), pause);
  }

  #write({ clientId, conversationId, text, version, at }) {
    this.#storage.set(`out:${clientId}`, { conversationId, text, version, at });
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
