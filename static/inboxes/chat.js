/** What happens once the chat is opened? Here protocol client, views and launcher meet. */
import { ChatClient } from "./chat-client.js";
import { WidgetStorage } from "./memory.js";
import { MessageList, initials } from "./message-list.js";
import { Composer, PassageSheet, button, h, icon, iconButton, loadTexts, setText } from "./parts.js";
import { plainText } from "../shared/richtext.js";

const NEAR_END = 56;
const TROUBLE_SHOWN_AFTER = 1_200;
const INTRODUCE_WITHIN = 900;
const FULL_SCREEN = matchMedia("(max-width: 520px), (max-height: 460px)"); // as in panel.css

async function loadSheet(address) {
  // Not linked: an embedding page's style-src need not name this host.
  const response = await fetch(new URL(address, import.meta.url));
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return new CSSStyleSheet().replace(await response.text());
}

export async function createChat({ host, inbox, base, launcher, onUnread }) {
  const parts = [loadTexts(host.languages), loadSheet("../shared/tokens.css"), loadSheet("./panel.css")];
  const [texts, ...sheets] = await Promise.all(parts);
  host.shadowRoot.adoptedStyleSheets.push(...sheets);
  const storage = new WidgetStorage(inbox);
  const client = new ChatClient({ inbox, base, storage, token: () => host.dataset.visitorToken });
  return new Chat({ host, texts, storage, launcher, onUnread, client });
}

class Chat {
  isOpen = false;
  #isPinned = true;
  #hasUnseen = false;
  #isQueued = false;
  #troubleSince = 0;
  #notice = "";
  #unread = 0;

