/** How does the conversation look? Rows are keyed by message; only changed ones are touched. */
import { button, h, icon } from "./parts.js";
import { renderInto } from "../shared/richtext.js";
import { clockTime, dayLabel, sameDay } from "../shared/clock.js";

const GROUP_WITHIN = 5 * 60_000;
const SHARE_PER_FRAME = 1 / 9;
const EVENTS = { person: "eventPerson", ai: "eventAi", nobody: "eventNobody", "conversation.closed": "eventClosed", "conversation.reopened": "eventReopened" };
const STATES = { queued: "queued", sending: "sending", accepted: "sent" };
const STILL = matchMedia("(prefers-reduced-motion: reduce)");

/** Oldest first: what is confirmed, then what is on its way. */
function buildRows(client, texts) {
  const rows = [];
  let day = null;
  const push = (row) => {
    if (!sameDay(day ?? new Date(), row.at)) rows.push({ key: `day:${row.at.toDateString()}:${row.key}`, kind: "day", at: row.at });
    day = row.at;
    const before = rows.at(-1);
    row.isFirst = before?.who !== row.who || row.at - before.at > GROUP_WITHIN;
    if (!row.isFirst) before.isLast = false;
    rows.push({ ...row, isLast: true });
  };
  for (const message of client.log.messages) {
    const who = message.kind === "event" ? null : message.author.kind + message.author.name;
    const kind = message.kind === "event" ? "event" : message.author.kind === "customer" ? "mine" : "theirs";
    push({ key: message.client_id ?? message.id, kind, who: who && kind === "mine" ? "mine" : who, at: new Date(message.created_at), message, text: message.text || (message.sealed && texts.say(message.sealed)) });
  }
  const drafts = [...client.log.drafts.values()].map((draft) => ({
    key: draft.id, kind: "theirs", who: "ai" + client.profile?.assistant, at: new Date(draft.startedAt), draft,
  }));
  const pending = [...client.outbox.items.values()]
    .filter((item) => item.kind === "message")
    .map((item) => ({ key: item.clientId, kind: "mine", who: "mine", at: new Date(item.createdAt), item, text: item.text }));
  [...drafts, ...pending].sort((one, other) => one.at - other.at).forEach(push);
  const { typist } = client;
  if (typist) push({ key: "typist", kind: "typist", who: typist.kind + typist.name, at: new Date(), author: typist });
  const lastMine = rows.findLast((row) => row.kind === "mine");
  if (lastMine?.message) lastMine.isNewest = true;
  return rows;
}

export class MessageList {
  #rows = new Map();

  constructor(parts) {
    Object.assign(this, parts); // texts, client, onCitation(citation, button), onRetry(id), onEdit(id)
    this.element = h("ol", { class: "log", role: "list" });
  }

  sync() {
    const rows = buildRows(this.client, this.texts);
    const keys = new Set(rows.map((row) => row.key));
    for (const [key, shown] of this.#rows) {
      if (!keys.has(key)) {
        shown.reveal?.stop();
        shown.node.remove();
        this.#rows.delete(key);
      }
    }
    rows.forEach((row, index) => {
      let shown = this.#rows.get(row.key);
      if (!shown) this.#rows.set(row.key, (shown = { node: h("li"), signature: "" }));
      if (this.element.children[index] !== shown.node) this.element.insertBefore(shown.node, this.element.children[index] ?? null);
      this.#update(shown, row);
    });
  }

