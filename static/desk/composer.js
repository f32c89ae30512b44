/**
 * How does an agent write? Enter sends, the draft of each conversation is kept in this browser, and the owner the agent saw when they
 * began to write goes with the reply, so that a colleague who took over meanwhile is not talked over by accident.
 */
const SAVE_AFTER = 300;
const COUNT_FROM = 3_600;
const IDLE = 5_000;

export class Composer {
  #id;
  #me;
  #storage;
  #outbox;
  #socket;
  #form = document.getElementById("composer");
  #text = document.getElementById("reply");
  #send = document.getElementById("send");
  #count = document.getElementById("composer-count");
  #notice = document.getElementById("composer-notice");
  #limit;
  #version = 0;
  #saveTimer = 0;
  #idleTimer = 0;

  constructor({ id, me, storage, outbox, socket }) {
    this.#id = id;
    this.#me = me;
    this.#storage = storage;
    this.#outbox = outbox;
    this.#socket = socket;
    this.#limit = Number(this.#text.dataset.limit);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#text.addEventListener("input", () => this.#changed());
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#text.addEventListener("blur", () => this.#stopTyping());
    const draft = storage.get(`draft:${id}`);
    if (draft?.text) {
      this.#text.value = draft.text;
      this.#version = draft.version;
    }
    this.refresh();
  }

  stop() {
    this.#save();
    this.#stopTyping();
  }

  focus() {
    this.#text.focus();
    this.#text.setSelectionRange(this.#text.value.length, this.#text.value.length);
  }

  get hasFocus() {
    return document.activeElement === this.#text;
  }

  /** Go on writing: with what could not be sent, in front of what has been written since. */
  restore(text) {
    this.#text.value = [text, this.#text.value.trim()].filter(Boolean).join("\n\n");
    this.#changed();
    this.focus();
  }

  /** The head of the conversation has changed: who answers, open or closed. */
  refresh() {
    const { ownerKind, ownerMember, ownerName, ownerVersion, status } = document.getElementById("head").dataset;
    const closed = status === "closed";
    document.getElementById("composer-closed").hidden = !closed || Boolean(this.#text.value.trim());
    this.#form.querySelector(".composer__box").hidden = closed && !this.#text.value.trim();
    const mine = ownerMember === this.#me.id;
    const colleague = ownerKind === "person" && !mine ? ownerName || "A colleague" : "";
    this.#text.placeholder = mine ? "Write a reply" : ownerKind === "ai" ? "Write a reply to take over from the AI" : colleague ? `Write a reply to take over from ${colleague}` : "Write a reply to take this conversation";
    const changed = this.#text.value.trim() && this.#version && String(this.#version) !== ownerVersion;
    this.#say(closed && this.#text.value.trim() ? "This conversation has been closed. Your draft is still here." : changed && colleague ? `${colleague} has taken this conversation while you were writing.` : "");
    this.#measure();
  }

  #say(words) {
    this.#notice.hidden = !words;
    this.#notice.textContent = words;
  }

  #key(event) {
    // While a Japanese or Chinese word is being composed, Enter chooses the word.
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      this.#text.blur();
    }
  }

  #changed() {
    const written = this.#text.value.trim();
    // The owner as seen at the first letter: what happens while the agent writes is what they have to be asked about.
    if (!written) this.#version = 0;
    else this.#version ||= Number(document.getElementById("head").dataset.ownerVersion);
    clearTimeout(this.#saveTimer);
    this.#saveTimer = setTimeout(() => this.#save(), SAVE_AFTER);
    this.#signalTyping(Boolean(written));
    this.#measure();
  }

  #signalTyping(on) {
    this.#socket.setTyping(this.#id, on);
    clearTimeout(this.#idleTimer);
    if (on) this.#idleTimer = setTimeout(() => this.#stopTyping(), IDLE);
  }

  #stopTyping() {
    clearTimeout(this.#idleTimer);
    this.#socket.setTyping(this.#id, false);
  }

  #measure() {
    this.#text.style.blockSize = "auto";
    this.#text.style.blockSize = `${this.#text.scrollHeight}px`;
    const length = [...this.#text.value.trim()].length;
    const over = length > this.#limit;
    this.#count.hidden = length < Math.min(COUNT_FROM, this.#limit);
    this.#count.textContent = over ? `${(length - this.#limit).toLocaleString("en")} too many` : `${length.toLocaleString("en")} of ${this.#limit.toLocaleString("en")}`;
    this.#count.classList.toggle("composer__count--over", over);
    this.#send.disabled = length === 0 || over;
  }

  #save() {
    clearTimeout(this.#saveTimer);
    const text = this.#text.value;
    if (text.trim()) this.#storage.set(`draft:${this.#id}`, { text, version: this.#version, at: Date.now() });
    else this.#storage.remove(`draft:${this.#id}`);
  }

  #submit() {
    if (this.#send.disabled) return;
    this.#outbox.add(this.#id, this.#text.value.trim(), this.#version);
    this.#text.value = "";
    this.#changed();
    this.#save();
    this.#stopTyping();
    this.refresh();
  }
}
