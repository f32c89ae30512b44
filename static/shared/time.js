/** How long ago was it? Relative times in the reader's language, kept true while they are shown. Clock times come from clock.js. */
import { daysBetween, format } from "./clock.js";

export { clockTime, dayLabel, sameDay } from "./clock.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "now", "5 min. ago", "3 hr. ago", "yesterday", then a date. Clocks that run ahead count as now. */
export function relativeTime(date, { language, now = new Date() } = {}) {
  const age = Math.max(0, now - date);
  const relative = format(Intl.RelativeTimeFormat, language, { numeric: "auto", style: "short" });
  if (age < MINUTE) return relative.format(0, "second");
  if (age < HOUR) return relative.format(-Math.floor(age / MINUTE), "minute");
  if (age < DAY) return relative.format(-Math.floor(age / HOUR), "hour");
  if (age < 7 * DAY) return relative.format(-daysBetween(date, now), "day");
  const year = date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  return format(Intl.DateTimeFormat, language, { day: "numeric", month: "short", ...year }).format(date);
}

export function fullTime(date, { language } = {}) {
  return format(Intl.DateTimeFormat, language, { dateStyle: "full", timeStyle: "short" }).format(date);
}

/** Keep the text of every <time data-relative datetime="…"> under root true, each half minute. Returns a function that stops it. */
export function keepFresh(root, options = {}) {
  const refresh = () => {
    for (const element of root.querySelectorAll("time[data-relative]")) {
      const date = new Date(element.dateTime);
      element.textContent = relativeTime(date, options);
      element.title ||= fullTime(date, options);
    }
  };
  refresh();
  const timer = setInterval(refresh, MINUTE / 2);
  return () => clearInterval(timer);
}
