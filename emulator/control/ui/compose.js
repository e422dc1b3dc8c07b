// The composer: an operation with its example filled in, sent from here, its response shown as it comes.

import { control } from "./api.js";
import { button, field, fill, groups, h, option, pre, problem, text, visible } from "./dom.js";
import { statusTone } from "./outcome.js";
import { opens, panel } from "./panels.js";
import { RequestForm, exchangeOf } from "./request.js";
import { listen } from "./state.js";
import { bytes } from "./units.js";

const SHOWN = 100_000; // characters of a response that are shown
const form = new RequestForm("12");
const choice = h("select", { id: "compose-operation", onchange: choose });
const about = h("p.soft");
const result = h("div.composed", { "aria-live": "polite" });
const send = button("Send", run, { class: "primary" });
let operations = [];

panel({
  id: "compose",
  title: "Compose",
  mount(root) {
    const actions = h("div.actions", send, h("span.soft", "It goes to this emulator, in the world shown."));
    root.append(h("div.halves", h("div.card.form", field("Operation", choice), about, form.root, actions), result));
    listen((changed) => {
      if (changed("world")) offer();
    });
    offer();
  },
});

async function offer() {
  try {
    const [all, { apis }] = await Promise.all([control("GET", "/operations"), control("GET", "/apis")]);
    ({ operations } = all);
    const numbered = operations.map((each, index) => ({ ...each, index }));
    const offered = ({ index, operation, method, path }) => option(String(index), `${operation}  ${method} ${path}`);
    fill(
      choice,
      groups(numbered, ({ api }) => api).map(([label, its]) => h("optgroup", { label }, its.map(offered))),
    );
    const first = operations.findIndex(({ api, operation }) =>
      apis.some((each) => each.api === api && each.example === operation),
    );
    choice.value = String(Math.max(0, first));
    choose();
  } catch (error) {
    fill(result, problem(error));
  }
}

function choose() {
  const { method, path, summary, example } = operations[Number(choice.value)];
  const filled = path.replace(/\{(\w+)\}/g, (part, name) =>
    name in example.path ? encodeURIComponent(example.path[name]) : part,
  );
  const query = Object.keys(example.query).length ? `?${new URLSearchParams(example.query)}` : "";
  const body = example.body === null ? null : JSON.stringify(example.body);
  form.fill({ method, path: filled + query, headers: Object.entries(example.headers), body });
  const missing = filled.includes("{") ? " Fill in what stands in braces: another response tells it." : "";
  fill(about, visible(summary), missing);
}

async function run() {
  const [seen, head, link] = [pre(), h("p.verdict-line", "Sending…"), h("p")];
  fill(result, head, link, seen);
  send.disabled = true;
  try {
    const { response, mark } = await form.send();
    exchangeOf(mark, 60).then(
      ({ number }) => fill(link, opens(number, `Show exchange #${number}`, "small")),
      () => null,
    );
    await follow(await response, head, seen);
  } catch (error) {
    head.append(h("span.outcome", { "data-tone": "cut" }, ` The response broke off: ${visible(error.message)}`));
  }
  send.disabled = false;
}

/** Shows a response as it comes. */
async function follow(response, head, seen) {
  const decoder = new TextDecoder();
  const pieces = response.body?.getReader();
  let size = 0,
    shown = "";
  const tell = (more) =>
    fill(
      head,
      h("span.status", { "data-tone": statusTone(response.status) }, `${response.status} ${response.statusText}`),
      ` ${bytes(size)}${more}`,
    );
  tell("");
  for (let piece; pieces && !(piece = await pieces.read()).done;) {
    size += piece.value.length;
    shown = (shown + decoder.decode(piece.value, { stream: true })).slice(0, SHOWN);
    fill(seen, visible(shown));
    tell(" so far");
  }
  if ((response.headers.get("content-type") ?? "").includes("json"))
    try {
      fill(seen, text(JSON.stringify(JSON.parse(shown), null, 2), SHOWN));
    } catch {
      /* it stays as it came */
    }
  tell("");
}
