/** How do the parts of the desk work together? This module makes them, and is the only one that knows them all. */
import { fullTime, keepFresh, relativeTime } from "../shared/time.js";
import { renderInto } from "../shared/richtext.js";
import { CustomerView } from "./customer.js";
import { Decisions } from "./decisions.js";
import { confidenceWords, dressAvatar, waitingTime } from "./elements.js";
import { ConversationList } from "./list.js";
import { Notices } from "./notices.js";
import { Outbox } from "./outbox.js";
import { keepFocus } from "./parts.js";
import { needsPerson } from "./row.js";
import { csrfToken, post } from "./server.js";
import { Sheet } from "./sheet.js";
import { Shortcuts } from "./shortcuts.js";
import { DeskSocket } from "./socket.js";
import { DeskStorage } from "./storage.js";
import { Switcher } from "./switcher.js";
import { Toasts } from "./toasts.js";
import { Workspace } from "./workspace.js";

// Delivery by socket is at most once; once a minute the window makes sure.
const STALE = 60_000;
// How often to ask for what could not be read.
const AGAIN = 15_000;
const READ_AFTER = 400;

const boot = JSON.parse(document.getElementById("boot").textContent);
const { me, assistant } = boot;
const home = document.body.dataset.home;
const byId = (id) => document.getElementById(id);

const storage = new DeskStorage(me.id);
const toasts = new Toasts();
const socket = new DeskSocket();
const outbox = new Outbox(storage, (id) => `${home}c/${id}/reply/`);
const notices = new Notices({ home, counts: boot.counts, storage });
const list = new ConversationList({ element: byId("rows"), end: byId("list-end"), scroll: byId("list-scroll"), me, home });
const workspace = new Workspace({ me, assistant, home, storage, outbox, socket, toasts, onCitation: showPassage, ask });
const customers = new CustomerView({ home, onCitation: showPassage });
const decisions = new Decisions(toasts);
const sheet = new Sheet();
const switcher = new Switcher((id) => openConversation(id), (id) => openCustomer(id));

// Parts that htmx puts in place

document.body.addEventListener("htmx:configRequest", ({ detail }) => { detail.headers["X-CSRFToken"] = csrfToken(); });
document.body.addEventListener("htmx:load", ({ detail }) => dress(detail.elt));

function dress(root) {
  const all = (selector) => [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  for (const avatar of all("[data-avatar]")) dressAvatar(avatar);
  for (const time of all("time[data-relative]")) {
    time.textContent = relativeTime(new Date(time.dateTime));
    time.title = fullTime(new Date(time.dateTime));
  }
  for (const time of all("time[data-waiting]")) time.textContent = waitingTime(new Date(time.dateTime));
  for (const element of all("[data-confidence]")) {
    const { word, text } = confidenceWords(Number(element.dataset.confidence));
    element.textContent = text;
    element.classList.add(`confidence--${word}`);
  }
}

// Moving about

function openConversation(id, { push = true } = {}) {
  sheet.close();
  customers.leave();
  document.body.dataset.shows = "conversation";
  if (push && location.pathname !== `${home}c/${id}/`) history.pushState({}, "", list.addressOf(id));
  list.setOpen(id);
  return workspace.open(id);
}

function addressOf() {
  if (workspace.id) return list.addressOf(workspace.id);
  return `${customers.id ? customers.addressOf(customers.id) : home}?view=${list.view}`;
}

function openCustomer(id, { push = true } = {}) {
  sheet.close();
  workspace.leave();
  document.body.dataset.shows = "conversation";
  list.setOpen(null);
  if (push && location.pathname !== customers.addressOf(id)) history.pushState({}, "", `${customers.addressOf(id)}?view=${list.view}`);
  return customers.open(id);
}

function leaveConversation({ push = true } = {}) {
  const id = workspace.id;
  document.body.dataset.shows = "list";
  sheet.close();
  customers.leave();
  if (push) history.pushState({}, "", `${home}?view=${list.view}`);
  workspace.clear();
  list.setOpen(null);
  notices.setTitle(byId("list-title").textContent);
  (list.link(id) ?? byId("list-title")).focus({ preventScroll: true });
}

async function showList(view, { push = true } = {}) {
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const current = document.querySelector(`[data-view="${view}"]`);
  current.scrollIntoView({ inline: "nearest", block: "nearest" });
  byId("list-title").textContent = current.querySelector(".view__label").textContent;
  byId("list-scroll").scrollTop = 0;
  const loaded = list.show(view);
  byId("list-order").textContent = list.order;
  if (push) history.pushState({}, "", addressOf());
  if (!workspace.id && !customers.id) notices.setTitle(byId("list-title").textContent);
  await loaded;
}

addEventListener("popstate", () => {
  const view = new URLSearchParams(location.search).get("view") ?? boot.view;
  if (view !== list.view && document.querySelector(`[data-view="${CSS.escape(view)}"]`)) showList(view, { push: false });
  const [, kind, id] = /\/(c|customers)\/([0-9a-f-]{36})\/$/.exec(location.pathname) ?? [];
  if (kind === "c") openConversation(id, { push: false });
  else if (kind) openCustomer(id, { push: false });
  else leaveConversation({ push: false });
});

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const target = event.target.closest("[data-conversation], [data-person], [data-view], [data-leave], [data-open], [data-close], [data-passage]");
  if (!target) return;
  event.preventDefault();
  const { conversation, person, view, leave, open, close, passage } = target.dataset;
  if (conversation) openConversation(conversation);
  else if (person) openCustomer(person);
  else if (view) showList(view);
  else if (leave !== undefined) leaveConversation();
  else if (open === "switcher") switcher.show();
  else if (open === "context") sheet.open(target);
  else if (open) byId(open).showModal();
  else if (close) sheet.close();
  else if (passage) showPassage(JSON.parse(byId("answer-citations").textContent)[passage]);
});

