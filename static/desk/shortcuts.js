/** Which key does what? One table; single letters can be switched off for people who dictate. */

const EDITABLE = "input:not([type=checkbox]), textarea, select, [contenteditable]";

export class Shortcuts {
  #keys;
  #single = document.getElementById("single-keys");

  /** keys: {key: action}; "ctrl+k" also means Cmd+K. */
  constructor(keys, storage) {
    this.#keys = keys;
    this.#single.checked = storage.get("single-keys") !== false;
    this.#single.addEventListener("change", () => storage.set("single-keys", this.#single.checked));
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    if (event.defaultPrevented || event.isComposing || event.altKey || document.querySelector("dialog[open]")) return;
    const combined = event.ctrlKey || event.metaKey;
    const writing = event.target.closest?.(EDITABLE);
    if (!combined && (writing || (event.key.length === 1 && !this.#single.checked))) return;
    // Space and Enter belong to the button that has the focus, arrows to the messages one is scrolling.
    if (event.key.startsWith("Arrow") && event.target.closest?.("#timeline, [popover]")) return;
    const action = this.#keys[combined ? `ctrl+${event.key.toLowerCase()}` : event.key];
    if (!action) return;
    event.preventDefault();
    action();
  }
}
