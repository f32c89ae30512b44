/** What does an embedding page load? Only this; before the first click nothing else is requested, stored or sent. README.md. */

const WORDS = {
  en: ["Open chat", "The chat could not be opened. Please try again."],
  de: ["Chat öffnen", "Der Chat ließ sich nicht öffnen. Bitte erneut versuchen."],
  ar: ["افتح المحادثة", "تعذّر فتح المحادثة. حاول مرة أخرى."],
};

const SHEET = `
:host { all: initial; display: block; position: fixed; z-index: 2147483000; inset-block-end: max(20px, env(safe-area-inset-bottom)); inset-inline-end: 20px; font: 14px/1.4 "Segoe UI", "Liberation Sans", system-ui, sans-serif; }
:host([side="start"]) { inset-inline: 20px auto; }
:host([mode="page"]) { position: relative; z-index: 0; inset: auto; block-size: 100%; }
:host([hidden]) { display: none; }
.launcher { all: unset; box-sizing: border-box; position: relative; display: grid; place-items: center; inline-size: 56px; block-size: 56px; border-radius: 50%; background: var(--accent, #0b6b5c); color: var(--on-accent, #fff); cursor: pointer; box-shadow: 0 1px 3px #0003, 0 8px 24px -6px #0006; transition: scale 160ms; }
.launcher:hover { scale: 1.05; }
.launcher:focus-visible { outline: 3px solid var(--focus, #0b6b5c); outline-offset: 3px; }
.launcher svg { grid-area: 1 / 1; inline-size: 26px; block-size: 26px; fill: none; stroke: currentColor; stroke-width: 1.9; stroke-linecap: round; stroke-linejoin: round; transition: opacity 160ms, rotate 160ms; }
.launcher .away, .launcher[aria-expanded="true"] .there { opacity: 0; rotate: -45deg; }
.launcher[aria-expanded="true"] .away { opacity: 1; rotate: 0deg; }
.launcher[aria-busy="true"] svg { animation: wait 900ms ease-in-out infinite alternate; }
.badge { position: absolute; inset-block-start: -3px; inset-inline-end: -3px; min-inline-size: 21px; block-size: 21px; padding: 0 6px; box-sizing: border-box; border: 2px solid var(--surface, #fff); border-radius: 11px; background: #b93227; color: #fff; font-size: 11px; font-weight: 600; line-height: 17px; text-align: center; }
.badge[hidden], .trouble[hidden] { display: none; }
.trouble { position: absolute; inset-block-end: 68px; inset-inline-end: 0; inline-size: max-content; max-inline-size: min(260px, 80vw); padding: 10px 14px; border-radius: 10px; background: #fff; color: #14201d; box-shadow: 0 8px 24px -6px #0006; }
@keyframes wait { to { opacity: .45; } }
@media (prefers-reduced-motion: reduce) { .launcher, .launcher svg { transition: none; animation: none; } }
@media print { :host { display: none; } }
`;

const SPEECH = "M20.5 11.5a8 8 0 0 1-8.3 7.7 8.9 8.9 0 0 1-3.6-.8L4 19.8l1.3-3.9a7.3 7.3 0 0 1-1.3-4.4 8 8 0 0 1 8.2-7.7 8 8 0 0 1 8.3 7.7z";

function channels(hex) {
  return /^#[0-9a-f]{6}$/i.test(hex) ? [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16)) : null;
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((value) => (value / 255) ** 2.2); // near sRGB's curve
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** Darken or lighten a brand colour until it stands out from ground (WCAG contrast). */
function readable(colour, ground, ratio) {
  const target = luminance(ground) > 0.3 ? 0 : 255;
  let moved = colour;
  for (let share = 0; share <= 1 && contrast(moved, ground) < ratio; share += 0.04) {
    moved = colour.map((value) => Math.round(value + (target - value) * share));
  }
  return moved;
}

function accentTokens(colour) {
  const [white, black] = [[255, 255, 255], [0, 0, 0]];
  const grounds = { light: white, dark: [21, 27, 26] };
  const css = (rgb) => `rgb(${rgb.join(" ")})`;
  const pair = (make) => `light-dark(${css(make(grounds.light))}, ${css(make(grounds.dark))})`;
  const fill = (ground) => readable(colour, ground, 1.4); // the sign on it carries the contrast
  const ink = (ground) => readable(colour, ground, 6.3); // so that it is still readable on soft
  const soft = (ground) => readable(colour, ground, 3).map((value, at) => Math.round(ground[at] + (value - ground[at]) * 0.12));
  return {
    "--accent": pair(fill),
    "--on-accent": pair((ground) => (contrast(fill(ground), white) >= 4.55 ? white : black)),
    "--accent-soft": pair(soft),
    "--accent-ink": pair(ink),
    "--accent-hover": "color-mix(in oklab, var(--accent) 88%, var(--ink))",
    "--accent-line": "color-mix(in oklab, var(--accent) 35%, var(--surface))",
    "--focus": pair(ink),
  };
}

function sign(name, d) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  for (const [key, value] of [["viewBox", "0 0 24 24"], ["class", name], ["aria-hidden", "true"]]) svg.setAttribute(key, value);
  path.setAttribute("d", d);
  svg.append(path);
  return svg;
}

