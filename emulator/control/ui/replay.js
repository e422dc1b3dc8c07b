// Sends the request of an exchange again, as it was or changed, and shows both side by side.

import { control } from "./api.js";
import { requestOf } from "./copy.js";
import { button, fill, h, problem, text, visible } from "./dom.js";
import { outcomeOf, statusTone } from "./outcome.js";
import { state } from "./state.js";
import { duration } from "./units.js";

const MARK = "x-emulator-replay"; // a header that only finds the exchange of the replay again
const WAIT = 600; // seconds that a replay may take
const MASK = /\*{4,}/;

/** A form with the request, and room for both exchanges. */
export function replayView(exchange) {
  const { method, path: asked, headers, body } = requestOf(exchange);
  const field = (label, element) => h("label", { class: "field" }, h("span", null, label), element);
  const verb = h("input", { value: method, size: "8", spellcheck: false });
  const path = h("input", { value: asked, spellcheck: false });
  const lines = h("textarea", { value: headers.map(([name, line]) => `${name}: ${line}`).join("\n"), rows: "4", spellcheck: false });
  const content = h("textarea", { value: pretty(body), rows: "8", spellcheck: false });
  const result = h("div", { class: "replay-result", "aria-live": "polite" });
  const send = button("Send again", () => run(), { class: "primary", id: "replay-send" });
  const form = h("div", { class: "form" }, h("div", { class: "pair" }, field("Method", verb), field("Path and query", path)), field("Headers", lines), field("Body", content),
    h("div", { class: "actions" }, send, h("span", { class: "soft" }, "The request goes to this emulator; keys that the journal has masked are filled in if they are demo keys.")));
  async function run() {
    send.disabled = true;
    fill(result, h("p", { class: "soft" }, "Sending…"));
    try {
      const again = await replay(exchange, { method: verb.value.trim(), path: path.value.trim(), headers: parsed(lines.value), body: content.value });
      fill(result, compare(exchange, again));
    } catch (error) {
      fill(result, problem(error));
    }
    send.disabled = false;
  }
  return h("div", { class: "replay" }, form, result);
}

const pretty = (body) => {
  try { return body === null ? "" : JSON.stringify(JSON.parse(body), null, 2); } catch { return body; }
};

const parsed = (source) => source.split("\n").filter((line) => line.includes(":")).map((line) => [line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim()]);

/** Sends a request and returns its exchange as the journal has it. */
async function replay(exchange, { method, path, headers, body }) {
  const mark = `${exchange.number}-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  const sent = new Headers();
  for (const [name, line] of await unmasked(headers)) sent.set(name, line);
  sent.set(MARK, mark);
  sent.set("X-Emulator-World", state.world || "default");
  const bodiless = method === "GET" || method === "HEAD" || !body;
  fetch(path, { method, headers: sent, body: bodiless ? undefined : body, credentials: "omit", cache: "no-store", redirect: "manual" })
    .then((response) => response.text()).catch(() => null); // a fault may break it: the journal tells how it ended
  const found = await control("POST", "/exchanges/wait", { body: { when: { [`header.${MARK}`]: mark, outcome: { not: "open" } }, timeout: WAIT } });
  return found.exchanges[0];
}

/** Header lines with masked demo keys written out. */
async function unmasked(headers) {
  if (!headers.some(([, line]) => MASK.test(line))) return headers;
  const { apis } = await control("GET", "/apis");
  const keys = apis.flatMap((api) => Object.keys(api.keys));
  return headers.map(([name, line]) => [name, line.replace(/\S*\*{4,}\S*/, (hidden) => {
    const [head, tail] = hidden.split(/\*{4,}/);
    return keys.find((key) => key.startsWith(head) && key.endsWith(tail)) ?? hidden;
  })]);
}

function compare(before, after) {
  const side = (title, exchange) => {
    const outcome = outcomeOf(exchange, exchange.events);
    return h("div", null, h("h3", null, title), h("p", null, h("span", { class: "status", "data-tone": statusTone(exchange.status) }, String(exchange.status || "no response")), " ",
      h("span", { class: "outcome", "data-tone": outcome.tone }, outcome.sign, " ", outcome.words), ` in ${duration(exchange.took)}`));
  };
  const [left, right] = [linesOf(before.reply_body), linesOf(after.reply_body)];
  const marks = [differing(left, right), differing(right, left)];
  const pane = (all, mark) => h("pre", { class: "raw", tabindex: "0" }, all.map((line, index) => h("span", { class: mark[index] ? "differs" : "" }, text(line, 2000), "\n")));
  return h("div", { class: "sides" }, side(`#${before.number}`, before), side(`#${after.number}, the replay`, after), pane(left, marks[0]), pane(right, marks[1]));
}

const linesOf = (body) => (body === null ? [] : typeof body === "string" ? body : JSON.stringify(body, null, 2)).toString().split("\n").slice(0, 2000);

/** For each line whether the other side lacks it, as often as it stands here. */
function differing(lines, others) {
  const left = new Map();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.map((line) => {
    const rest = left.get(line) ?? 0;
    left.set(line, rest - 1);
    return rest <= 0;
  });
}
