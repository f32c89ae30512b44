/**
 * Which conversation is open, and what is done to it? Fetches its panes, keeps their head current, performs take, return, close and
 * reopen, asks when somebody else was quicker, and offers to undo. Emits "opened" and "messages".
 */
import { Composer } from "./composer.js";
import { make } from "./elements.js";
import { fetchPart } from "./parts.js";
import { Timeline } from "./timeline.js";

const SLOW = 150;
// What stands beside the conversation is fetched again: soon when it is about the answer or the owner, else when things are quiet.
const SOON = 120;
const LATER = 1_000;
const CONFIRM = { take: "Take it over", return: "Return to AI", close: "Close it" };

export class Workspace extends EventTarget {
  id = null;
  timeline = null;
  composer = null;

  #parts;
  #element = document.getElementById("workspace");
  #opening = 0;
  #unwatch = () => {};
  #early = [];
  #stateTimer = 0;
  #acting = false;
  #undo = null;
  #undoing = false;

  /** parts: me, assistant, home, storage, outbox, socket, toasts, onCitation, ask(question) */
  constructor(parts) {
    super();
    this.#parts = parts;
    this.#element.addEventListener("click", (event) => {
      const deed = event.target.closest("[data-deed]")?.dataset.deed;
      if (deed) this.act(deed);
    });
    document.body.addEventListener("desk:done", ({ detail }) => this.#done(detail));
    document.body.addEventListener("htmx:afterSettle", () => this.id && this.composer?.refresh());
  }

  addressOf(id, part = "") {
    return `${this.#parts.home}c/${id}/${part}`;
  }

  /** Begin with what the page brought, if it brought a conversation. */
  adopt() {
    const section = document.getElementById("conversation");
    if (!section) return;
    this.#follow(section.dataset.id);
    this.#enter(section.dataset.id);
  }

  async open(id) {
    if (id === this.id) return;
    this.leave();
    this.#follow(id);
    const turn = (this.#opening += 1);
    const slow = setTimeout(() => turn === this.#opening && this.#element.replaceChildren(skeleton()), SLOW);
    const refusal = await fetchPart(this.addressOf(id), { target: this.#element, swap: "innerHTML" });
    clearTimeout(slow);
    if (turn !== this.#opening) return;
    if (refusal) this.#showRefusal(id, refusal);
    else this.#enter(id);
  }

  leave() {
    this.#opening += 1;
    this.#unwatch();
    this.timeline?.stop();
    this.composer?.stop();
    clearTimeout(this.#stateTimer);
    Object.assign(this, { id: null, timeline: null, composer: null });
    this.#unwatch = () => {};
  }

  /** Show that nothing is open. */
  clear() {
    this.leave();
    this.#element.replaceChildren(document.getElementById("nothing-open").content.cloneNode(true));
  }

  /** Take a frame from the socket. */
  receive(frame) {
    if (frame.conversation_id && frame.conversation_id === this.id) {
      if (this.timeline) this.timeline.receive(frame);
      else this.#early.push(frame);
    }
    if (frame.type === "conversation.updated" && frame.conversation.id === this.id) {
      this.timeline?.expect(frame.conversation.last_seq);
      this.#refreshSoon(frame.conversation);
    }
  }

  /** Look again at what stands beside the conversation. */
  refresh() {
    if (this.timeline) this.#refreshIn(SOON);
  }

  async act(deed, { version } = {}) {
    const head = document.getElementById("head");
    if (this.#acting || !head || !this.id) return false;
    this.#acting = true;
    document.getElementById(`deed-${deed}`)?.setAttribute("aria-busy", "true");
    const values = { expected_owner_version: version ?? head.dataset.ownerVersion };
    const refusal = await fetchPart(this.addressOf(this.id, `${deed}/`), { verb: "POST", values, target: head, swap: "outerHTML" });
    this.#acting = false;
    document.getElementById(`deed-${deed}`)?.removeAttribute("aria-busy");
    if (!refusal) return true;
    if (refusal.question && (await this.#parts.ask({ text: refusal.message, more: refusal.question, yes: CONFIRM[deed] ?? "Go on" }))) {
      return this.act(deed, { version: refusal.ownerVersion });
    }
    if (!refusal.question) this.#parts.toasts.show(refusal.message, { tone: "alert" });
    this.#refreshIn(SOON);
    return false;
  }

  /** Undo what was done last, while its toast is there. Returns whether there was something. */
  undo() {
    const undo = this.#undo;
    this.#undo = null;
    undo?.();
    return Boolean(undo);
  }

  #done({ conversation, text, undo }) {
    if (this.#undoing) return;
    const reverse = async () => {
      if (this.id !== conversation) return;
      this.#undoing = true;
      for (const deed of undo) if (!(await this.act(deed))) break;
      this.#undoing = false;
    };
    this.#undo = undo.length ? reverse : null;
    this.#parts.toasts.show(text, undo.length ? { action: "Undo", run: () => this.undo(), onEnd: () => { this.#undo = null; } } : {});
  }

  /** Watch from the first moment: what comes while the panes are being fetched waits for them. */
  #follow(id) {
    this.id = id;
    this.#early = [];
    this.#unwatch = this.#parts.socket.watch(id, () => this.timeline?.lastSeq ?? Number.MAX_SAFE_INTEGER);
  }

  #enter(id) {
    const { me, assistant, storage, outbox, socket, onCitation } = this.#parts;
    const page = JSON.parse(document.getElementById("timeline-data").textContent);
    this.composer = new Composer({ id, me, storage, outbox, socket });
    this.timeline = new Timeline({ id, address: this.addressOf(id, "messages/"), page, me, assistant, outbox, onCitation, onEdit: (text) => this.composer.restore(text) });
    this.timeline.addEventListener("messages", ({ detail }) => {
      this.dispatchEvent(new CustomEvent("messages", { detail }));
      this.#refreshIn(detail.some((message) => message.author.kind === "ai") ? SOON : LATER);
    });
    for (const frame of this.#early.splice(0)) this.timeline.receive(frame);
    this.dispatchEvent(new Event("opened"));
  }

  #refreshSoon(row) {
    const { ownerVersion, status } = document.getElementById("head")?.dataset ?? {};
    if (String(row.owner_version) !== ownerVersion || row.status !== status) this.#refreshIn(SOON);
  }

  #refreshIn(pause) {
    clearTimeout(this.#stateTimer);
    this.#stateTimer = setTimeout(() => {
      const head = document.getElementById("head");
      if (!head || this.#acting) return;
      fetchPart(this.addressOf(this.id, "state/"), { target: head, swap: "outerHTML" });
    }, pause);
  }

  #showRefusal(id, refusal) {
    const again = make("button", { class: "button", type: "button", onclick: () => { this.leave(); this.open(id); } }, "Try again");
    const back = make("a", { class: "button button--ghost", href: this.#parts.home, dataset: { leave: "" } }, "Back to the list");
    const words = make("p", { class: "empty__title" }, refusal.message);
    this.#element.replaceChildren(make("div", { class: "nothing", role: "alert" }, words, make("p", { class: "cluster" }, refusal.retryable ? again : null, back)));
  }
}

function skeleton() {
  const line = (size) => make("span", { class: `skeleton skeleton--${size}` });
  return make(
    "div",
    { class: "conversation conversation--loading", "aria-busy": "true" },
    make("span", { class: "visually-hidden", role: "status" }, "Loading"),
    make("div", { class: "head" }, line("title")),
    make("div", { class: "conversation__waiting" }, line("left"), line("right"), line("left-short"), line("right-short")),
  );
}
