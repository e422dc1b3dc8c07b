// The composer: an operation with its example filled in, sent from here, its response shown as it comes.

import { control } from "./api.js";
import { button, fill, h, problem, text, visible } from "./dom.js";
import { statusTone } from "./outcome.js";
import { panel } from "./panels.js";
import { go, listen, state } from "./state.js";
import { bytes } from "./units.js";

const MARK = "x-emulator-composed"; // a header by which the exchange of a request is found
const SHOWN = 100_000; // characters of a response that are shown
let operations = [], fields, result, about, send;

panel({
  id: "compose",
  title: "Compose",
  mount(root) {
    const area = (rows) => h("textarea", { rows, spellcheck: false });
    fields = { operation: h("select", { onchange: choose }), method: h("input", { size: "7", spellcheck: false }), path: h("input", { spellcheck: false }), headers: area("3"), body: area("12") };
    const field = (label, element) => h("div", { class: "field" }, h("label", { for: (element.id = `compose-${label.toLowerCase().replaceAll(" ", "-")}`) }, label), element);
    about = h("p", { class: "soft" });
    send = button("Send", run, { class: "primary" });
    result = h("div", { class: "composed", "aria-live": "polite" });
    root.append(h("div", { class: "halves" }, h("div", { class: "card form" }, field("Operation", fields.operation), about, h("div", { class: "pair" }, field("Method", fields.method), field("Path and query", fields.path)),
      field("Headers", fields.headers), field("Body", fields.body), h("div", { class: "actions" }, send, h("span", { class: "soft" }, "It goes to this emulator, in the world shown."))), result));
    listen((changed) => { if (changed("world")) offer(); });
    offer();
  },
});

async function offer() {
  try {
    const [all, { apis }] = await Promise.all([control("GET", "/operations"), control("GET", "/apis")]);
    ({ operations } = all);
    const groups = Object.entries(Object.groupBy(operations.map((each, index) => ({ ...each, index })), ({ api }) => api));
    fill(fields.operation, groups.map(([api, its]) => h("optgroup", { label: api }, its.map((each) => h("option", { value: String(each.index) }, `${each.operation}  ${each.method} ${each.path}`)))));
    const first = operations.findIndex(({ api, operation }) => apis.some((each) => each.api === api && each.example === operation));
    fields.operation.value = String(Math.max(0, first));
    choose();
  } catch (error) {
    fill(result, problem(error));
  }
}

function choose() {
  const { method, path, summary, example, grade } = operations[Number(fields.operation.value)];
  const filled = path.replace(/\{(\w+)\}/g, (part, name) => (name in example.path ? encodeURIComponent(example.path[name]) : part));
  fields.method.value = method;
  fields.path.value = filled + (Object.keys(example.query).length ? `?${new URLSearchParams(example.query)}` : "");
  fields.headers.value = Object.entries(example.headers).map(([name, line]) => `${name}: ${line}`).join("\n");
  fields.body.value = example.body === null ? "" : JSON.stringify(example.body, null, 2);
  fill(about, visible(summary), filled.includes("{") ? " Fill in what stands in braces: another response tells it." : "");
}

async function run() {
  const mark = crypto.getRandomValues(new Uint32Array(2)).join("-");
  const headers = new Headers();
  const seen = h("pre", { class: "raw", tabindex: "0" }), head = h("p", { class: "verdict-line" }, "Sending…"), link = h("p");
  fill(result, head, link, seen);
  send.disabled = true;
  try {
    for (const line of fields.headers.value.split("\n").filter((each) => each.includes(":"))) headers.append(line.slice(0, line.indexOf(":")).trim(), line.slice(line.indexOf(":") + 1).trim());
    headers.set(MARK, mark);
    headers.set("X-Emulator-World", state.world || "default");
    const body = fields.body.value.trim();
    if (body && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
    const method = fields.method.value.trim().toUpperCase();
    control("POST", "/exchanges/wait", { body: { when: { [`header.${MARK}`]: mark }, timeout: 60 } }).then(({ exchanges: [{ number }] }) =>
      fill(link, button(`Show exchange #${number}`, () => go({ view: "", exchange: number, tab: "" }, { push: true }), { class: "small" })), () => null);
    await follow(await fetch(fields.path.value.trim(), { method, headers, body: body && method !== "GET" && method !== "HEAD" ? body : undefined, credentials: "omit", cache: "no-store", redirect: "manual" }), head, seen);
  } catch (error) {
    head.append(h("span", { class: "outcome", "data-tone": "cut" }, ` The response broke off: ${visible(error.message)}`));
  }
  send.disabled = false;
}

/** Shows a response as it comes. */
async function follow(response, head, seen) {
  const decoder = new TextDecoder();
  const pieces = response.body?.getReader();
  let size = 0, shown = "";
  const tell = (more) => fill(head, h("span", { class: "status", "data-tone": statusTone(response.status) }, `${response.status} ${response.statusText}`), ` ${bytes(size)}${more}`);
  tell("");
  for (let piece; pieces && !(piece = await pieces.read()).done;) {
    size += piece.value.length;
    shown = (shown + decoder.decode(piece.value, { stream: true })).slice(0, SHOWN);
    fill(seen, visible(shown));
    tell(" so far");
  }
  if ((response.headers.get("content-type") ?? "").includes("json")) try { fill(seen, text(JSON.stringify(JSON.parse(shown), null, 2), SHOWN)); } catch { /* it stays as it came */ }
  tell("");
}
