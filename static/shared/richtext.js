/**
 * How does answer text become safe DOM nodes? By createElement and text nodes only: markup is shown, never interpreted.
 * Paragraphs, **bold**, *italic*, `code`, fences, lists, tables, links, citation markers [1].
 */

const ITEMS = {
  bullets: /^\s{0,3}[-*•]\s+(.*)$/,
  numbers: /^\s{0,3}(\d{1,4})[.)]\s+(.*)$/,
  table: /^\s*\|(.*)\|\s*$/,
};
const GAP = /^[\s|:-]*--[\s|:-]*$|^\s*$/; // a blank line, a rule, the dashes under a table's head
const FENCE = /^\s{0,3}```/;
const SPAN = new RegExp(
  [
    "`([^`\\n]+)`", // code
    "\\*\\*(?=\\S)([\\s\\S]*?\\S)\\*\\*(?!\\*)", // bold
    "(?<![*\\p{L}\\p{N}])\\*(?=[^\\s*])([^*]*?[^\\s*])\\*(?![*\\p{L}\\p{N}])", // italic
    "\\[([^\\]\\n]{1,300})\\]\\((https?:\\/\\/[^\\s()<>]+(?:\\([^\\s()<>]*\\)[^\\s()<>]*)*)\\)", // link: text, address; nothing but http(s) becomes one
    "\\[(\\d{1,3})\\]", // citation
    "(https?:\\/\\/[^\\s<>\"]*[^\\s<>\".,;:!?)\\]'])", // bare link
  ].join("|"),
  "gu",
);

export function parseBlocks(text) {
  const blocks = [];
  let open = null;
  const begin = (kind, line, start) => blocks.push((open = { kind, lines: [line], start }));
  let fenced = false;
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    if (FENCE.test(line)) {
      fenced = !fenced;
      if (fenced) blocks.push((open = { kind: "code", lines: [] }));
      else open = null;
      continue;
    }
    if (fenced) {
      open.lines.push(line);
      continue;
    }
    const kind = Object.keys(ITEMS).find((name) => ITEMS[name].test(line));
    if (GAP.test(line)) {
      // A list may go on after a blank line; models write such "loose" lists often.
      if (open?.kind === "paragraph") open = null;
      else if (open) open.loose = true;
    } else if (kind) {
      const match = ITEMS[kind].exec(line);
      if (open?.kind === kind) open.lines.push(match.at(-1));
      else begin(kind, match.at(-1), Number(match[1]));
    } else if (open && (open.kind === "paragraph" || !open.loose || /^\s{2,}\S/.test(line))) {
      open.lines[open.lines.length - 1] += `\n${open.kind === "paragraph" ? line : line.trim()}`;
    } else {
      begin("paragraph", line.replace(/^#{1,4}\s+(.*?)\s*#*$/, "**$1**"));
    }
  }
  return blocks;
}

/** Hide the half of a mark whose other half has not arrived yet. */
export function settlePartial(text) {
  let shown = text.replace(/\[[^\]\n]{0,300}(\]\([^)\s]*)?$/, "").replace(/[*`]+$/, "");
  const lastBlock = shown.slice(shown.lastIndexOf("\n\n") + 1);
  if ((lastBlock.match(/\*\*/g) ?? []).length % 2) shown += "**";
  return shown;
}

function link(href, label) {
  const rel = "noopener noreferrer nofollow";
  return Object.assign(document.createElement("a"), { href, rel, target: "_blank", textContent: label });
}

function citationMark(number, options) {
  const known = options.citations?.find((citation) => citation.n === number);
  if (!known && !options.partial) return document.createTextNode(`[${number}]`);
  const isButton = known && options.onCitation;
  const mark = document.createElement(isButton ? "button" : "span");
  Object.assign(mark, { className: "citation", textContent: number });
  if (isButton) {
    const ariaLabel = options.citationLabel?.(known) ?? `${number}: ${known.title}`;
    Object.assign(mark, { type: "button", ariaLabel, ariaHasPopup: "dialog", onclick: () => options.onCitation(known, mark) });
  }
  return mark;
}

function wrap(tag, text, options) {
  const element = document.createElement(tag);
  appendSpans(element, text, options);
  return element;
}

function codeElement(text) {
  const element = document.createElement("code");
  element.textContent = text;
  return element;
}

function appendPlain(parent, text) {
  text.split("\n").forEach((line, index) => {
    if (index) parent.append(document.createElement("br"));
    if (line) parent.append(line);
  });
}

function appendSpans(parent, text, options) {
  let from = 0;
  for (const match of text.matchAll(SPAN)) {
    appendPlain(parent, text.slice(from, match.index));
    const [whole, code, bold, italic, label, address, citation, bare] = match;
    if (code) parent.append(codeElement(code));
    else if (bold) parent.append(wrap("strong", bold, options));
    else if (italic) parent.append(wrap("em", italic, options));
    else if (label) parent.append(link(address, label));
    else if (citation) parent.append(citationMark(Number(citation), options));
    else parent.append(link(bare, bare));
    from = match.index + whole.length;
  }
  appendPlain(parent, text.slice(from));
}

function blockElement(block, options) {
  if (block.kind === "code") {
    const pre = document.createElement("pre");
    pre.append(codeElement(block.lines.join("\n")));
    return pre;
  }
  if (block.kind === "table") {
    const table = document.createElement("table");
    for (const [index, line] of block.lines.entries()) {
      table.insertRow().append(...line.split("|").map((cell) => wrap(index ? "td" : "th", cell.trim(), options)));
    }
    return table;
  }
  if (block.kind === "paragraph") return wrap("p", block.lines[0], options);
  const list = document.createElement(block.kind === "bullets" ? "ul" : "ol");
  if (block.start > 1) list.start = block.start;
  list.append(...block.lines.map((line) => wrap("li", line, options)));
  return list;
}

const rendered = new WeakMap();

/**
 * Show text in element. Called again, it replaces only changed blocks: a streamed answer neither flickers nor loses a selection.
 * options: citations [{n, title}], onCitation(citation, button), citationLabel(citation), partial (still arriving).
 */
export function renderInto(element, text, options = {}) {
  const blocks = parseBlocks(options.partial ? settlePartial(text) : text);
  const keys = blocks.map((block) => JSON.stringify(block) + (options.partial ? "~" : ""));
  const before = rendered.get(element) ?? [];
  let same = 0;
  while (same < keys.length && before[same] === keys[same] && element.children[same]) same += 1;
  while (element.childNodes.length > same) element.lastChild.remove();
  element.append(...blocks.slice(same).map((block) => blockElement(block, options)));
  rendered.set(element, keys);
}

/** The text without marks, for announcements and previews. */
export function plainText(text) {
  return text
    .replace(/\[([^\]\n]+)\]\(https?:[^\s)]+\)/g, "$1")
    .replace(/\s?\[\d{1,3}\]/g, "")
    .replace(/\*\*|`/g, "")
    .trim();
}
