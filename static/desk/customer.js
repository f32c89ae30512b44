/** Which customer is open? Fetches their panes, and keeps them current. Emits "opened". */
import { make } from "./elements.js";
import { Happenings } from "./happenings.js";
import { fetchPart } from "./parts.js";

const SLOW = 150;
const SOON = 300;

export class CustomerView extends EventTarget {
  id = null;

  #home;
  #onCitation;
  #element = document.getElementById("workspace");
  #happenings = null;
  #opening = 0;
  #timer = 0;

  constructor({ home, onCitation }) {
    super();
    this.#home = home;
    this.#onCitation = onCitation;
  }

  addressOf(id, part = "") {
    return `${this.#home}customers/${id}/${part}`;
  }

  /** Begin with what the page brought, if it brought a customer. */
  adopt() {
    const section = document.getElementById("customer");
    if (section) this.#enter(section.dataset.id);
  }

  async open(id) {
    if (id === this.id) return;
    this.leave();
    this.id = id;
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
    clearTimeout(this.#timer);
    this.#happenings?.stop();
    this.#happenings = null;
    this.id = null;
  }

  /** A conversation has news: it may be one of theirs. */
  heard(row) {
    if (this.#happenings?.knows(row)) this.#later(() => this.#happenings?.refresh());
  }

  /** Look again at who this is and, since that decides it, at all that happened with them. */
  refresh() {
    if (!this.id) return;
    this.#later(() => {
      const head = document.getElementById("customer-head");
      if (head) fetchPart(this.addressOf(this.id, "state/"), { target: head, swap: "outerHTML" });
      this.#happenings?.startOver();
    });
  }

  #later(look) {
    const id = this.id;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => id === this.id && look(), SOON);
  }

  #enter(id) {
    this.id = id;
    const page = JSON.parse(document.getElementById("customer-timeline-data").textContent);
    this.#happenings = new Happenings({ page, address: this.addressOf(id, "timeline/"), home: this.#home, onCitation: this.#onCitation });
    this.dispatchEvent(new Event("opened"));
  }

  #showRefusal(id, refusal) {
    const again = make("button", { class: "button", type: "button", onclick: () => { this.leave(); this.open(id); } }, "Try again");
    const back = make("a", { class: "button button--ghost", href: this.#home, dataset: { leave: "" } }, "Back to the list");
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
    make("div", { class: "happenings__waiting" }, line("card"), line("card"), line("card")),
  );
}