  constructor({ texts, ...parts }) {
    Object.assign(this, parts); // host, storage, client, launcher, onUnread
    this.say = texts.say;
    const { host, client } = this;
    this.#buildViews(texts);
    this.#buildPanel(texts);
    host.shadowRoot.append(this.panel);
    client.addEventListener("change", this.#queueSync);
    client.addEventListener("message", ({ detail }) => this.#onMessage(detail));
    client.addEventListener("notice", ({ detail }) => (this.#notice = detail.text)); // until the next message
    client.addEventListener("token", ({ detail }) => this.#emit("token", detail));
    client.addEventListener("cleared", () => (this.composer.field.value = ""));
    document.addEventListener("visibilitychange", this.#queueSync);
    this.#sync();
  }

  /** The visitor has clicked: from here on something may be stored and sent. */
  start() {
    if (this.client.started) return;
    this.client.start();
    // Better a moment late than a greeting that changes while it is read.
    setTimeout(() => this.panel.classList.add("introduced"), INTRODUCE_WITHIN);
  }

  /** Take up an earlier page's conversation. */
  resume() {
    this.start();
    if (this.storage.get("open") && !FULL_SCREEN.matches) this.open({ focus: false });
  }

  stop() {
    document.removeEventListener("visibilitychange", this.#queueSync);
    this.client.stop();
  }

  open({ focus }) {
    if (this.isOpen) return;
    this.isOpen = true;
    this.panel.hidden = false;
    this.launcher?.setAttribute("aria-expanded", "true");
    if (this.client.started) this.storage.set("open", "1");
    this.composer.fit();
    this.#sync();
    this.#scrollToEnd();
    if (focus) this.#focus();
    this.#emit("open");
  }

  close() {
    if (!this.isOpen || this.host.isPage) return;
    const hadFocus = this.panel.contains(this.host.shadowRoot.activeElement);
    this.sheet.close();
    this.isOpen = false;
    this.panel.hidden = true;
    this.storage.remove("open");
    this.launcher?.setAttribute("aria-expanded", "false");
    if (hadFocus) this.launcher?.focus();
    this.#sync();
    this.#emit("close");
  }

  #buildViews(texts) {
    const { client, storage, say } = this;
    this.list = new MessageList({
      texts,
      client,
      onCitation: (citation, button) => this.sheet.open(citation, button),
      onRetry: (clientId) => client.retry(clientId),
      onEdit: (clientId) => this.composer.take(client.withdraw(clientId)),
    });
    this.composer = new Composer({
      texts,
      draft: storage.get("draft"),
      onDraft: (text) => client.started && (text ? storage.set("draft", text) : storage.remove("draft")),
      onTyping: (on) => client.setTyping(on),
      onSend: (text) => this.send(text),
    });
    this.mark = h("span", { class: "mark", "aria-hidden": "true" });
    this.title = h("h2", { id: "title" });
    this.status = h("p", { class: "status" });
    this.banner = h("div", { role: "status", hidden: true });
    this.greeting = h("p", { class: "greeting", dir: "auto" });
    this.greetingRest = h("p", { dir: "auto" });
    this.disclosure = h("p", { class: "disclosure" });
    const questions = (this.host.getAttribute("starters") ?? "").split("|").filter((question) => question.trim());
    const starter = (question) => button({ dir: "auto", onclick: () => this.send(question) }, question);
    this.starters = h("div", { class: "starters" }, ...questions.map(starter));
    this.pill = button({ class: "pill", onclick: () => this.#jumpToEnd() }, icon("down"), h("span"));
    this.askButton = button({ class: "ask", onclick: () => this.#askPerson() }, icon("person"), say("askPerson"));
    this.personState = h("p", { class: "person-state", role: "status" });
    this.announcer = h("div", { class: "visually-hidden", role: "log" });
  }

  #buildPanel(texts) {
    const { say } = this;
    const { isPage } = this.host;
    const closeButton = iconButton("close", say("close"), () => this.close());
    const head = h("div", { class: "head" }, this.mark, h("div", { class: "titles" }, this.title, this.status), closeButton);
    const intro = h("div", { class: "intro" }, this.greeting, this.greetingRest, this.disclosure, this.starters);
    const content = h("div", { class: "content" }, intro, this.list.element);
    this.scroller = h("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": say("messages"), onscroll: () => this.#onScroll() }, content);
    const body = h("div", { class: "body" }, this.scroller, this.pill);
    const foot = h("div", { class: "foot" }, h("div", { class: "person-bar" }, this.askButton, this.personState), this.composer.element);
    this.sheet = new PassageSheet({ texts, covered: [head, body, foot] });
    const firstTouch = () => this.start();
    this.panel = h(
      "section",
      {
        class: "panel", hidden: true, tabindex: "-1", lang: texts.language, dir: texts.direction, role: isPage ? "region" : "dialog", "aria-labelledby": "title",
        onkeydown: (event) => this.#onKey(event), onpointerdown: firstTouch, onfocusin: firstTouch,
      },
      head, this.banner, body, foot, this.sheet.element, this.announcer,
    );
    const observer = new ResizeObserver(() => this.#isPinned && this.#scrollToEnd());
    observer.observe(content);
    observer.observe(this.scroller);
    // An on-screen keyboard shrinks the visual viewport only.
    visualViewport?.addEventListener("resize", () => this.panel.style.setProperty("--visible", `${visualViewport.height}px`));
  }

  send(text) {
    this.#notice = "";
    this.start();
    this.client.send(text);
    this.#jumpToEnd();
  }

  #askPerson() {
    this.start();
    this.client.requestPerson();
    this.#focus();
  }

  #onKey(event) {
    if (event.key === "Escape" && !event.isComposing) {
      event.stopPropagation();
      (this.sheet.isOpen ? this.sheet : this).close();
    } else if (event.key === "Tab" && (this.sheet.isOpen || (FULL_SCREEN.matches && !this.host.isPage))) {
      this.#keepFocusInside(event);
    }
  }

  #keepFocusInside(event) {
    const stops = [...this.panel.querySelectorAll("button, textarea, a, [tabindex='0']")].filter((stop) => stop.checkVisibility() && !stop.closest("[inert]"));
    const [first, last] = event.shiftKey ? [stops.at(-1), stops[0]] : [stops[0], stops.at(-1)];
    const active = this.host.shadowRoot.activeElement;
    if (active !== last && stops.includes(active)) return;
    event.preventDefault();
    first.focus();
  }

  #onMessage({ message, live }) {
    if (!live || message.author.kind === "customer") return;
    if (!this.#isPinned) this.#hasUnseen = true;
    const author = message.author.name || this.say("assistant");
    if (message.kind === "text") this.#announce(`${author}: ${plainText(message.text)}`);
    else if (!message.event?.owner) this.#announce(this.list.eventText(message)); // the owner is a status of its own
  }

  /** Streamed text would be read out in shreds; a finished message is announced once. */
  #announce(words) {
    this.announcer.append(h("p", {}, words));
    if (this.announcer.childElementCount > 5) this.announcer.firstChild.remove();
  }

  #queueSync = () => {
    if (this.#isQueued) return;
    this.#isQueued = true;
    // A hidden tab has no frames, but its unread badge counts on.
    (document.hidden ? setTimeout : requestAnimationFrame)(() => this.#sync());
  };

  #sync() {
    this.#isQueued = false;
    const { log, connection } = this.client;
    if (log.conversationId && !this.storage.get("conversation")) this.storage.set("conversation", log.conversationId);
    this.list.sync();
    this.#showIntroduction();
    this.#showBanner();
    this.#showPerson();
    this.#showPill();
    this.#showUnread();
    this.composer.block(connection === "refused");
  }

  #showIntroduction() {
    const { profile, owner, log, outbox, started, loaded } = this.client;
    const given = (name) => profile?.[name] || this.host.getAttribute(name);
    const organisation = given("organisation");
    setText(this.title, organisation ?? this.say("chat"));
    setText(this.mark, initials(organisation ?? "S").slice(0, 1));
    setText(this.status, owner.kind === "ai" ? this.say("statusAi") : owner.name || this.say("person"));
    const greeting = given("greeting") || this.say("greeting");
    const [first] = greeting.match(/^.{30,}?[.!?؟](?=\s)/s) ?? [greeting]; // the rest is no headline
    setText(this.greeting, first);
    setText(this.greetingRest, greeting.slice(first.length).trim());
    setText(this.disclosure, this.say("disclosure", { assistant: given("assistant") || this.say("anAssistant") }));
    if (profile || !started) this.panel.classList.add("introduced");
    this.starters.hidden = log.messages.length + outbox.items.size > 0 || (started && !loaded);
  }

  #showBanner() {
    const { connection } = this.client;
    if (connection === "online" || connection === "idle") {
      if (this.#troubleSince && !this.banner.hidden) this.#announce(this.say("connected"));
      this.#troubleSince = 0;
    } else if (!this.#troubleSince) {
      this.#troubleSince = Date.now();
      setTimeout(this.#queueSync, TROUBLE_SHOWN_AFTER + 50);
    }
    const isLasting = this.#troubleSince && Date.now() - this.#troubleSince > TROUBLE_SHOWN_AFTER;
    const trouble = connection === "refused" ? "refused" : isLasting && (navigator.onLine ? "reconnecting" : "offline");
    const text = trouble ? this.say(trouble) : this.#notice;
    this.banner.hidden = !text;
    this.banner.className = `banner ${trouble || "refused"}`;
    setText(this.banner, text);
  }

  #showPerson() {
    const { owner, outbox } = this.client;
    const request = owner.kind === "ai" && outbox.personRequest;
    const isAsking = request && request.state !== "failed";
    const state = isAsking ? "askingPerson" : { nobody: "waiting", person: "joined" }[owner.kind];
    this.askButton.hidden = owner.kind !== "ai" || isAsking;
    setText(this.personState, state ? this.say(state, { name: owner.name || this.say("person") }) : request?.error || "");
    this.personState.dataset.state = state ?? "refused";
  }

  #showPill() {
    this.pill.hidden = this.#isPinned;
    this.pill.classList.toggle("fresh", this.#hasUnseen);
    setText(this.pill.lastChild, this.say(this.#hasUnseen ? "newMessages" : "latest"));
  }

  #showUnread() {
    const { log } = this.client;
    const [conversationId, seen] = (this.storage.get("seen") ?? "").split(" ");
    let seenSeq = conversationId === log.conversationId ? Number(seen) : 0;
    if (this.isOpen && !document.hidden && seenSeq < log.lastSeq) {
      seenSeq = log.lastSeq;
      this.storage.set("seen", `${log.conversationId} ${seenSeq}`);
    }
    const isUnread = (message) => message.seq > seenSeq && message.kind === "text" && message.author.kind !== "customer";
    const count = log.messages.filter(isUnread).length;
    this.onUnread(count, count ? this.say("openUnread", { count }) : this.say(this.isOpen ? "close" : "open"));
    if (count !== this.#unread) this.#emit("unread", { count });
    this.#unread = count;
  }

  #onScroll() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.#isPinned = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#isPinned) this.#hasUnseen = false;
    this.#showPill();
  }

  #scrollToEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #jumpToEnd() {
    this.#isPinned = true;
    this.#hasUnseen = false;
    this.#sync();
    this.#scrollToEnd();
    this.#focus();
  }

  /** On touch screens focus in the field would bring the keyboard over the chat. */
  #focus() {
    (matchMedia("(pointer: coarse)").matches ? this.panel : this.composer).focus();
  }

  #emit(name, detail = {}) {
    this.host.dispatchEvent(new CustomEvent(`switchboard:${name}`, { detail, bubbles: true, composed: true }));
  }
}