  #update(shown, row) {
    if (row.draft) return this.#updateDraft(shown, row);
    const mine = row.kind === "mine" && [row.isLast, row.isNewest, row.item?.state, row.item?.error];
    const signature = [row.kind, row.isFirst, row.message?.id, row.message?.sealed, mine].join("|");
    if (signature === shown.signature) return;
    shown.signature = signature;
    if (row.kind === "mine") this.#updateMine(shown, row);
    else if (row.kind === "theirs") this.#updateTheirs(shown, row);
    else if (row.kind === "typist") this.#fillAuthored(shown, row, row.author, this.#dots(this.texts.say("typing", { name: this.#nameOf(row.author) })));
    else {
      shown.node.className = row.kind;
      const text = row.kind === "day" ? dayLabel(row.at, { language: this.texts.language }) : this.eventText(row.message);
      shown.node.replaceChildren(h("span", {}, text));
      shown.node.hidden = !text;
    }
  }

  eventText({ event, text }) {
    const { owner } = event ?? {};
    const name = EVENTS[owner ? owner.kind : event?.name];
    return name ? this.texts.say(name, owner && { name: this.#nameOf(owner) }) : text; // of a newer server
  }

  #updateMine(shown, row) {
    shown.node.className = `mine${row.isFirst ? " first" : ""}${row.item?.state === "failed" ? " failed" : ""}`;
    if (!shown.bubble) {
      shown.bubble = h("p", { class: "bubble", dir: "auto" });
      shown.meta = h("div", { class: "meta" });
      shown.node.append(h("span", { class: "visually-hidden" }, `${this.texts.say("you")}: `), shown.bubble, shown.meta);
    }
    shown.bubble.textContent = row.text;
    shown.meta.replaceChildren(...this.#mineMeta(row));
  }

  #mineMeta({ key, item, at, isLast, isNewest }) {
    const say = (name) => this.texts.say(name);
    if (item?.state === "failed") {
      return [
        h("span", { class: "error" }, icon("alert"), item.error || say("failed")),
        button({ class: "link", onclick: () => this.onRetry(key) }, say("retry")),
        button({ class: "link", onclick: () => this.onEdit(key) }, say("edit")),
      ];
    }
    if (item?.error) return [h("span", { class: "error" }, item.error)];
    if (!item && !isNewest) return isLast ? [this.#time(at)] : [];
    const state = item ? STATES[item.state] : "sent";
    return [h("span", {}, say(state)), state === "sent" ? this.#time(at) : ""];
  }

  #updateTheirs(shown, row) {
    const { message } = row;
    const settle = () => {
      shown.reveal = null;
      this.#fillAuthored(shown, row, message.author, shown.body);
      renderInto(shown.body, row.text, {
        citations: message.citations,
        citationLabel: (citation) => this.#citationLabel(citation),
        onCitation: this.onCitation,
      });
      if (message.citations.length) shown.node.append(this.#sources(message.citations));
    };
    shown.body ??= h("div", { class: "prose", dir: "auto" });
    if (shown.reveal) {
      this.#fillAuthored(shown, row, message.author, shown.body);
      shown.node.classList.add("streaming");
      shown.reveal.end(row.text, settle);
    } else {
      settle();
    }
  }

  #updateDraft(shown, row) {
    const author = { kind: "ai", name: this.client.profile?.assistant ?? "" };
    const isReadable = row.draft.points.length > 0 && !row.draft.broken;
    shown.body ??= h("div", { class: "prose", dir: "auto" });
    shown.reveal ??= new Reveal(shown.body);
    const signature = `draft|${isReadable}|${row.isFirst}`;
    if (signature !== shown.signature) {
      shown.signature = signature;
      this.#fillAuthored(shown, row, author, isReadable ? shown.body : this.#dots(this.texts.say("thinking", { name: this.#nameOf(author) })));
      shown.node.classList.toggle("streaming", isReadable);
    }
    if (isReadable) shown.reveal.show(row.draft.points);
  }

  #fillAuthored(shown, row, author, content) {
    shown.node.className = `theirs${row.isFirst ? " first" : ""}`;
    // The body is not moved: that loses the reader's selection.
    for (const child of [...shown.node.children]) if (child !== content) child.remove();
    if (!content.isConnected) shown.node.append(content);
    if (row.isFirst) shown.node.prepend(this.#authorLine(row, author));
  }

  #authorLine(row, author) {
    const name = this.#nameOf(author);
    const isAi = author.kind === "ai";
    return h(
      "div",
      { class: "author" },
      h("span", { class: `avatar ${isAi ? "ai" : "person"}`, "aria-hidden": "true" }, initials(name)),
      h("span", { class: "name" }, name),
      isAi ? h("span", { class: "tag" }, this.texts.say("ai")) : "",
      row.message ? this.#time(row.at) : "",
    );
  }

  #sources(citations) {
    const source = (citation) =>
      button(
        {
          "aria-haspopup": "dialog",
          "aria-label": this.#citationLabel(citation),
          onclick: (event) => this.onCitation(citation, event.currentTarget),
        },
        h("span", { class: "number" }, citation.n),
        h("span", { class: "source-title", dir: "auto" }, citation.title),
      );
    const rows = citations.map((citation) => h("li", {}, source(citation)));
    return h("ul", { class: "sources", role: "list", "aria-label": this.texts.say("sources") }, ...rows);
  }

  #citationLabel({ n: number, title }) {
    return this.texts.say("openSource", { number, title });
  }

  #dots(label) {
    return h("div", { class: "dots" }, h("span", { class: "visually-hidden" }, label), h("i"), h("i"), h("i"));
  }

  #time(at) {
    const language = this.texts.language;
    return h("time", { datetime: at.toISOString() }, clockTime(at, { language }));
  }

  #nameOf(author) {
    return author.name || this.texts.say(author.kind === "ai" ? "assistant" : "person");
  }
}

export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => [...word][0]).join("").toLocaleUpperCase();
}

/** Text arrives in lumps and appears smoothly. */
class Reveal {
  #element;
  #target = [];
  #shown = 0;
  #frame = 0;
  #finish = null;

  constructor(element) {
    this.#element = element;
  }

  /** points: the text so far, or another one (a new attempt). */
  show(points) {
    let same = 0;
    while (same < this.#shown && points[same] === this.#target[same]) same += 1;
    this.#shown = same;
    this.#target = [...points];
    this.#schedule();
  }

  end(text, finish) {
    this.#finish = finish;
    this.show([...text]);
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #schedule() {
    if (STILL.matches || document.hidden) {
      this.stop();
      this.#shown = this.#target.length;
      this.#render();
    } else {
      this.#frame ||= requestAnimationFrame(() => this.#step());
    }
  }

  #step() {
    this.#frame = 0;
    const hidden = this.#target.length - this.#shown;
    this.#shown += Math.ceil(hidden * SHARE_PER_FRAME);
    this.#render();
    if (this.#shown < this.#target.length) this.#schedule();
  }

  #render() {
    if (this.#finish && this.#shown >= this.#target.length) this.#finish();
    else renderInto(this.#element, this.#target.slice(0, this.#shown).join(""), { partial: true });
  }
}
