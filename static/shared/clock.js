/** How are clock times and days written in the reader's language? */

const DAY = 86_400_000;
const formats = new Map();

export function format(kind, language, options) {
  const key = `${kind.name}|${language}|${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new kind(language || undefined, options));
  return formats.get(key);
}

/** Whole calendar days, whatever summer time does. */
export function daysBetween(one, other) {
  const number = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) / DAY;
  return number(other) - number(one);
}

export function sameDay(one, other) {
  return daysBetween(one, other) === 0;
}

export function clockTime(date, { language } = {}) {
  return format(Intl.DateTimeFormat, language, { hour: "numeric", minute: "2-digit" }).format(date);
}

/** "today", "yesterday", a weekday within the week, else a date. */
export function dayLabel(date, { language, now = new Date() } = {}) {
  const days = Math.max(0, daysBetween(date, now));
  if (days < 2) return format(Intl.RelativeTimeFormat, language, { numeric: "auto" }).format(-days, "day");
  return format(Intl.DateTimeFormat, language, days < 7 ? { weekday: "long" } : { dateStyle: "long" }).format(date);
}
