/**
 * What has been said in the open conversation, and what is being said right now? Messages stand in gapless order by seq; a hole, or a
 * reply whose message has not come, is fetched. Older pages are added above without moving what is being read.
 */
import { make } from "./elements.js";
import { ConversationLog } from "./log.js";
import { buildDraft, buildMessage, buildOutgoing, fillDraft, join, typingDots } from "./message.js";
import { fetchJson } from "./server.js";
import { backoff } from "./socket.js";

const NEAR_END = 90;
const TYPING_LIFE = 8_000;
const MESSAGE_DUE = 2_500;

export class Timeline extends EventTarget {
  #id;
  #address;
  #log;
  #me;
  #assistant;
  #outbox;
  #onCitation;
  #onEdit;
  #scroll = document.getElementById("timeline");
  #messages = document.getElementById("messages");
  #arriving = document.getElementById("arriving");
  #older = document.getElementById("older");
  #jump = document.getElementById("jump");
  #hasOlder;
  #loadingOlder = false;
  #drafts = new Map();
  #typists = new Map();
  #fetching = false;
  #failures = 0;
  #fetchTimer = 0;
  #atEnd = true;
  #missed = 0;
  #stopped = new AbortController();
  #resizes = new ResizeObserver(() => this.#atEnd && this.#toEnd());
  #timer = 0;

