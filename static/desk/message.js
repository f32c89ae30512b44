/** How does one message look in the conversation? */
import { renderInto } from "../shared/richtext.js";
import { clockTime, dayLabel, fullTime, sameDay } from "../shared/time.js";
import { confidenceWords, make } from "./elements.js";

const FOLLOWS_WITHIN = 5 * 60_000;
const ENGINES = { builtin: "built-in engine", model: "language model" };

/** What to say about a text that is not what was written. */
export function sealedWords({ sealed }) {
  if (sealed === "erased") return "This message has been erased.";
  if (sealed === "damaged") return "This message cannot be read: it is not what was stored.";
  return sealed ? "Personal details cannot be shown just now." : "";
}

export function eventWords({ event, author }) {
  if (event.name === "person.requested") return "The customer asked for a person";
  if (event.name === "conversation.closed") return author.name ? `${author.name} closed this` : "Closed";
  if (event.name === "conversation.reopened") return author.name ? `${author.name} reopened this` : "Open again";
  if (event.name !== "owner.changed" || !event.owner) return event.name;
  if (event.owner.kind === "ai") return "The AI is answering again";
  if (event.owner.kind === "nobody") return "Waits for a person";
  return `${event.owner.name || "A colleague"} is answering now`;
}

function dayMark(at) {
  return make("p", { class: "message__day", hidden: true }, make("span", {}, dayLabel(at)));
}

function time(at) {
  return make("time", { class: "message__time faint", datetime: at.toISOString(), title: fullTime(at) }, clockTime(at));
}

function metaOf(message) {
  if (message.author.kind !== "ai") return null;
  const parts = [ENGINES[message.engine] ?? message.engine];
  if (message.confidence !== null) parts.push(`confidence ${confidenceWords(message.confidence).text}`);
  if (!message.citations.length) parts.push("no passage cited");
  return make("p", { class: "message__meta tiny faint" }, parts.filter(Boolean).join(" · "));
}

function sourcesOf(message, onCitation) {
  if (!message.citations.length) return null;
  const chips = message.citations.map((citation) =>
    make(
      "li",
      {},
      make(
        "button",
        { class: "source", type: "button", "aria-haspopup": "dialog", onclick: () => onCitation(citation) },
        make("span", { class: "source__n number" }, String(citation.n)),
        make("span", { class: "truncate" }, citation.title),
      ),
    ),
  );
  return make("ol", { class: "message__sources", role: "list" }, ...chips);
}

/** A message or an event as a list item; grouping with its neighbour is decided by join(). */
export function buildMessage(message, { onCitation }) {
  const at = new Date(message.created_at);
  const dataset = { seq: message.seq, author: message.author.kind, name: message.author.name, at: message.created_at };
  if (message.kind === "event") {
    return make("li", { class: "message message--event", dataset }, dayMark(at), make("p", { class: "message__event" }, eventWords(message), " ", time(at)));
  }
  if (message.sealed) dataset.sealed = message.sealed;
  const text = make("div", { class: "message__text prose" });
  renderInto(text, message.text, { citations: message.citations, onCitation });
  const note = sealedWords(message);
  if (note) text.append(make("p", { class: "message__sealed" }, note));
  return make(
    "li",
    { class: `message message--${message.author.kind}`, dataset },
    dayMark(at),
    make("p", { class: "message__by" }, make("strong", {}, message.author.name || message.author.kind), " ", time(at)),
    make("div", { class: "message__bubble" }, text, sourcesOf(message, onCitation)),
    metaOf(message),
  );
}

/** Show the day where it changes, and the author only where they do. */
export function join(item, before) {
  const at = new Date(item.dataset.at);
  const newDay = !before || !sameDay(at, new Date(before.dataset.at));
  item.querySelector(".message__day").hidden = !newDay;
  const follows =
    !newDay &&
    item.dataset.author === before.dataset.author &&
    item.dataset.name === before.dataset.name &&
    at - new Date(before.dataset.at) < FOLLOWS_WITHIN &&
    !item.classList.contains("message--event") &&
    !before.classList.contains("message--event");
  item.classList.toggle("message--follows", follows);
}

/** The AI's answer while it is being written. */
export function buildDraft(name) {
  return make(
    "li",
    { class: "message message--ai message--draft" },
    make("p", { class: "message__by" }, make("strong", {}, name), " ", make("span", { class: "faint" }, "is answering")),
    make("div", { class: "message__bubble" }, make("div", { class: "message__text prose" }), typingDots()),
  );
}

export function fillDraft(item, draft) {
  const readable = draft.points.length > 0 && !draft.broken;
  item.classList.toggle("message--writing", readable);
  if (readable) renderInto(item.querySelector(".message__text"), draft.points.join(""), { partial: true });
}

export function typingDots() {
  return make("span", { class: "dots", "aria-hidden": "true" }, make("i"), make("i"), make("i"));
}

/** A reply on its way, or stuck: its text stays, with the reason and what can be done. */
export function buildOutgoing(item, me, actions) {
  const text = make("div", { class: "message__text prose" });
  renderInto(text, item.text);
  const stuck = item.state === "failed" || item.state === "question";
  const row = make(
    "li",
    { class: `message message--agent message--outgoing${stuck ? " message--stuck" : ""}`, dataset: { state: item.state } },
    make("p", { class: "message__by" }, make("strong", {}, me.name)),
    make("div", { class: "message__bubble" }, text),
  );
  if (item.state === "sending" || item.state === "sent") row.append(make("p", { class: "message__meta tiny faint" }, "Sending…"));
  if (item.state === "waiting") row.append(make("p", { class: "message__meta tiny faint", role: "status" }, item.error ? `${item.error} Trying again by itself.` : "Waits for the reply before it."));
  if (stuck) row.append(problemOf(item, actions));
  return row;
}

function problemOf(item, { retry, edit }) {
  const asks = item.state === "question";
  return make(
    "div",
    { class: "message__problem", role: "alert" },
    make("p", {}, make("strong", {}, "Not sent. "), item.error, asks ? ` ${item.question}` : ""),
    make(
      "p",
      { class: "cluster" },
      make("button", { class: "button button--small button--primary", type: "button", onclick: () => retry(item) }, asks ? (item.question.startsWith("Reopen") ? "Reopen and send" : "Send anyway") : "Try again"),
      make("button", { class: "button button--small", type: "button", onclick: () => edit(item) }, "Edit"),
    ),
  );
}
