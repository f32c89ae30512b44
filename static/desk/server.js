/** How does the window talk to the server over HTTP? JSON in, named refusals out. */

const TIMEOUT = 15_000;

/** Why something was not done, in words for the agent. `retryable`: the same request may succeed later. */
export class Refusal extends Error {
  constructor({ status = 0, code = "network", detail, retryable = false, question = "", owner_version: ownerVersion = 0 }) {
    super(detail);
    Object.assign(this, { status, code, retryable, question, ownerVersion });
  }

  /** From a response that is not 2xx, whatever stands in it. */
  static fromText(status, text) {
    try {
      const body = JSON.parse(text);
      if (body.detail) return new Refusal({ status, ...body });
    } catch {
      // Not one of ours: a proxy's page, or Django's own.
    }
    if (status === 403) return new Refusal({ status, code: "csrf", detail: "This window has been open for too long. Reload it; what you have written stays here." });
    const retryable = status >= 500 || status === 429;
    return new Refusal({ status, code: "http", retryable, detail: retryable ? "The server is busy or being updated." : `The server refused this (${status}).` });
  }
}

export const UNREACHABLE = "The server cannot be reached.";

export function csrfToken() {
  // The cookie is newer than the page when somebody has signed in again in another window.
  return /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? document.body.dataset.csrf;
}

async function request(address, options) {
  let response;
  try {
    response = await fetch(address, { ...options, headers: { Accept: "application/json", ...options.headers }, signal: options.signal ?? AbortSignal.timeout(TIMEOUT) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal({ detail: UNREACHABLE, retryable: true });
  }
  if (!response.ok) throw Refusal.fromText(response.status, await response.text());
  return response.status === 204 ? null : response.json();
}

export function fetchJson(address, { signal } = {}) {
  return request(address, { signal, cache: "no-store" });
}

export function post(address, fields, { keepalive = false } = {}) {
  return request(address, { method: "POST", body: new URLSearchParams(fields), headers: { "X-CSRFToken": csrfToken() }, keepalive });
}
