// Calls the control API: the world of the page, the token when one is needed, errors with what helps.

import { h, button, byId } from "./dom.js";
import { state } from "./state.js";

export const BASE = "/_emulator";
const TOKEN = "emulator-control-token";

/** A call that was refused. `status` is 0 when the server could not be reached; `details` are its diagnostics. */
export class Failure extends Error {
  constructor(status, message, hint = "", details = []) {
    super(message);
    this.status = status;
    this.hint = hint;
    this.details = details;
  }
}

const remembered = new Map(); // what was asked of which world → the last answer with its tag, for polls
const REMEMBERED = 40;

/**
 * Calls a control route and returns its JSON: control("GET", "/limits", {query: {key}}). Raises Failure.
 * An answer that is still the same is not sent again.
 */
export async function control(method, path, options = {}) {
  const name = JSON.stringify([method, path, options.query, state.world]);
  const known = remembered.get(name);
  const response = await request(method, path, { ...options, tag: known?.tag });
  if (response.status === 304) return known.answer;
  const answer = response.status === 204 ? null : await response.json();
  const tag = response.headers.get("ETag");
  remembered.delete(name); // the newest come last
  if (tag) remembered.set(name, { tag, answer });
  if (remembered.size > REMEMBERED) remembered.delete(remembered.keys().next().value);
  return answer;
}

/** Calls a control route and returns the response, whose body may be a stream. Raises Failure. */
export async function request(method, path, { query, body, signal, tag } = {}) {
  const asked = Object.entries(query ?? {}).filter(([, value]) => value != null && value !== "");
  const url = BASE + path + (asked.length ? `?${new URLSearchParams(asked)}` : "");
  for (;;) {
    const headers = { "X-Emulator-World": state.world || "default", ...authorization() };
    if (tag) headers["If-None-Match"] = tag;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(url, {
      method,
      headers,
      signal,
      cache: "no-store",
      credentials: "omit",
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    }).catch((error) => {
      throw error.name === "AbortError"
        ? error
        : new Failure(0, "The emulator can't be reached.", "Is it still running?");
    });
    if (response.ok || response.status === 304) return response;
    const failure = await failureOf(response);
    if (response.status !== 403 || !failure.message.includes("control token")) throw failure;
    await askForToken(Boolean(headers.Authorization));
  }
}

/** The header that shows the token, when one was asked for. */
export function authorization() {
  const token = sessionStorage.getItem(TOKEN);
  return token ? { Authorization: `Bearer ${token}` } : {};
}

async function failureOf(response) {
  const { error = {} } = await response.json().catch(() => ({}));
  return new Failure(response.status, error.message ?? `HTTP ${response.status}`, error.hint, error.complaints);
}

let asking = null;

/** Asks for the control token once, however many calls need it. It is kept for this tab only. */
function askForToken(wrong) {
  asking ??= new Promise((resolve) => {
    const field = h("input", { type: "password", id: "token-field", autocomplete: "off", required: true });
    const dialog = h(
      "dialog.dialog",
      { "aria-labelledby": "token-title" },
      h(
        "form",
        {
          method: "dialog",
          onsubmit: () => {
            sessionStorage.setItem(TOKEN, field.value.trim());
            dialog.remove();
            asking = null;
            resolve();
          },
        },
        h("h2", { id: "token-title" }, "Control token"),
        h(
          "p.soft",
          wrong ? "That was not the token. " : "",
          "The emulator shows it when it starts, or it is what --control-token says.",
        ),
        h("label", { for: "token-field" }, "Token"),
        field,
        h("div.actions", button("Continue", undefined, { type: "submit", class: "primary" })),
      ),
    );
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    byId("view").after(dialog);
    dialog.showModal();
  });
  return asking;
}
