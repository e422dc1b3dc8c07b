// Worlds: which one the page shows, reset, snapshot and restore; and the verdict on what its client did.

import { control, request } from "./api.js";
import { button, byId, fill, h, section, text, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll, act, sure } from "./poll.js";
import { go, listen, state } from "./state.js";
import { clockTime, count } from "./units.js";

const snapshots = []; // {world, at, blob}: kept by this page until it is closed; a file outlives it
let poll, judged, problems, kept;

panel({
  id: "worlds",
  title: "Worlds",
  mount(root) {
    const list = h("div"), verdict = h("div");
    kept = h("div");
    problems = h("div");
    root.append(problems, list, kept, verdict);
    poll = new Poll(list, () => control("GET", "/worlds"), ({ worlds }) => table(worlds));
    judged = new Poll(verdict, () => control("GET", "/verdict"), judgement, 3000);
  },
  show() { poll.start(); judged.start(); },
  hide() { poll.stop(); judged.stop(); },
});

const here = () => state.world || "default";
const enter = (name) => go({ world: name === "default" ? "" : name, exchange: "" }, { push: true });
const at = (name, path = "") => `/worlds/${encodeURIComponent(name)}${path}`;
const done = (work, said) => act(problems, work, said).then(() => { poll.refresh(true); judged.refresh(true); });

function table(worlds) {
  const name = h("input", { placeholder: "checkout-test", spellcheck: false, "aria-label": "Name of a new world" });
  const make = (event) => { event.preventDefault(); done(() => control("PUT", at(name.value.trim()), { body: {} }), `The world ${name.value.trim()} is there`); name.blur(); };
  return section("Worlds", h("div", { class: "wide" }, h("table", { class: "worlds" }, h("thead", null, h("tr", null, ["World", "Scenarios", "Clock", "Exchanges", "Faults", "Keys", "Actions"].map((each) => h("th", null, each)))),
    h("tbody", null, worlds.map((world) => h("tr", { "aria-current": world.name === here() ? "true" : null },
      h("td", null, h("b", null, visible(world.name)), world.name === here() ? [" ", h("span", { class: "tag", "data-tone": "open" }, "shown")] : null, world.owner ? h("div", { class: "soft" }, visible(world.owner)) : null),
      h("td", null, world.scenarios.map(visible).join(", ")), h("td", null, clockTime(world.clock.now).slice(0, 8), world.clock.frozen ? " frozen" : ""), h("td", null, count(world.exchanges)), h("td", null, count(world.faults)),
      h("td", null, world.keys.map(visible).join(", ")), h("td", { class: "buttons" }, world.name === here() ? null : button("Show", () => enter(world.name), { class: "small", "data-key": `show ${world.name}`, "aria-label": `Show ${world.name}` }),
        button("Snapshot", () => snapshot(world.name), { class: "small", "data-key": `snapshot ${world.name}`, "aria-label": `Snapshot of ${world.name}` }), restoring(world.name),
        sure("Reset", `Reset ${world.name}?`, () => done(() => control("POST", at(world.name, "/reset")), `${world.name} begins again`), { class: "small", title: `Reset ${world.name}` }))))))),
  h("form", { class: "actions", onsubmit: make }, name, button("New world", undefined, { type: "submit", class: "small" })));
}

/** A button that takes a file with a snapshot. */
function restoring(name) {
  const file = h("input", { type: "file", accept: "application/json,.json", class: "offscreen", tabindex: "-1", "aria-label": `File with a snapshot for ${name}`, onchange: () => file.files[0] && restore(name, file.files[0]) });
  return [button("Restore a file…", () => file.click(), { class: "small", "aria-label": `Restore a file to ${name}` }), file];
}

// A snapshot is kept as it came: its whole numbers may be larger than those of JavaScript.
const snapshot = (world) => act(problems, async () => {
  snapshots.unshift({ world, at: Date.now() / 1000, blob: await (await request("GET", at(world, "/snapshot"))).blob() });
  fill(kept, section("Snapshots", h("p", { class: "soft" }, "This page keeps them until it is closed; files outlive it."), h("ul", { class: "plain" }, snapshots.map((each, index) => h("li", null, h("b", null, visible(each.world)), ` at ${clockTime(each.at).slice(0, 8)}, ${count(each.blob.size)} bytes `,
    sure("Restore", "Replace all of it?", () => restore(each.world, each.blob), { class: "small" }), " ", button("Save as a file", () => save(each), { class: "small", "aria-label": `Save snapshot ${snapshots.length - index} as a file` }))))));
}, `A snapshot of ${world} was taken`);

const restore = (world, blob) => done(() => request("PUT", at(world, "/snapshot"), { body: blob }), `${world} is as it was`);

function save({ world, blob }) {
  const link = h("a", { href: URL.createObjectURL(blob), download: `${world}.snapshot.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function judgement({ ok, findings, exchanges, dropped }) {
  return section("Verdict", h("p", null, h("span", { class: "outcome", "data-tone": ok ? "ok" : "cut" }, findings.length ? `${findings.length} ${findings.length === 1 ? "finding" : "findings"}` : "No findings"), ` in ${count(exchanges)} exchanges`, dropped ? `; ${count(dropped)} older ones are gone` : "", "."),
    findings.map((each) => h("article", { class: "card finding" }, h("p", null, h("span", { class: "tag", "data-tone": each.severity === "error" ? "cut" : "left" }, each.severity), " ", h("b", null, visible(each.rule)), " ", h("code", null, visible(each.operation))),
      h("p", null, text(each.message, 1000)), h("p", { class: "soft" }, `Expected ${visible(each.wanted)}; found ${visible(each.found)}.`),
      h("p", null, "Exchanges ", each.exchanges.map((number) => [button(`#${number}`, () => go({ view: "", exchange: number }, { push: true }), { class: "link" }), " "]), each.count > each.exchanges.length ? "…" : ""))));
}

// The choice of a world in the header.
const choice = h("select", { class: "small", "aria-label": "World", onchange: () => enter(choice.value), onfocus: () => offer() });
byId("world").append(choice);
listen((changed) => { if (changed("world")) offer(); });
offer();

async function offer() {
  const names = await control("GET", "/worlds").then(({ worlds }) => worlds.map(({ name }) => name), () => [here()]);
  if (!names.includes(here())) names.push(here());
  const known = [...choice.options].map(({ value }) => value).join("\n");
  if (known !== names.join("\n")) fill(choice, names.map((name) => h("option", { value: name }, visible(name))));
  choice.value = here();
}