// Dialogs

function showPassage(citation) {
  byId("passage-place").textContent = `Source ${citation.n}`;
  byId("passage-title").textContent = citation.title;
  renderInto(byId("passage-text"), citation.passage);
  byId("passage").showModal();
  byId("passage-text").scrollTop = 0;
}

function ask({ text, more, yes }) {
  const dialog = byId("question");
  byId("question-text").textContent = text;
  byId("question-more").textContent = more;
  byId("question-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

byId("passage").addEventListener("click", (event) => event.target === byId("passage") && byId("passage").close());
byId("sign-out").addEventListener("submit", () => storage.forget());

// What the server says

const knownNeeds = new Set(boot.list.rows.filter(needsPerson).map((row) => row.id));

socket.addEventListener("frame", ({ detail: frame }) => {
  workspace.receive(frame);
  if (frame.type === "error") toasts.show(frame.text, { tone: "alert" });
  if (frame.type === "customer.changed" && shows(frame.customer_ids)) lookAgain();
  if (frame.type !== "conversation.updated") return;
  const row = frame.conversation;
  customers.heard(row);
  const before = list.update(row);
  notices.countSoon();
  if (before && needsPerson(before)) knownNeeds.add(row.id);
  if (!needsPerson(row)) knownNeeds.delete(row.id);
  else if (!knownNeeds.has(row.id)) {
    knownNeeds.add(row.id);
    notices.personNeeded(row);
  }
});

/** Whether one of these customers is the one on the screen, or of their family. */
function shows(ids) {
  const { customer, root } = byId("context")?.dataset ?? {};
  return ids.includes(customer) || ids.includes(root);
}

function lookAgain() {
  if (customers.id) customers.refresh();
  else workspace.refresh();
}

decisions.addEventListener("changed", () => lookAgain());
setInterval(() => {
  if (document.visibilityState !== "visible") return;
  if (document.querySelector("#context[data-again]")) lookAgain();
  workspace.timeline?.openAgain();
}, AGAIN);

let caughtUpAt = Date.now();
function catchUp() {
  caughtUpAt = Date.now();
  list.refresh();
  notices.countSoon();
  outbox.flush();
}

function makeSure() {
  if (document.visibilityState !== "visible" || socket.state !== "online" || Date.now() - caughtUpAt < STALE) return;
  catchUp();
  socket.watchAgain();
}
setInterval(makeSure, STALE / 4);

socket.addEventListener("state", () => {
  notices.showConnection(socket);
  // The first time as well: something may have happened between the page and the socket.
  if (socket.state === "online") catchUp();
});
addEventListener("online", () => outbox.flush());
addEventListener("beforeunload", (event) => outbox.busy && event.preventDefault());

// What has been read

let readTimer = 0;
function readSoon() {
  clearTimeout(readTimer);
  readTimer = setTimeout(() => {
    const { id, timeline } = workspace;
    if (!timeline || document.visibilityState !== "visible") return;
    const seq = timeline.lastSeq;
    list.setRead(id, seq);
    // A mark that gets lost only leaves a row bold until the next one.
    post(`${home}c/${id}/read/`, { seq }).then(() => notices.countSoon(), () => {});
  }, READ_AFTER);
}

workspace.addEventListener("opened", () => {
  document.body.dataset.shows = "conversation";
  list.setOpen(workspace.id);
  const title = document.querySelector(".head__title").textContent.trim();
  notices.setTitle(title);
  notices.say(`Open: ${title}`);
  readSoon();
});
customers.addEventListener("opened", () => {
  document.body.dataset.shows = "conversation";
  list.setOpen(null);
  const reference = byId("customer-head").dataset.reference;
  // The reference, not the name: titles end up in histories and on shared screens.
  notices.setTitle(reference);
  notices.say(`Open: ${reference}`);
});
workspace.addEventListener("messages", ({ detail }) => {
  readSoon();
  const said = detail.findLast((message) => message.author.kind === "customer");
  if (said) notices.say(`${said.author.name}: ${said.text.slice(0, 200)}`);
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") readSoon();
  makeSure();
});

// Keys

function step(by) {
  const ids = list.ids;
  const focused = document.activeElement.closest?.("[data-conversation]")?.dataset.conversation;
  const at = ids.indexOf(focused ?? workspace.id);
  const next = list.link(ids[Math.min(ids.length - 1, Math.max(0, at + by))]);
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const viewKeys = Object.fromEntries([...document.querySelectorAll("[data-view]")].map((link, index) => [String(index + 1), () => showList(link.dataset.view)]));
new Shortcuts(
  {
    ...viewKeys,
    j: () => step(1),
    k: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    r: () => workspace.composer?.focus(),
    t: () => byId("deed-take") && workspace.act("take"),
    e: () => byId("deed-close") && workspace.act("close"),
    z: () => decisions.undo() || workspace.undo(),
    "/": () => switcher.show(),
    "ctrl+k": () => switcher.show(),
    "?": () => byId("shortcuts").showModal(),
  },
  storage,
);

// Begin

storage.dropOldDrafts();
dress(document.body);
keepFresh(document.body);
setInterval(() => { for (const time of document.querySelectorAll("time[data-waiting]")) time.textContent = waitingTime(new Date(time.dateTime)); }, 15_000);
byId("list-order").textContent = "";
list.fill(boot.view, boot.list);
byId("list-order").textContent = list.order;
notices.setTitle(byId("list-title").textContent);
document.querySelector("[data-view][aria-current]").scrollIntoView({ inline: "center", block: "nearest" });
keepFocus(() => sheet.closeButton ?? byId("customer-title"));
workspace.adopt();
customers.adopt();
socket.start();
