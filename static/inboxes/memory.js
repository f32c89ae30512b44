/** What does this browser know of the conversation: said, still arriving, not yet confirmed? */

const DRAFT_LIFE = 45_000;

export class WidgetStorage {
  #prefix;
  #fallback = new Map();

  constructor(inbox) {
    this.#prefix = `switchboard:${inbox}:`;
  }

  get(name) {
    const key = this.#prefix + name;
    return this.#try(() => localStorage.getItem(key)) ?? this.#fallback.get(key) ?? null;
  }

  set(name, value) {
    const key = this.#prefix + name;
    const isStored = this.#try(() => localStorage.setItem(key, value) ?? true);
    if (isStored) this.#fallback.delete(key);
    else this.#fallback.set(key, value);
  }

  remove(name) {
    this.#fallback.delete(this.#prefix + name);
    this.#try(() => localStorage.removeItem(this.#prefix + name));
  }

  clear() {
    // The session first: other tabs store nothing more once it is gone.
    for (const name of this.names("").sort().reverse()) this.remove(name);
  }

  names(start) {
    const keys = [...this.#fallback.keys(), ...(this.#try(() => Object.keys(localStorage)) ?? [])];
    return keys.filter((key) => key.startsWith(this.#prefix + start)).map((key) => key.slice(this.#prefix.length));
  }

  /** Blocked or full storage throws; nothing then outlives the page. */
  #try(use) {
    try {
      return use();
    } catch {
      return undefined;
    }
  }
}

export function newId() {
  // crypto.randomUUID() exists on https pages only.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Written down before it is sent, until it is committed: a reload resends it under the same client_id.
 * States: queued → sending → accepted or failed (refused).
 */
export class Outbox {
  #storage;
  items = new Map();

  constructor(storage) {
    this.#storage = storage;
  }

  /** Take up what an earlier page left behind. */
  load() {
    const entries = this.#storage.names("out:").map((name) => this.#read(name)).filter(Boolean);
    entries.sort((one, other) => one.createdAt - other.createdAt);
    for (const entry of entries) if (!this.items.has(entry.clientId)) this.items.set(entry.clientId, entry);
  }

  #read(name) {
    try {
      const { kind, text, createdAt } = JSON.parse(this.#storage.get(name));
      if (typeof text === "string") return { clientId: name.slice(4), kind, text, createdAt, state: "queued" };
    } catch {
      // Cut short: nothing in it can be sent.
    }
    this.#storage.remove(name);
    return null;
  }

  add(kind, text = "") {
    const item = { clientId: newId(), kind, text, createdAt: Date.now(), state: "queued" };
    this.items.set(item.clientId, item);
    this.#storage.set(`out:${item.clientId}`, JSON.stringify({ kind, text, createdAt: item.createdAt }));
  }

  all(state) {
    return [...this.items.values()].filter((item) => item.state === state);
  }

  change(clientId, values) {
    const item = this.items.get(clientId);
    if (values.state === "accepted") this.#storage.remove(`out:${clientId}`);
    return item && Object.assign(item, { error: "", notBefore: 0 }, values);
  }

  settle(clientId) {
    this.#storage.remove(`out:${clientId}`);
    this.items.delete(clientId);
  }

  get personRequest() {
    return [...this.items.values()].find((item) => item.kind === "person");
  }
}

export class ConversationLog {
  conversationId = null;
  lastSeq = 0;
  messages = [];
  drafts = new Map();
  #ids = new Set();
  #early = new Map();
  #past = new Set();

  /** Returns the messages that became readable: several when a hole closes. */
  receive({ conversation_id: conversationId, seq, message }) {
    if (!this.enter(conversationId)) return [];
    if (seq <= this.lastSeq) {
      const known = this.messages.find(({ id }) => id === message.id);
      if (known?.sealed) Object.assign(known, message);
      return [];
    }
    this.#early.set(seq, message);
    const applied = [];
    for (let next; (next = this.#early.get(this.lastSeq + 1)); ) {
      this.lastSeq += 1;
      this.#early.delete(this.lastSeq);
      this.drafts.delete(next.id);
      if (this.#ids.has(next.id)) continue;
      this.#ids.add(next.id);
      this.messages.push(next);
      applied.push(next);
    }
    return applied;
  }

  get hasHole() {
    return this.#early.size > 0;
  }

  /** The first that could not be opened when it was fetched. */
  get sealed() {
    return this.messages.find(({ sealed }) => sealed === "unavailable");
  }

  /** Follow the server to a conversation; false for one left behind. */
  enter(conversationId) {
    if (!conversationId || this.#past.has(conversationId)) return false;
    if (this.conversationId && conversationId !== this.conversationId) {
      this.#past.add(this.conversationId);
      this.lastSeq = 0;
      this.#early.clear();
      this.drafts.clear();
    }
    this.conversationId = conversationId;
    return true;
  }

  setAnswerState({ answer_id: id, attempt, state }, now) {
    const draft = this.#draft(id, attempt, now);
    if (draft && state === "stopped") this.drafts.delete(id);
  }

  /** Offsets count code points; a piece that does not fit hides the draft. */
  addDelta({ answer_id: id, attempt, offset, text }, now) {
    const draft = this.#draft(id, attempt, now);
    if (!draft) return;
    if (offset === 0) Object.assign(draft, { points: [], broken: false });
    if (offset !== draft.points.length) draft.broken = true;
    if (!draft.broken) draft.points.push(...text);
  }

  /** Null when the answer is complete or a later attempt has begun. */
  #draft(id, attempt, now) {
    const before = this.drafts.get(id);
    if (this.#ids.has(id) || attempt < before?.attempt) return null;
    const fresh = { id, attempt, points: [], broken: false, startedAt: before?.startedAt ?? now };
    const draft = before?.attempt === attempt ? before : fresh;
    draft.touchedAt = now;
    this.drafts.set(id, draft);
    return draft;
  }

  dropStaleDrafts(now) {
    for (const { id, touchedAt } of this.drafts.values()) if (now - touchedAt > DRAFT_LIFE) this.drafts.delete(id);
  }
}
