/** How does one conversation look in the list? */
import { plainText } from "../shared/richtext.js";
import { fullTime, relativeTime } from "../shared/time.js";
import { dressAvatar, icon, make, waitingTime } from "./elements.js";

const CHANNELS = { web: "Web chat", email: "E-mail", sms: "Text message", voice: "Telephone" };
// After this long the waiting time turns red: somebody is about to give up.
const LONG_WAIT = 10 * 60_000;

// A snippet ends anywhere, so the star that closes an emphasis may be missing.
const STARS = /(?<![\p{L}\p{N}])\*(?=\S)|(?<=\S)\*(?![\p{L}\p{N}])/gu;

export function ownerWords(row, me) {
  if (row.status === "closed") return { text: "Closed", tone: "" };
  if (row.owner.kind === "ai") return { text: "AI", tone: "badge--ai" };
  if (row.owner.member_id === me.id) return { text: "You", tone: "badge--person" };
  if (needsPerson(row)) return { text: "Needs a person", tone: "badge--waiting" };
  return { text: row.owner.name || "Colleague", tone: "badge--person" };
}

/** A person's conversation whose person is gone needs one again. */
export function needsPerson(row) {
  return row.status !== "closed" && (row.owner.kind === "nobody" || (row.owner.kind === "person" && !row.owner.member_id));
}

function snippet(row, me) {
  if (!row.snippet) return "";
  const { author_kind: kind, text } = row.snippet;
  const author = kind === "ai" ? "AI: " : kind !== "agent" ? "" : row.owner.member_id === me.id ? "You: " : `${row.owner.name || "Agent"}: `;
  return author + plainText(text).replace(STARS, "").replace(/\s+/g, " ");
}

export function buildRow(row, { address }) {
  const avatar = make("span", { class: "avatar", "aria-hidden": "true", dataset: { avatar: row.reference } });
  dressAvatar(avatar);
  const link = make(
    "a",
    { class: "row", href: address, dataset: { conversation: row.id } },
    make("span", { class: "row__who" }, avatar, make("span", { class: "row__channel", title: CHANNELS[row.channel] }, icon(row.channel))),
    make(
      "span",
      { class: "row__body" },
      make("span", { class: "row__line" }, make("span", { class: "row__name truncate" }, row.reference), make("time", { class: "row__time" })),
      make("span", { class: "row__title truncate" }),
      make("span", { class: "row__line" }, make("span", { class: "row__text truncate" }), make("span", { class: "row__owner" })),
    ),
  );
  return make("li", { class: "rows__item" }, link);
}

/** Bring the row up to date in place, so that focus and hover survive. */
export function fillRow(item, row, { me, unread, open, address }) {
  const link = item.firstElementChild;
  link.href = address;
  link.classList.toggle("row--unread", unread);
  link.classList.toggle("row--needs", needsPerson(row));
  if (open) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
  const title = row.title || "No message yet";
  const last = snippet(row, me);
  link.querySelector(".row__title").textContent = title;
  // The first message is title and newest text at once; once is enough.
  link.querySelector(".row__text").textContent = last && !last.startsWith(title.replace(/…$/, "")) ? last : CHANNELS[row.channel];
  const owner = ownerWords(row, me);
  link.querySelector(".row__owner").replaceChildren(make("span", { class: `badge badge--dot ${owner.tone}` }, owner.text));
  fillTime(item, row);
  link.setAttribute("aria-label", describe(row, { title, owner, unread }));
}

export function fillTime(item, row, now = Date.now()) {
  const time = item.querySelector(".row__time");
  const waiting = row.waiting_since && row.status !== "closed" && row.owner.kind !== "ai";
  const since = new Date(waiting ? row.waiting_since : row.last_message_at);
  time.dateTime = since.toISOString();
  time.title = waiting ? `Waiting since ${fullTime(since)}` : fullTime(since);
  time.classList.toggle("row__time--waiting", Boolean(waiting));
  time.classList.toggle("row__time--long", Boolean(waiting) && now - since > LONG_WAIT);
  if (waiting) time.replaceChildren(icon("clock"), waitingTime(since, now));
  else time.textContent = relativeTime(since, { now: new Date(now) });
}

function describe(row, { title, owner, unread }) {
  const waits = row.waiting_since && row.owner.kind !== "ai" ? `, waiting for ${waitingTime(new Date(row.waiting_since))}` : "";
  return `${unread ? "Unread. " : ""}${row.reference}: ${title}. ${CHANNELS[row.channel]}, ${owner.text}${waits}`;
}
