/** How does the agent notice what happens elsewhere? Counts, the window's title and badge, a spoken line, a sound if wanted, the connection. */
import { fetchJson } from "./server.js";

const COUNT_AFTER = 400;
const COUNT_EVERY = 2_000;
const SPEAK_AFTER = 1_200;
const SHOW_BREAK_AFTER = 2_000;

export class Notices {
  #home;
  #counts;
  #title = "";
  #countTimer = 0;
  #countedAt = 0;
  #announcements = document.getElementById("announcements");
  #waiting = [];
  #speakTimer = 0;
  #storage;
  #audio = null;
  #bar = document.getElementById("connection");
  #breakTimer = 0;

  constructor({ home, counts, storage }) {
    this.#home = home;
    this.#counts = counts;
    this.#storage = storage;
    const sound = document.getElementById("sound");
    sound.checked = storage.get("sound") === true;
    sound.addEventListener("change", () => {
      storage.set("sound", sound.checked);
      if (sound.checked) this.#ring();
    });
    this.#showCounts();
  }

  setTitle(title) {
    this.#title = title;
    const waiting = this.#counts.needs_person + this.#counts.unread;
    document.title = `${waiting ? `(${waiting}) ` : ""}${title} · Desk · Switchboard`;
    if (waiting) navigator.setAppBadge?.(waiting)?.catch(() => {});
    else navigator.clearAppBadge?.()?.catch(() => {});
  }

  /** Ask for the counts again, soon, and not more often than every two seconds. */
  countSoon() {
    const pause = Math.max(COUNT_AFTER, this.#countedAt + COUNT_EVERY - Date.now());
    this.#countTimer ||= setTimeout(() => this.#count(), pause);
  }

  async #count() {
    this.#countedAt = Date.now();
    try {
      this.#counts = await fetchJson(`${this.#home}counts/`);
      this.#showCounts();
    } catch (error) {
      console.warn("Switchboard desk: the counts could not be fetched; the next change asks again.", error);
    }
    this.#countTimer = 0;
  }

  #showCounts() {
    const shown = { "needs-a-person": this.#counts.needs_person, mine: this.#counts.mine, ai: this.#counts.ai, open: this.#counts.open };
    for (const [view, count] of Object.entries(shown)) {
      const element = document.querySelector(`[data-count="${view}"]`);
      element.textContent = count.toLocaleString("en");
      element.classList.toggle("view__count--some", view === "needs-a-person" && count > 0);
      element.classList.toggle("view__count--news", view === "mine" && this.#counts.unread > 0);
      element.toggleAttribute("data-none", count === 0);
    }
    if (this.#title) this.setTitle(this.#title);
  }

  /** A conversation needs a person now. Several at once are told in one line. */
  personNeeded(row) {
    this.#waiting.push(row);
    clearTimeout(this.#speakTimer);
    this.#speakTimer = setTimeout(() => {
      const [first] = this.#waiting;
      this.say(this.#waiting.length > 1 ? `${this.#waiting.length} conversations need a person` : `${first.reference} needs a person: ${first.title}`);
      if (this.#storage.get("sound")) this.#ring();
      this.#waiting = [];
    }, SPEAK_AFTER);
  }

  /** Have a screen reader say it when it is done with what it is saying. */
  say(text) {
    this.#announcements.textContent = text;
  }

  #ring() {
    this.#audio ??= new AudioContext();
    const start = this.#audio.currentTime;
    [660, 880].forEach((pitch, index) => {
      const tone = this.#audio.createOscillator();
      const volume = this.#audio.createGain();
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, start + index * 0.14);
      volume.gain.linearRampToValueAtTime(0.12, start + index * 0.14 + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, start + index * 0.14 + 0.35);
      tone.connect(volume).connect(this.#audio.destination);
      tone.start(start + index * 0.14);
      tone.stop(start + index * 0.14 + 0.4);
    });
  }

  /** Say how the connection is; a short break is nobody's business. */
  showConnection(socket) {
    if (socket.state === "online") {
      clearTimeout(this.#breakTimer);
      this.#breakTimer = 0;
      this.#bar.hidden = true;
    } else if (socket.state === "refused") {
      const link = Object.assign(document.createElement("a"), { href: location.href, textContent: "Reload this page" });
      this.#showBar("banner--red", `${socket.refusal || "You are signed out."} `, link);
    } else {
      // Once, not again at each attempt to reconnect.
      this.#breakTimer ||= setTimeout(() => this.#showBreak(socket), SHOW_BREAK_AFTER);
    }
  }

  #showBreak(socket) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: "button button--small", textContent: "Try now" });
    button.addEventListener("click", () => socket.wake());
    this.#showBar("banner--brass", "No connection. What you see may be out of date; what you write is kept.", button);
  }

  #showBar(tone, ...content) {
    this.#bar.className = `connection banner banner--bar ${tone}`;
    this.#bar.replaceChildren(...content);
    this.#bar.hidden = false;
  }
}
