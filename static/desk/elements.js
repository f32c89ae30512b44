/** How are nodes made? With createElement and text only, so that nothing a customer writes can become markup. */

const ICONS = document.documentElement.dataset.icons;

/** make("p", {class: "faint", dataset: {…}, onclick}, "text", node, null) */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "dataset") Object.assign(element.dataset, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(space, "use");
  use.setAttribute("href", `${ICONS}#${name}`);
  svg.append(use);
  return svg;
}

/** "Visitor 7KQ2M" shows 7K, "Ana Ruiz" shows AR: a reference begins with a word that all share. */
export function initials(name) {
  const words = name.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const last = words.at(-1) ?? name.trim();
  if (words.length < 2 || /^[\dB-DF-HJ-NP-TV-Z]{5}$/.test(last)) return [...last].slice(0, 2).join("");
  return [...words[0]][0] + [...last][0];
}

export function dressAvatar(element, name = element.dataset.avatar) {
  element.textContent = initials(name);
  if (!element.className.includes("avatar--person")) element.dataset.tone = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 6;
}

/** "40 s", "12 min", "2 h 5 min", "3 d": how long somebody has been waiting. */
export function waitingTime(since, now = Date.now()) {
  const seconds = Math.max(0, Math.floor((now - since) / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** A confidence of 0 to 1 in words: a bare percentage sounds more exact than it is. */
export function confidenceWords(value) {
  const word = value >= 0.75 ? "high" : value >= 0.45 ? "medium" : "low";
  return { word, text: `${word}, ${Math.round(value * 100)} %` };
}
