// Worlds: which one the page shows, reset, snapshot and restore; and the verdict on what its client did.

import { control, request } from "./api.js";
import { button, byId, fill, h, option, section, table, tag, text, visible } from "./dom.js";
import { opens, panel } from "./panels.js";
import { Poll, act, sure } from "./poll.js";
import { go, listen, state } from "./state.js";
import { bytes, clockTime, count } from "./units.js";

const snapshots = []; // {world, at, blob}: kept by this page until it is closed; a file outlives it
let poll, judged, problems, kept;

panel({
  id: "worlds",
  title: "Worlds",
  mount(root) {
    const place = h("div"),
      verdict = h("div");
    kept = h("div");
    problems = h("div");
    root.append(problems, place, kept, verdict);
    poll = new Poll(place, () => control("GET", "/worlds"), ({ worlds }) => list(worlds));
    judged = new Poll(verdict, () => control("GET", "/verdict"), judgement, 3000);
    return [poll, judged];
  },
});

const here = () => state.world || "default";
const enter = (name) => go({ world: name === "default" ? "" : name, exchange: "" }, { push: true });
const at = (name, path = "") => `/worlds/${encodeURIComponent(name)}${path}`;
const done = (work, said) => poll.act(problems, work, said).then(() => judged.refresh(true));

function list(worlds) {
  const name = h("input", { placeholder: "checkout-test", spellcheck: false, "aria-label": "Name of a new world" });
  const make = (event) => {
    event.preventDefault();
    const wanted = name.value.trim();
    name.blur();
    if (wanted) done(() => control("PUT", at(wanted), { body: {} }), `The world ${wanted} is there`);
  };
  const headings = ["World", "Scenarios", "Clock", "#Exchanges", "#Faults", "Keys", "Actions"];
  return section(
    "Worlds",
    table("worlds", headings, worlds.map(row), "Worlds"),
    h("form.actions", { onsubmit: make }, name, button("New world", undefined, { type: "submit", class: "small" })),
  );
}

function row({ name, owner, scenarios, clock, exchanges, faults, keys }) {
  const shown = name === here();
  const small = (label, work, words) =>
    button(label, work, { class: "small", "data-key": `${label} ${name}`, "aria-label": words });
  const reset = () => done(() => control("POST", at(name, "/reset")), `${name} begins again`);
  return h(
    "tr",
    { "aria-current": shown ? "true" : null },
    h(
      "td",
      h("b", visible(name)),
      shown ? [" ", tag("shown", "open")] : null,
      owner ? h("div.soft", visible(owner)) : null,
    ),
    h("td", visible(scenarios.join(", "))),
    h("td", clockTime(clock.now).slice(0, 8), clock.frozen ? " frozen" : ""),
    h("td.number", count(exchanges)),
    h("td.number", count(faults)),
    h("td", visible(keys.join(", "))),
    h(
      "td",
      h(
        "div.buttons",
        shown ? null : small("Show", () => enter(name), `Show ${name}`),
        small("Snapshot", () => snapshot(name), `Snapshot of ${name}`),
        restoring(name),
        sure("Reset", `Reset ${name}?`, reset, { class: "small", title: `Reset ${name}` }),
      ),
    ),
  );
}

/** A button that takes a file with a snapshot. */
function restoring(name) {
  const file = h("input", {
    type: "file",
    accept: "application/json,.json",
    class: "offscreen",
    tabindex: "-1",
    "aria-label": `File with a snapshot for ${name}`,
    onchange: () => file.files[0] && restore(name, file.files[0]),
  });
  return [
    button("Restore a file…", () => file.click(), { class: "small", "aria-label": `Restore a file to ${name}` }),
    file,
  ];
}

// A snapshot is kept as it came: its whole numbers may be larger than those of JavaScript.
async function take(world) {
  const blob = await (await request("GET", at(world, "/snapshot"))).blob();
  snapshots.unshift({ world, at: Date.now() / 1000, blob });
  const items = snapshots.map((each, index) => {
    const words = { class: "small", "aria-label": `Save snapshot ${snapshots.length - index} as a file` };
    return h(
      "li",
      h("b", visible(each.world)),
      ` at ${clockTime(each.at).slice(0, 8)}, ${bytes(each.blob.size)} `,
      sure("Restore", "Replace all of it?", () => restore(each.world, each.blob), { class: "small" }),
      " ",
      button("Save as a file", () => save(each), words),
    );
  });
  const note = h("p.soft", "This page keeps them until it is closed; files outlive it.");
  fill(kept, section("Snapshots", note, h("ul.plain", items)));
}

const snapshot = (world) => act(problems, () => take(world), `A snapshot of ${world} was taken`);

const restore = (world, blob) =>
  done(() => request("PUT", at(world, "/snapshot"), { body: blob }), `${world} is as it was`);

function save({ world, blob }) {
  const link = h("a", { href: URL.createObjectURL(blob), download: `${world}.snapshot.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function judgement({ ok, findings, exchanges, dropped }) {
  return section(
    "Verdict",
    h(
      "p",
      h(
        "span.outcome",
        { "data-tone": ok ? "ok" : "cut" },
        findings.length ? `${findings.length} ${findings.length === 1 ? "finding" : "findings"}` : "No findings",
      ),
      ` in ${count(exchanges)} exchanges`,
      dropped ? `; ${count(dropped)} older ones are gone` : "",
      ".",
    ),
    findings.map((each) =>
      h(
        "article.card.finding",
        h(
          "p",
          tag(each.severity, each.severity === "error" ? "cut" : "left"),
          " ",
          h("b", visible(each.rule)),
          " ",
          h("code", visible(each.operation)),
        ),
        h("p", text(each.message, 1000)),
        h("p.soft", `Expected ${visible(each.wanted)}; found ${visible(each.found)}.`),
        h(
          "p",
          "Exchanges ",
          each.exchanges.map((number) => [opens(number), " "]),
          each.count > each.exchanges.length ? "…" : "",
        ),
      ),
    ),
  );
}

// The choice of a world in the header.
const choice = h("select.small", {
  "aria-label": "World",
  onchange: () => enter(choice.value),
  onfocus: () => offer(),
});
byId("world").append(h("label", h("span.soft", { "aria-hidden": "true" }, "World "), choice));
listen((changed) => {
  if (changed("world")) offer();
});
offer();

async function offer() {
  const names = await control("GET", "/worlds").then(
    ({ worlds }) => worlds.map(({ name }) => name),
    () => [here()],
  );
  if (!names.includes(here())) names.push(here());
  const known = [...choice.options].map(({ value }) => value).join("\n");
  if (known !== names.join("\n"))
    fill(choice, names.map((name) => option(name, visible(name))));
  choice.value = here();
}
