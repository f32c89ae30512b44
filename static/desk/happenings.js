/**
 * What has happened with a customer, in all conversations and channels? Newest first, a card for each day and conversation; inside a card in
 * the order of the talk. Older pages are fetched as one scrolls.
 */
import { renderInto } from "../shared/richtext.js";
import { clockTime, dayLabel, fullTime, sameDay } from "../shared/time.js";
import { icon, make } from "./elements.js";
import { eventWords, sealedWords } from "./message.js";
import { fetchJson } from "./server.js";

const CHANNELS = { web: "Web chat", email: "E-mail", sms: "Text message", voice: "Telephone" };
// Longer texts are cut until asked for: here one looks for the place, and reads in the conversation.
const LONG_TEXT = 420;
const LONG_LINES = 6;

export class Happenings {
  #address;
  #home;
  #onCitation;
  #list = document.getElementById("happenings");
  #earlier = document.getElementById("earlier");
  #scroll = document.getElementById("happenings-scroll");
  #entries = new Map();
  #unfolded = new Set();
  #next = "";
  #loading = false;
  #watcher;

  constructor({ page, address, home, onCitation }) {
    this.#address = address;
    this.#home = home;
    this.#onCitation = onCitation;
    this.#watcher = new IntersectionObserver(([seen]) => seen.isIntersecting && this.#next && this.#loadEarlier(), { root: this.#scroll, rootMargin: "400px" });
    this.#take(page, { startOver: true });
  }

  stop() {
    this.#watcher.disconnect();
  }

  /** Whether a row of the list is one of theirs: a known conversation, or a new one of somebody known here. */
  knows(row) {
    if (row.reference === document.getElementById("customer-head")?.dataset.reference) return true;
    return [...this.#entries.values()].some((entry) => entry.conversation_id === row.id || entry.message.author.name === row.reference);
  }

  /** Fetch what is new. */
  async refresh() {
    const page = await this.#fetch("");
    if (!page) return;
    const overlaps = !page.next || page.entries.some((entry) => this.#entries.has(entry.message.id));
    if (overlaps) this.#take({ entries: page.entries, next: this.#next }, {});
    else this.#take(page, { startOver: true });
  }

  /** Fetch it all anew: somebody else's conversations may now be theirs, or theirs somebody else's. */
  async startOver() {
    const page = await this.#fetch("");
    if (page) this.#take(page, { startOver: true });
  }

  async #loadEarlier() {
    if (this.#loading) return;
    this.#loading = true;
    this.#showEnd();
    const page = await this.#fetch(this.#next);
    this.#loading = false;
    if (page) this.#take(page, {});
    else this.#showEnd("Earlier messages could not be fetched.");
  }

  async #fetch(cursor) {
    try {
      return await fetchJson(`${this.#address}?cursor=${encodeURIComponent(cursor)}`);
    } catch (error) {
      console.warn("Switchboard desk: the timeline could not be fetched.", error);
      return null;
    }
  }

  #take(page, { startOver = false }) {
    const size = this.#list.scrollHeight;
    const top = this.#scroll.scrollTop;
    const newest = this.#sorted()[0]?.message.id;
    if (startOver) this.#entries.clear();
    for (const entry of page.entries) this.#entries.set(entry.message.id, entry);
    this.#next = page.next;
    this.#draw();
    this.#showEnd();
    // What comes in above must not move what is being read.
    if (top > 0 && !startOver && this.#sorted()[0]?.message.id !== newest) this.#scroll.scrollTop = top + this.#list.scrollHeight - size;
    this.#watcher.unobserve(this.#earlier);
    if (this.#next) this.#watcher.observe(this.#earlier);
  }

  #sorted() {
    const order = ({ message: { created_at: at, id } }) => `${at} ${id}`;
    return [...this.#entries.values()].sort((one, other) => (order(one) < order(other) ? 1 : -1));
  }

  #draw() {
    const cards = new Map();
    for (const entry of this.#sorted()) {
      const at = new Date(entry.message.created_at);
      const key = `${at.toDateString()} ${entry.conversation_id}`;
      if (!cards.has(key)) cards.set(key, { at, entry, messages: [] });
      cards.get(key).messages.unshift(entry.message);
    }
    let day = null;
    const nodes = [];
    for (const card of cards.values()) {
      if (!day || !sameDay(day, card.at)) nodes.push(make("h3", { class: "happenings__day" }, make("span", {}, dayLabel(card.at))));
      day = card.at;
      nodes.push(this.#card(card));
    }
    this.#list.replaceChildren(...(nodes.length ? nodes : [nothing()]));
  }

  #card({ entry, messages }) {
    const title = entry.title || "No message yet";
    const link = make(
      "a",
      { class: "happening__title truncate", href: `${this.#home}c/${entry.conversation_id}/`, dataset: { conversation: entry.conversation_id } },
      title,
    );
    return make(
      "article",
      { class: "happening", "aria-label": `${CHANNELS[entry.channel]}: ${title}` },
      make("header", { class: "happening__head" }, make("span", { class: "happening__channel", "aria-hidden": "true" }, icon(entry.channel)), link, make("span", { class: "happening__kind faint tiny" }, CHANNELS[entry.channel])),
      make("ol", { class: "happening__messages", role: "list" }, ...messages.map((message) => this.#line(message))),
    );
  }

  #line(message) {
    const at = new Date(message.created_at);
    const time = make("time", { class: "said__time faint tiny number", datetime: at.toISOString(), title: fullTime(at) }, clockTime(at));
    if (message.kind === "event") return make("li", { class: "said said--event faint" }, time, make("p", { class: "said__event" }, eventWords(message)));
    const text = make("div", { class: "said__text prose" });
    const note = sealedWords(message);
    if (message.text) renderInto(text, message.text, { citations: message.citations, onCitation: this.#onCitation });
    return make(
      "li",
      { class: `said said--${message.author.kind}` },
      time,
      make("div", { class: "said__body" }, make("p", { class: "said__by" }, make("bdi", {}, message.author.name || message.author.kind)), message.text ? text : null, note ? make("p", { class: "said__note faint" }, note) : null, this.#fold(message, text)),
    );
  }

  #fold(message, text) {
    const long = message.text.length > LONG_TEXT || message.text.split("\n").length > LONG_LINES;
    if (!long || this.#unfolded.has(message.id)) return null;
    text.classList.add("said__text--folded");
    const button = make("button", { class: "said__more", type: "button" }, "Show all");
    button.addEventListener("click", () => {
      this.#unfolded.add(message.id);
      text.classList.remove("said__text--folded");
      text.tabIndex = -1;
      text.focus({ preventScroll: true });
      button.remove();
    });
    return button;
  }

  #showEnd(problem = "") {
    if (problem) this.#earlier.replaceChildren(make("span", { class: "faint small" }, problem), make("button", { class: "button button--small", type: "button", onclick: () => this.#loadEarlier() }, "Try again"));
    else if (this.#loading) this.#earlier.replaceChildren(make("span", { class: "spinner" }), make("span", { class: "visually-hidden" }, "Loading"));
    else if (this.#next) this.#earlier.replaceChildren(make("button", { class: "button button--small button--ghost", type: "button", onclick: () => this.#loadEarlier() }, "Show earlier"));
    else this.#earlier.replaceChildren(this.#entries.size ? make("span", { class: "faint tiny" }, "This is how it began.") : "");
  }
}

function nothing() {
  return make("div", { class: "empty" }, make("p", { class: "empty__title" }, "Nothing was said yet"), make("p", {}, "What this customer writes, on any channel, will stand here."));
}
