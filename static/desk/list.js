/**
 * Which conversations stand in the list, and in which order? Pages come from the server, changes from the socket; rows are kept by id, so
 * the same row is updated in place wherever it came from. Emits "change" when rows or the list's state changed.
 */
import { fetchJson } from "./server.js";
import { buildRow, fillRow, fillTime, needsPerson } from "./row.js";
import { make } from "./elements.js";

const PAGE = 50;
const RESTORE_LIMIT = 500;
// Rows keep their place while the pointer moves over them: nothing is worse than the wrong row under a click.
const HOLD = 900;

const LISTS = {
  "needs-a-person": { order: "Longest wait first", empty: ["Nobody is waiting", "When a customer asks for a person, or the AI hands over, the conversation appears here."], has: (row) => needsPerson(row) },
  mine: { order: "Newest activity first", empty: ["You have nothing open", "Take a conversation and it stays here until it is closed."], has: (row, me) => row.status !== "closed" && row.owner.member_id === me.id },
  ai: { order: "Newest activity first", empty: ["The AI has nothing to do", "Conversations that the AI answers appear here as customers write."], has: (row) => row.status !== "closed" && row.owner.kind === "ai" },
  open: { order: "Newest activity first", empty: ["Nothing is open", "Every conversation that is not closed appears here."], has: (row) => row.status !== "closed" },
  closed: { order: "Newest activity first", empty: ["Nothing has been closed yet", "Closed conversations stay here, and open again when the customer writes."], has: (row) => row.status === "closed" },
};

export class ConversationList extends EventTarget {
  view = "";
  state = "ready"; // loading | failed
  problem = "";

  #rows = new Map();
  #items = new Map();
  #read = new Map();
  #next = "";
  #me;
  #home;
  #element;
  #end;
  #loading = null;
  #heard = [];
  #openId = null;
  #movedAt = 0;
  #over = false;
  #holdTimer = 0;

