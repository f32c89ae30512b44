/** What is the chat made of? Words, elements (text is always a text node), the composer, the passage sheet. */
import { renderInto } from "../shared/richtext.js";

const LANGUAGES = ["en", "de", "ar"]; // each has its file in texts/
const LONGEST = 4_000;
const COUNT_FROM = 3_600;
const TALLEST = 148;

const base = (tag) => tag.toLowerCase().split("-")[0];

/** say(name, values) fills placeholders and picks a plural form by values.count. */
export async function loadTexts(wanted) {
  const language = wanted.find((tag) => LANGUAGES.includes(base(tag))) ?? "en";
  const { default: texts } = await import(`./texts/${base(language)}.js`);
  const plural = new Intl.PluralRules(language);
  const say = (name, values = {}) => {
    const entry = texts[name];
    const text = typeof entry === "string" ? entry : (entry[plural.select(values.count)] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  };
  // The most exact tag decides how times and numbers read.
  const exact = wanted.find((tag) => base(tag) === base(language) && tag !== base(tag)) ?? language;
  return { language: exact, direction: texts.direction, say };
}

/** Attributes that are functions listen, false ones are left out. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  send: "M12 19V5M6 11l6-6 6 6",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM5 20c.8-3.6 3.5-5.5 7-5.5s6.2 1.9 7 5.5",
  alert: "M12 8v5M12 16.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z",
};

export function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function button(attributes, ...children) {
  return h("button", { type: "button", ...attributes }, ...children);
}

export function iconButton(name, label, onclick) {
  return button({ class: "quiet", "aria-label": label, title: label, onclick }, icon(name));
}

/** Only if it differs, so that live regions speak once. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Grows and keeps its draft. */
export class Composer {
  #counter;
  #sendButton;
  #typingTimer = 0;
  #isBlocked = false;

  constructor({ draft, ...parts }) {
    Object.assign(this, parts); // texts, onDraft, onSend, onTyping
    const { texts } = this;
    this.field = h("textarea", {
      rows: "1",
      placeholder: texts.say("write"),
      "aria-label": texts.say("write"),
      "aria-describedby": "counter",
      enterkeyhint: "send",
      dir: "auto",
      oninput: () => this.#changed(),
      onkeydown: (event) => this.#onKey(event),
      onblur: () => this.#typed(false),
    });
    this.#counter = h("span", { id: "counter", class: "counter", role: "status" });
    this.#sendButton = h("button", { class: "send", "aria-label": texts.say("send"), title: texts.say("send") }, icon("send"));
    this.element = h("form", { class: "composer", onsubmit: (event) => this.#submit(event) }, this.field, this.#counter, this.#sendButton);
    this.field.value = draft ?? "";
    this.#show();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  take(text) {
    this.field.value = [this.field.value.trim(), text].filter(Boolean).join("\n");
    this.#changed();
    this.focus();
  }

  block(isBlocked) {
    this.#isBlocked = isBlocked;
    this.#show();
  }

  fit() {
    this.field.style.blockSize = "auto";
    this.field.style.blockSize = `${Math.min(TALLEST, this.field.scrollHeight)}px`;
  }

  get #length() {
    return [...this.field.value.trim()].length;
  }

  #onKey(event) {
    // Enter also ends a word of an input method (keyCode 229 in Safari).
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    if (this.#length === 0 || this.#length > LONGEST || this.#isBlocked) return;
    const text = this.field.value;
    this.field.value = "";
    this.#changed();
    this.onSend(text);
    this.focus();
  }

  #changed() {
    this.onDraft(this.field.value);
    this.#typed(Boolean(this.field.value));
    this.#show();
  }

  #typed(on) {
    clearTimeout(this.#typingTimer);
    if (on) this.#typingTimer = setTimeout(() => this.onTyping(false), 5_000);
    this.onTyping(on);
  }

  #show() {
    const length = this.#length;
    const left = LONGEST - length;
    const isReady = length > 0 && left >= 0 && !this.#isBlocked;
    this.#sendButton.setAttribute("aria-disabled", String(!isReady));
    this.field.setAttribute("aria-invalid", String(left < 0));
    this.#counter.classList.toggle("over", left < 0);
    const number = new Intl.NumberFormat(this.texts.language);
    if (length < COUNT_FROM) setText(this.#counter, "");
    else setText(this.#counter, this.texts.say(left < 0 ? "tooLong" : "charactersLeft", { count: number.format(Math.abs(left)) }));
    this.fit();
  }
}

/** A cited passage, over the conversation. */
export class PassageSheet {
  #covered;
  #title;
  #label;
  #body;
  #closeButton;
  #opener = null;
  #texts;

  /** covered: what rests while the sheet is open. */
  constructor({ texts, covered }) {
    this.#texts = texts;
    this.#covered = covered;
    this.#label = h("p", { class: "sheet-label" });
    this.#title = h("h3", { id: "passage-title" });
    this.#body = h("div", { class: "prose", tabindex: "0", role: "document" });
    this.#closeButton = iconButton("close", texts.say("closeSource"), () => this.close());
    this.element = h(
      "div",
      { class: "sheet-ground", hidden: true, onclick: (event) => event.target === this.element && this.close() },
      h(
        "div",
        { class: "sheet", role: "dialog", "aria-modal": "true", "aria-labelledby": "passage-title" },
        h("div", { class: "sheet-head" }, h("div", {}, this.#label, this.#title), this.#closeButton),
        this.#body,
      ),
    );
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open(citation, opener) {
    this.#opener = opener;
    this.#label.textContent = this.#texts.say("source", { number: citation.n });
    this.#title.textContent = citation.title;
    renderInto(this.#body, citation.passage);
    this.#body.scrollTop = 0;
    this.element.hidden = false;
    for (const part of this.#covered) part.inert = true;
    this.#closeButton.focus();
  }

  close() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    for (const part of this.#covered) part.inert = false;
    this.#opener?.focus();
    this.#opener = null;
  }
}
