/**
 * How are the details shown where there is no room beside the conversation? As a sheet over it: the focus goes in and comes back, what is
 * behind cannot be reached, Esc closes.
 */

const NARROW = matchMedia("(max-width: 1320px)");
const BEHIND = ".rail, .list, #conversation, #customer, .skip-link";

export class Sheet {
  #workspace = document.getElementById("workspace");
  #opener = "";

  constructor() {
    NARROW.addEventListener("change", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen && !document.querySelector("dialog[open]")) this.close();
    });
    // A tap beside the sheet: what is behind is inert, so the event's target is what holds it.
    document.addEventListener("click", (event) => {
      if (this.isOpen && !event.target.closest("#context, dialog, .toasts, [data-open]") && event.target.isConnected) this.close();
    });
  }

  get isOpen() {
    return this.#workspace.dataset.context === "open";
  }

  get closeButton() {
    return this.isOpen ? document.querySelector("#context [data-close]") : null;
  }

  open(opener) {
    if (!NARROW.matches || !document.getElementById("context")) return;
    this.#opener = opener.id;
    this.#workspace.dataset.context = "open";
    this.#hide(true);
    this.closeButton.focus();
  }

  close() {
    if (!this.isOpen) return;
    delete this.#workspace.dataset.context;
    this.#hide(false);
    document.getElementById(this.#opener)?.focus();
  }

  #hide(hidden) {
    for (const element of document.querySelectorAll(BEHIND)) element.inert = hidden;
  }
}