  constructor({ element, end, scroll, me, home }) {
    super();
    this.#element = element;
    this.#end = end;
    this.#me = me;
    this.#home = home;
    new IntersectionObserver(([entry]) => entry.isIntersecting && this.#more(), { root: scroll, rootMargin: "600px" }).observe(end);
    element.addEventListener("pointermove", () => { this.#over = true; this.#movedAt = Date.now(); }, { passive: true });
    element.addEventListener("pointerleave", () => { this.#over = false; });
    setInterval(() => this.#ageRows(), 15_000);
  }

  get order() {
    return LISTS[this.view].order;
  }

  get ids() {
    return this.#sorted().map((row) => row.id);
  }

  row(id) {
    return this.#rows.get(id);
  }

  link(id) {
    return this.#items.get(id)?.firstElementChild ?? null;
  }

  addressOf(id) {
    return `${this.#home}c/${id}/?view=${this.view}`;
  }

  isUnread(row) {
    const concernsMe = needsPerson(row) || (row.status !== "closed" && row.owner.member_id === this.#me.id);
    return concernsMe && row.last_seq > (this.#read.get(row.id) ?? 0);
  }

  /** Begin with what the page brought. */
  fill(view, page) {
    this.view = view;
    this.#replace(page);
    this.#render();
  }

  async show(view) {
    this.view = view;
    this.#rows.clear();
    this.#next = "";
    await this.#load(`${this.#home}list/?view=${view}`, (page) => this.#replace(page));
  }

  /** Fetch all rows there are on the screen again: after a gap in the connection, nobody knows what has changed. */
  async refresh() {
    const limit = Math.min(RESTORE_LIMIT, Math.max(PAGE, this.#rows.size));
    await this.#load(`${this.#home}list/?view=${this.view}&limit=${limit}`, (page) => this.#replace(page), { quiet: this.#rows.size > 0 });
  }

  /** Take one conversation.updated. Returns the row it replaces, if it was in the list. */
  update(row) {
    const before = this.#rows.get(row.id);
    if (this.#loading) this.#heard.push(row);
    this.#apply(row);
    this.#render();
    return before;
  }

  setOpen(id) {
    this.#openId = id;
    this.#render();
  }

  setRead(id, seq) {
    if (seq <= (this.#read.get(id) ?? 0)) return;
    this.#read.set(id, seq);
    this.#render();
  }

  #apply(row) {
    if (this.#rows.get(row.id)?.last_seq > row.last_seq) return;
    if (this.#belongs(row)) this.#rows.set(row.id, row);
    else this.#rows.delete(row.id);
  }

  #belongs(row) {
    if (!LISTS[this.view].has(row, this.#me)) return false;
    // Below the last loaded row there may be others between; this one comes with its page.
    if (!this.#next || this.#rows.has(row.id)) return true;
    const last = this.#sorted().at(-1);
    return !last || this.#compare(row, last) < 0;
  }

  #compare = (one, other) => {
    if (this.view === "needs-a-person") {
      const [first, second] = [one.waiting_since ?? one.last_message_at, other.waiting_since ?? other.last_message_at];
      return first < second ? -1 : first > second ? 1 : one.id < other.id ? -1 : 1;
    }
    if (one.last_message_at !== other.last_message_at) return one.last_message_at > other.last_message_at ? -1 : 1;
    return one.id > other.id ? -1 : 1;
  };

  #sorted() {
    return [...this.#rows.values()].sort(this.#compare);
  }

  #replace(page) {
    this.#rows.clear();
    this.#add(page);
  }

  #add(page) {
    for (const [id, seq] of Object.entries(page.read)) this.#read.set(id, Math.max(seq, this.#read.get(id) ?? 0));
    for (const row of page.rows) {
      const known = this.#rows.get(row.id);
      if (!known || known.last_seq <= row.last_seq) this.#rows.set(row.id, row);
    }
    this.#next = page.next;
  }

  #more() {
    if (!this.#next || this.#loading) return;
    const cursor = encodeURIComponent(this.#next);
    this.#load(`${this.#home}list/?view=${this.view}&cursor=${cursor}`, (page) => this.#add(page), { quiet: true });
  }

  async #load(address, take, { quiet = false } = {}) {
    this.#loading?.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#heard = [];
    this.state = quiet ? this.state : "loading";
    this.#render();
    try {
      take(await fetchJson(address, { signal: loading.signal }));
      // The page may be older than what the socket brought while it was on its way.
      for (const row of this.#heard) this.#apply(row);
      this.state = "ready";
    } catch (error) {
      if (error.name === "AbortError") return;
      this.state = "failed";
      this.problem = error.message;
    }
    this.#loading = null;
    this.#render();
    this.dispatchEvent(new Event("change"));
  }

  #render() {
    const rows = this.#sorted();
    for (const [id, item] of this.#items) {
      if (this.#rows.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    for (const row of rows) this.#fill(row);
    this.#arrange(rows);
    this.#showEnd(rows.length);
  }

  #fill(row) {
    const address = this.addressOf(row.id);
    let item = this.#items.get(row.id);
    if (!item) {
      item = buildRow(row, { address });
      this.#items.set(row.id, item);
    }
    const unread = this.isUnread(row);
    const open = row.id === this.#openId;
    const looks = [row.last_seq, row.owner_version, row.status, unread, open, this.view].join();
    if (item.dataset.looks === looks) return;
    item.dataset.looks = looks;
    fillRow(item, row, { me: this.#me, unread, open, address });
  }

  #arrange(rows) {
    clearTimeout(this.#holdTimer);
    const moving = this.#over && Date.now() - this.#movedAt < HOLD;
    if (moving) {
      this.#holdTimer = setTimeout(() => this.#arrange(this.#sorted()), HOLD);
      this.#element.append(...rows.map((row) => this.#items.get(row.id)).filter((item) => !item.isConnected));
      return;
    }
    const focused = this.#element.contains(document.activeElement) ? document.activeElement : null;
    let place = this.#element.firstElementChild;
    for (const row of rows) {
      const item = this.#items.get(row.id);
      if (item === place) place = place.nextElementSibling;
      else this.#element.insertBefore(item, place);
    }
    // Moving a node takes its focus away.
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true });
  }

  #showEnd(count) {
    if (this.state === "failed") {
      const again = make("button", { class: "button button--small", type: "button", onclick: () => this.refresh() }, "Try again");
      this.#end.replaceChildren(make("div", { class: "list__failed" }, make("p", {}, this.problem), again));
    } else if (this.state === "loading" && !count) {
      this.#end.replaceChildren(make("span", { class: "visually-hidden" }, "Loading"), ...Array.from({ length: 6 }, skeletonRow));
    } else if (!count) {
      const [title, text] = LISTS[this.view].empty;
      this.#end.replaceChildren(make("div", { class: "empty" }, make("p", { class: "empty__title" }, title), make("p", {}, text)));
    } else {
      this.#end.replaceChildren(this.#next ? make("span", { class: "spinner" }) : "");
    }
  }

  #ageRows() {
    for (const [id, row] of this.#rows) fillTime(this.#items.get(id), row);
  }
}

function skeletonRow() {
  return make(
    "div",
    { class: "skeleton-row", "aria-hidden": "true" },
    make("span", { class: "skeleton skeleton--circle" }),
    make("span", { class: "skeleton-row__lines" }, make("span", { class: "skeleton" }), make("span", { class: "skeleton" })),
  );
}
