/**
 * How does an agent say who somebody is? One dialog for adding, joining and undoing, with content from the server; a toast offers to take
 * back what was just done. Emits "changed" when something was.
 */
import { make } from "./elements.js";
import { fetchPart, refusalOf } from "./parts.js";

const SLOW = 150;
const LABELS = { name: "Name", email: "E-mail address", phone: "Telephone number", external_id: "Customer id" };
const HINTS = {
  name: "As the customer writes it.",
  email: "In full, for example mia@example.org.",
  phone: "With + and country code, for example +44 20 7946 0018.",
  external_id: "Exactly as it stands in your own system.",
};

export class Decisions extends EventTarget {
  #dialog = document.getElementById("decision");
  #toasts;
  #opener = "";
  #undo = null;

  constructor(toasts) {
    super();
    this.#toasts = toasts;
    document.addEventListener("click", (event) => this.#click(event));
    document.body.addEventListener("customer:done", ({ detail }) => this.#done(detail));
    this.#dialog.addEventListener("change", ({ target }) => target.name === "kind" && this.#label(target.value));
    this.#dialog.addEventListener("htmx:beforeRequest", ({ target }) => this.#busy(target, true));
    this.#dialog.addEventListener("htmx:afterRequest", ({ target }) => this.#busy(target, false));
    for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
      this.#dialog.addEventListener(name, ({ target, detail }) => target !== this.#dialog && this.#say(refusalOf(detail).message));
    }
  }

  /** Undo what was done last, while its toast is there. Returns whether there was something. */
  undo() {
    const undo = this.#undo;
    this.#undo = null;
    undo?.();
    return Boolean(undo);
  }

  #click(event) {
    const target = event.target.closest("[data-decide], [data-post], [data-cancel]");
    if (event.target === this.#dialog || (target && "cancel" in target.dataset)) this.#dialog.close();
    else if (target?.dataset.decide) this.#open(target.dataset.decide, target);
    else if (target) this.#post(target.dataset.post, target);
  }

  async #open(address, opener) {
    if (!this.#dialog.contains(opener)) this.#opener = opener.id;
    const slow = setTimeout(() => this.#show(waiting()), SLOW);
    const refusal = await fetchPart(address, { target: this.#dialog, swap: "innerHTML" });
    clearTimeout(slow);
    if (refusal) this.#show(refused(refusal.message));
    else this.#show();
    (this.#dialog.querySelector("[autofocus]") ?? this.#dialog.querySelector("button"))?.focus();
  }

  #show(...content) {
    if (content.length) this.#dialog.replaceChildren(...content);
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  async #post(address, button) {
    button.setAttribute("aria-busy", "true");
    const refusal = await fetchPart(address, { verb: "POST", target: button, swap: "none" });
    button.removeAttribute("aria-busy");
    if (!refusal) return;
    this.#toasts.show(refusal.message, { tone: "alert" });
    // Whatever made it impossible is not on this screen yet.
    this.dispatchEvent(new CustomEvent("changed", { detail: { focus: this.#opener } }));
  }

  #done({ text, undo }) {
    this.#dialog.close();
    const reverse = () => this.#post(undo, document.getElementById("toasts"));
    this.#undo = undo ? reverse : null;
    this.#toasts.show(text, undo ? { action: "Undo", run: () => this.undo(), onEnd: () => { this.#undo = null; } } : {});
    this.dispatchEvent(new CustomEvent("changed", { detail: { focus: this.#opener } }));
  }

  #busy(form, busy) {
    if (!form.matches("[data-decision]")) return;
    const button = form.querySelector("[type=submit]");
    if (busy) button.setAttribute("aria-busy", "true");
    else button.removeAttribute("aria-busy");
    if (busy) this.#say("");
  }

  #say(text) {
    const problem = document.getElementById("decision-problem");
    if (!problem) return;
    problem.textContent = text;
    problem.hidden = !text;
    document.getElementById("entry-value")?.setAttribute("aria-invalid", String(Boolean(text)));
  }

  #label(kind) {
    document.getElementById("entry-label").textContent = LABELS[kind];
    document.getElementById("entry-hint").textContent = HINTS[kind];
    const field = document.getElementById("entry-value");
    field.inputMode = { email: "email", phone: "tel" }[kind] ?? "text";
    this.#say("");
  }
}

function waiting() {
  const line = () => make("span", { class: "skeleton" });
  return make("div", { class: "decision decision--waiting", "aria-busy": "true" }, make("h2", { class: "visually-hidden", id: "decision-title" }, "Loading"), line(), line(), line());
}

function refused(message) {
  return make(
    "div",
    { class: "decision" },
    make("div", { class: "dialog__head" }, make("h2", { id: "decision-title" }, "This is not possible")),
    make("div", { class: "dialog__body", role: "alert" }, make("p", { class: "soft" }, message)),
    make("div", { class: "dialog__foot" }, make("button", { class: "button", type: "button", dataset: { cancel: "" } }, "Close")),
  );
}
