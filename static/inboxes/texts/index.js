/** Which words does the widget use? One file a language. */

const LANGUAGES = {
  en: () => import("./en.js"),
  de: () => import("./de.js"),
  ar: () => import("./ar.js"),
};

export async function loadTexts(wanted) {
  const tag = wanted.find((candidate) => LANGUAGES[base(candidate)]) ?? "en";
  return new Texts((await LANGUAGES[base(tag)]()).default, tag);
}

function base(tag) {
  return String(tag).toLowerCase().split("-")[0];
}

export class Texts {
  #entries;
  #plural;

  constructor(entries, language) {
    this.#entries = entries;
    this.language = language;
    this.direction = entries.direction;
    this.#plural = new Intl.PluralRules(language);
  }

  /** Placeholders are filled from values; a text with plural forms picks one by values.count. */
  say(name, values = {}) {
    const entry = this.#entries[name];
    const text = typeof entry === "string" ? entry : (entry[this.#plural.select(values.count)] ?? entry.other);
    return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  }
}
