/** How are parts of the page fetched and put in place? By htmx; what was focused stays focused where it still is. */
import { Refusal, UNREACHABLE } from "./server.js";

const ERRORS = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];

/** Why htmx could not do what it was asked to. */
export function refusalOf({ xhr }) {
  return xhr?.status ? Refusal.fromText(xhr.status, xhr.responseText) : new Refusal({ detail: UNREACHABLE, retryable: true });
}

/** Let htmx fetch a part of the page and put it in place. Returns null, or why it was refused. */
export async function fetchPart(address, { verb = "GET", values = {}, target, swap }) {
  let refusal = null;
  const onError = ({ detail }) => {
    if (detail.elt === target || detail.target === target) refusal = refusalOf(detail);
  };
  for (const name of ERRORS) document.body.addEventListener(name, onError);
  try {
    await window.htmx.ajax(verb, address, { source: target, target, swap, values });
  } catch {
    // htmx rejects after its own error event, which says more; without one the request was replaced by a newer one.
  }
  for (const name of ERRORS) document.body.removeEventListener(name, onError);
  return refusal;
}

/** Give the focus back to what replaces the focused element; fallback() says where else it may go. */
export function keepFocus(fallback) {
  let id = "";
  document.body.addEventListener("htmx:beforeSwap", () => { id = document.activeElement?.closest("#workspace") ? document.activeElement.id || "?" : ""; });
  document.body.addEventListener("htmx:afterSettle", () => {
    if (!id || document.activeElement !== document.body) return;
    (document.getElementById(id) ?? fallback())?.focus({ preventScroll: true });
    id = "";
  });
}
