/** What does this browser keep for one member? Drafts, unsent replies and preferences; memory where localStorage is refused. */

const DRAFT_LIFE = 14 * 24 * 3600_000;

export class DeskStorage {
  #prefix;
  #memory = new Map();

  constructor(memberId) {
    this.#prefix = `switchboard:desk:${memberId}:`;
  }

  /** Returns what was set under name, or null. Entries another version wrote in a form we cannot read count as none. */
  get(name) {
    const key = this.#prefix + name;
    try {
      return JSON.parse(localStorage.getItem(key) ?? this.#memory.get(key) ?? "null");
    } catch {
      return JSON.parse(this.#memory.get(key) ?? "null");
    }
  }

  set(name, value) {
    const key = this.#prefix + name;
    const text = JSON.stringify(value);
    try {
      localStorage.setItem(key, text);
      this.#memory.delete(key);
    } catch {
      // Blocked or full: it lasts until the window closes.
      this.#memory.set(key, text);
    }
  }

  remove(name) {
    this.#memory.delete(this.#prefix + name);
    try {
      localStorage.removeItem(this.#prefix + name);
    } catch {
      // Nothing was stored where storage is blocked.
    }
  }

  /** Names that begin with start, without the prefix all entries share. */
  names(start) {
    const from = this.#prefix + start;
    const keys = [...this.#memory.keys()];
    try {
      keys.push(...Object.keys(localStorage));
    } catch {
      // Blocked: memory holds everything there is.
    }
    return keys.filter((key) => key.startsWith(from)).map((key) => key.slice(this.#prefix.length));
  }

  /** Forget drafts nobody has touched for two weeks: they hold what agents wrote about customers. */
  dropOldDrafts(now = Date.now()) {
    for (const name of [...this.names("draft:"), ...this.names("out:")]) {
      if (!(now - this.get(name)?.at < DRAFT_LIFE)) this.remove(name);
    }
  }

  /** On sign-out nothing about customers stays in the browser. */
  forget() {
    for (const name of [...this.names("draft:"), ...this.names("out:")]) this.remove(name);
  }
}
