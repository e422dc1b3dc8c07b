// A request in a form, to be changed and sent: the replay has one, and the composer.

import { control } from "./api.js";
import { field, h } from "./dom.js";
import { state } from "./state.js";

const MARK = "x-emulator-inspector"; // a header that only finds the exchange of a request again
const MASKED = /\S*\*{4,}\S*/;
const WHOLE = /^(?!cookie)[^:]+: (?!basic )(\S+ )?\*+$/i; // a key of which nothing is shown

/** Fields for the method, the path with its query, the headers line by line, and the body. */
export class RequestForm {
  constructor(rows) {
    const area = (lines) => h("textarea", { rows: lines, spellcheck: false });
    this.method = h("input", { size: "8", spellcheck: false });
    this.path = h("input", { spellcheck: false });
    this.headers = area("4");
    this.body = area(rows);
    this.root = [
      h("div.pair", field("Method", this.method), field("Path and query", this.path)),
      field("Headers", this.headers),
      field("Body", this.body),
    ];
  }

  /** Fills it in; `headers` are pairs of a name and a line, `body` is text or null, `key` is shown masked. */
  fill({ method, path, headers, body, key }) {
    this.key = key;
    this.method.value = method;
    this.path.value = path;
    this.headers.value = headers.map(([name, line]) => `${name}: ${line}`).join("\n");
    this.body.value = pretty(body);
  }

  /** Sends it to the world that is shown. Returns the response to come, and what finds its exchange. */
  async send() {
    const method = this.method.value.trim().toUpperCase();
    const mark = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const headers = new Headers();
    for (const [name, line] of await unmasked(linesOf(this.headers.value), this.key)) headers.append(name, line);
    headers.set(MARK, mark);
    headers.set("X-Emulator-World", state.world || "default");
    const body = ["GET", "HEAD"].includes(method) || !this.body.value ? undefined : this.body.value;
    if (body && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
    const response = fetch(this.path.value.trim(), {
      ...{ method, headers, body },
      ...{ credentials: "omit", cache: "no-store", redirect: "manual" },
    });
    return { response, mark };
  }
}

/** The exchange of a request that was sent, in real seconds; `when`: what else it must be like. */
export async function exchangeOf(mark, timeout, when = {}) {
  const found = await control("POST", "/exchanges/wait", {
    body: { when: { [`header.${MARK}`]: mark, ...when }, timeout },
  });
  return found.exchanges[0];
}

function pretty(body) {
  try {
    return body === null ? "" : JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

const linesOf = (source) =>
  source
    .split("\n")
    .filter((line) => line.includes(":"))
    .map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]);

/** Header lines with the masked keys that this world knows written out; `key` is the one of a short mask. */
async function unmasked(headers, caller) {
  if (!headers.some(([, line]) => MASKED.test(line))) return headers;
  const { keys } = await control("GET", "/keys");
  const known = new Map(keys.map(({ masked, key }) => [masked, key]));
  const find = (name, line, hidden) => known.get(WHOLE.test(`${name}: ${line}`) ? caller : hidden) ?? hidden;
  return headers.map(([name, line]) => [name, line.replace(MASKED, (hidden) => find(name, line, hidden))]);
}
