/** How is something said in passing? A line at the bottom that goes away, with at most one thing to do. */
import { make } from "./elements.js";

const LIFE = 6_000;
const LIFE_WITH_ACTION = 9_000;

export class Toasts {
  #place = document.getElementById("toasts");
  #remove = null;

  /** Replaces the toast before it. onEnd runs when this one is gone without its action. */
  show(text, { action = "", run = () => {}, onEnd = () => {}, tone = "" } = {}) {
    this.#remove?.();
    let timer = 0;
    const remove = () => {
      clearTimeout(timer);
      toast.remove();
      if (this.#remove === remove) this.#remove = null;
    };
    const act = () => {
      remove();
      run();
    };
    const toast = make(
      "div",
      { class: "toast", role: tone === "alert" ? "alert" : null },
      make("span", {}, text),
      action ? make("button", { type: "button", onclick: act }, action, make("span", { class: "toast__key" }, " z")) : null,
    );
    const end = () => {
      remove();
      onEnd();
    };
    const wait = () => { timer = setTimeout(end, action ? LIFE_WITH_ACTION : LIFE); };
    // Nobody should have to race a pointer that is already there.
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", wait);
    this.#remove = remove;
    this.#place.replaceChildren(toast);
    wait();
  }
}