class SwitchboardChat extends HTMLElement {
  static observedAttributes = ["data-visitor-token"];
  #chat = null;
  #loading = null;
  #launcher;
  #badge;
  #trouble;

  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET);
    root.adoptedStyleSheets = [sheet];
    const theme = this.getAttribute("theme");
    if (theme === "light" || theme === "dark") this.dataset.theme = theme;
    const accent = channels(this.getAttribute("accent") ?? "");
    if (accent) for (const [name, value] of Object.entries(accentTokens(accent))) this.style.setProperty(name, value);
    if (this.isPage) this.#load().then((chat) => chat?.open({ focus: false }));
    else this.#showLauncher(root);
  }

  attributeChangedCallback(name, before, token) {
    if (token !== before) this.#chat?.client.identify();
  }

  disconnectedCallback() {
    setTimeout(() => this.isConnected || this.#chat?.stop()); // a move within the page is no farewell
  }

  get isPage() {
    return this.getAttribute("mode") === "page";
  }

  get languages() {
    return [this.closest("[lang]")?.lang, ...navigator.languages].filter(Boolean);
  }

  async open() {
    const isAsked = navigator.userActivation?.isActive ?? true;
    const chat = await this.#load();
    if (isAsked) chat?.start();
    chat?.open({ focus: isAsked });
  }

  async ask(question) {
    await this.open();
    this.#chat?.send(question);
  }

  close() {
    this.#chat?.close();
  }

  identify(token) {
    this.dataset.visitorToken = token;
  }

  forget() {
    delete this.dataset.visitorToken;
    this.#chat?.client.forget();
    for (const key of this.#stored().sort().reverse()) localStorage.removeItem(key);
  }

  toggle() {
    return this.#chat?.isOpen ? this.close() : this.open();
  }

  get #words() {
    const known = this.languages.map((tag) => tag.split("-")[0]).find((language) => WORDS[language]);
    return WORDS[known ?? "en"];
  }

  #showLauncher(root) {
    const make = (tag, values) => Object.assign(document.createElement(tag), values);
    this.#badge = make("span", { className: "badge", hidden: true, ariaHidden: "true" });
    this.#trouble = make("div", { className: "trouble", hidden: true });
    this.#trouble.setAttribute("role", "alert");
    this.#launcher = make("button", { className: "launcher", type: "button", onclick: () => this.toggle(), ariaLabel: this.#words[0], ariaExpanded: "false" });
    this.#launcher.append(sign("there", SPEECH), sign("away", "M6 9.5l6 6 6-6"), this.#badge);
    root.append(this.#launcher, this.#trouble);
    if (this.hasAttribute("open")) this.open();
    else if (this.#hasConversation()) this.#load().then((chat) => chat?.resume());
  }

  #hasConversation() {
    return this.#stored().some((key) => /^[^:]+:[^:]+:(conversation$|out:)/.test(key));
  }

  #stored() {
    try {
      return Object.keys(localStorage).filter((key) => key.startsWith(`switchboard:${this.getAttribute("inbox")}:`));
    } catch {
      return []; // storage is blocked
    }
  }

  async #load() {
    this.#loading ??= this.#create();
    this.#launcher?.setAttribute("aria-busy", "true");
    if (this.#trouble) this.#trouble.hidden = true;
    try {
      return await this.#loading;
    } catch (error) {
      console.error("Switchboard chat could not be loaded.", error);
      this.#loading = null;
      if (this.#trouble) Object.assign(this.#trouble, { textContent: this.#words[1], hidden: false });
      return null;
    } finally {
      this.#launcher?.removeAttribute("aria-busy");
    }
  }

  async #create() {
    const { createChat } = await import("./chat.js");
    this.#chat = await createChat({
      host: this,
      inbox: this.getAttribute("inbox"),
      base: new URL(this.getAttribute("base") || import.meta.url, document.baseURI).origin,
      launcher: this.#launcher,
      onUnread: (count, label) => this.#showUnread(count, label),
    });
    return this.#chat;
  }

  #showUnread(count, label) {
    if (!this.#launcher) return;
    this.#badge.textContent = count > 9 ? "9+" : String(count);
    this.#badge.hidden = count === 0;
    this.#launcher.setAttribute("aria-label", label);
  }
}

const each = (deed) => (token) => document.querySelectorAll("switchboard-chat").forEach((chat) => chat[deed](token));
globalThis.Switchboard = { identify: each("identify"), forget: each("forget") };
if (!customElements.get("switchboard-chat")) customElements.define("switchboard-chat", SwitchboardChat);