  constructor({ id, address, page, me, assistant, outbox, onCitation, onEdit }) {
    super();
    this.#id = id;
    this.#address = address;
    this.#me = me;
    this.#assistant = assistant;
    this.#outbox = outbox;
    this.#onCitation = onCitation;
    this.#onEdit = onEdit;
    this.#hasOlder = page.more;
    this.#log = new ConversationLog(page.events.length ? page.events[0].seq - 1 : page.last_seq);
    const signal = this.#stopped.signal;
    this.#scroll.addEventListener("scroll", () => this.#onScroll(), { passive: true, signal });
    this.#jump.addEventListener("click", () => this.#toEnd(), { signal });
    this.#resizes.observe(this.#scroll);
    outbox.addEventListener("change", () => this.#showOutgoing(), { signal });
    outbox.addEventListener("sent", ({ detail }) => detail.conversationId === id && this.#sent(detail), { signal });
    this.#timer = setInterval(() => this.#tick(Date.now()), 1_000);
    this.#append(page.events);
    this.#showOutgoing();
    this.#begin(page.read_seq);
  }

  get lastSeq() {
    return this.#log.lastSeq;
  }

  stop() {
    this.#stopped.abort();
    this.#resizes.disconnect();
    clearInterval(this.#timer);
    clearTimeout(this.#fetchTimer);
  }

  /** Take a frame of this conversation from the socket. */
  receive(frame) {
    const now = Date.now();
    if (frame.type === "message.created") this.#append([frame]);
    else if (frame.type === "watching") this.#watching(frame);
    else if (frame.type === "answer.state") this.#log.setAnswerState(frame, now);
    else if (frame.type === "answer.delta") this.#log.addDelta(frame, now);
    else if (frame.type === "typing") this.#setTypist(frame, now);
    this.#showArriving();
  }

  #watching({ events, last_seq: lastSeq }) {
    this.#append(events);
    if (lastSeq > this.lastSeq) this.#fetchNewer();
  }

  #append(events, { more = false } = {}) {
    const applied = events.flatMap((event) => this.#log.receive(event));
    for (const message of applied) {
      const item = buildMessage(message, { onCitation: this.#onCitation });
      join(item, this.#messages.lastElementChild);
      this.#messages.append(item);
      if (message.client_id) this.#outbox.settle(message.client_id);
      this.#typists.delete(`${message.author.kind} ${message.author.name}`);
      if (message.event?.owner && message.event.owner.kind !== "ai") this.#log.drafts.clear();
    }
    if (applied.length) this.#grown(applied);
    if (this.#log.hasHole || more) this.#fetchNewer();
    this.#showArriving();
  }

  #grown(applied) {
    const mine = applied.some((message) => message.author.kind === "agent" && message.author.name === this.#me.name);
    if (this.#atEnd || mine) this.#toEnd();
    else this.#missed += applied.filter((message) => message.kind === "text").length;
    this.#showJump();
    this.dispatchEvent(new CustomEvent("messages", { detail: applied }));
  }

  // Streams and typing

  #setTypist({ author, on }, now) {
    const key = `${author.kind} ${author.name}`;
    if (author.kind === "agent" && author.name === this.#me.name) return;
    if (on) this.#typists.set(key, { author, until: now + TYPING_LIFE });
    else this.#typists.delete(key);
  }

  #tick(now) {
    let changed = this.#log.dropStaleDrafts(now);
    for (const [key, { until }] of this.#typists) if (now > until) changed = this.#typists.delete(key);
    if (changed) this.#showArriving();
  }

  #showArriving() {
    for (const [id, item] of this.#drafts) {
      if (this.#log.drafts.has(id)) continue;
      item.remove();
      this.#drafts.delete(id);
    }
    for (const [id, draft] of this.#log.drafts) {
      if (!this.#drafts.has(id)) {
        this.#drafts.set(id, buildDraft(this.#assistant));
        this.#arriving.prepend(this.#drafts.get(id));
      }
      fillDraft(this.#drafts.get(id), draft);
    }
    this.#showTypists();
    if (this.#atEnd) this.#toEnd();
  }

  #showTypists() {
    const who = [...this.#typists.values()].map(({ author }) => (author.kind === "customer" ? "The customer" : author.name || "A colleague"));
    const words = who.length ? `${who.join(" and ")} ${who.length > 1 ? "are" : "is"} writing` : "";
    let line = this.#arriving.querySelector(".typing");
    if (!words) return line?.remove();
    line ??= make("li", { class: "typing faint small" }, typingDots(), make("span", {}));
    line.lastElementChild.textContent = words;
    return this.#arriving.append(line);
  }

  #showOutgoing() {
    for (const item of this.#arriving.querySelectorAll(".message--outgoing")) item.remove();
    const actions = {
      retry: (item) => {
        this.#outbox.retry(item.clientId, item.ownerVersion);
        this.#onEdit("");
      },
      edit: (item) => this.#onEdit(this.#outbox.withdraw(item.clientId)),
    };
    this.#arriving.append(...this.#outbox.of(this.#id).map((item) => buildOutgoing(item, this.#me, actions)));
    if (this.#atEnd) this.#toEnd();
  }

  #sent(item) {
    this.#toEnd();
    if (item.seq <= this.lastSeq) this.#outbox.settle(item.clientId);
    else this.expect(item.seq);
  }

  /** There are messages up to seq: if they do not come by the socket, fetch them. */
  expect(seq) {
    if (seq > this.lastSeq) setTimeout(() => seq > this.lastSeq && this.#fetchNewer(), MESSAGE_DUE);
  }

  // Fetching

  async #fetchNewer() {
    if (this.#fetching || this.#stopped.signal.aborted) return;
    this.#fetching = true;
    let more = false;
    try {
      const page = await fetchJson(`${this.#address}?after=${this.lastSeq}`, { signal: this.#stopped.signal });
      more = page.more && page.events.length > 0;
      this.#fetching = false;
      this.#failures = 0;
      this.#append(page.events, { more });
    } catch (error) {
      this.#fetching = false;
      if (error.name === "AbortError") return;
      this.#fetchTimer = setTimeout(() => this.#fetchNewer(), backoff(this.#failures));
      this.#failures += 1;
    }
  }

  /** Show what could not be opened before, if the server can now; if it still cannot, the clock asks again. */
  async openAgain() {
    const sealed = this.#messages.querySelector("[data-sealed=unavailable]");
    if (!sealed || this.#stopped.signal.aborted) return;
    const page = await fetchJson(`${this.#address}?after=${sealed.dataset.seq - 1}`, { signal: this.#stopped.signal }).catch(() => null);
    for (const { seq, message } of page?.events ?? []) {
      const item = this.#messages.querySelector(`[data-sealed][data-seq="${seq}"]`);
      if (!item) continue;
      const opened = buildMessage(message, { onCitation: this.#onCitation });
      join(opened, item.previousElementSibling);
      item.replaceWith(opened);
    }
  }

  async #fetchOlder() {
    const first = this.#messages.firstElementChild;
    if (!this.#hasOlder || this.#loadingOlder || !first) return;
    this.#loadingOlder = true;
    this.#older.replaceChildren(make("span", { class: "spinner" }), make("span", { class: "visually-hidden" }, "Loading older messages"));
    try {
      const page = await fetchJson(`${this.#address}?before=${first.dataset.seq}`, { signal: this.#stopped.signal });
      this.#hasOlder = page.more;
      this.#older.replaceChildren();
      this.#prepend(page.events);
    } catch (error) {
      if (error.name === "AbortError") return;
      const again = make("button", { class: "button button--small", type: "button", onclick: () => this.#fetchOlder() }, "Try again");
      this.#older.replaceChildren(make("span", { class: "small faint" }, `Older messages: ${error.message}`), again);
    }
    this.#loadingOlder = false;
  }

  #prepend(events) {
    const first = this.#messages.firstElementChild;
    const below = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    let before = null;
    for (const { message } of events) {
      const item = buildMessage(message, { onCitation: this.#onCitation });
      join(item, before);
      first.before(item);
      before = item;
    }
    if (before) join(first, before);
    this.#scroll.scrollTop = this.#scroll.scrollHeight - below;
  }

  // Scrolling

  /** Open at the first message not yet read, else at the end. */
  #begin(readSeq) {
    const fresh = readSeq > 0 && readSeq < this.lastSeq ? [...this.#messages.children].find((item) => Number(item.dataset.seq) > readSeq && item.dataset.author !== "agent") : null;
    fresh?.classList.add("message--fresh");
    this.#toEnd();
    if (fresh && fresh.offsetTop < this.#scroll.scrollTop) {
      this.#scroll.scrollTop = fresh.offsetTop - 60;
      this.#atEnd = false;
    }
    this.#showJump();
    if (this.#scroll.scrollHeight <= this.#scroll.clientHeight + 200) this.#fetchOlder();
  }

  #onScroll() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroll;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#atEnd) this.#missed = 0;
    this.#showJump();
    if (scrollTop < 600) this.#fetchOlder();
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#atEnd = true;
    this.#missed = 0;
    this.#showJump();
  }

  #showJump() {
    this.#jump.hidden = this.#atEnd;
    this.#jump.firstElementChild.textContent = this.#missed ? `${this.#missed} new` : "Newest";
  }
}
