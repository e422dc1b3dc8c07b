// Faults: a form made from the table of faults, and those that are armed, with played and left.

import { control } from "./api.js";
import { button, fill, h, section, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll, act } from "./poll.js";

// [name, label, what to type]
const RESTRICTIONS = [["on", "Operations", "messages.create, messages.*", "fault-operations"], ["key", "Key", "any", "fault-keys"], ["times", "Times", "no limit"], ["nth", "Only the nth time", ""],
  ["every", "Every nth time", ""], ["probability", "Probability", "0 to 1"], ["after", "Begins after", "61s"], ["for", "Lasts", "5m"]];
let poll, form;

panel({
  id: "faults",
  title: "Faults",
  mount(root) {
    const armed = h("div"), problems = h("div");
    form = h("form", { class: "card", onsubmit: (event) => { event.preventDefault(); arm(problems); } }, h("h3", null, "Arm a fault"));
    root.append(h("div", { class: "columns" }, h("div", null, form, problems), armed));
    poll = new Poll(armed, () => control("GET", "/faults"), (faults) => {
      if (!form.known) offer(faults.known);
      return table(faults.armed, problems);
    });
  },
  show() { poll.start(); },
  hide() { poll.stop(); },
});

async function offer(known) {
  form.known = true;
  const about = h("p", { class: "soft" });
  const params = h("div", { class: "fields" });
  const families = Object.entries(Object.groupBy(known, (each) => each.on));
  const choice = h("select", { name: "fault", id: "fault-name", onchange: choose }, families.map(([family, all]) => h("optgroup", { label: family }, all.map(({ name }) => h("option", { value: name }, name)))));
  function choose() {
    const fault = known.find(({ name }) => name === choice.value);
    fill(about, fault.about, fault.synonyms.length ? ` Elsewhere: ${fault.synonyms.join(", ")}.` : "");
    fill(params, Object.entries(fault.params).map(([name, expected]) => labelled(name, `param.${name}`, { placeholder: expected, title: expected })));
  }
  form.append(h("div", { class: "field" }, h("label", { for: "fault-name" }, "Fault"), choice), about, params, h("h4", null, "Where and when"),
    h("div", { class: "fields" }, RESTRICTIONS.map(([name, label, placeholder, list]) => labelled(label, name, { placeholder, list }))),
    h("div", { class: "actions" }, button("Arm", undefined, { type: "submit", class: "primary" })));
  choose();
  const [{ operations }, { apis }] = await Promise.all([control("GET", "/operations"), control("GET", "/apis")]);
  const list = (id, values) => h("datalist", { id }, [...new Set(values)].map((value) => h("option", { value })));
  form.append(list("fault-operations", operations.map((each) => each.operation)), list("fault-keys", apis.flatMap((api) => Object.keys(api.keys))));
}

const labelled = (label, name, attributes) => h("label", { class: "field" }, h("span", null, label), h("input", { name, autocomplete: "off", spellcheck: false, ...attributes }));

/** What was typed as JSON if it is JSON, else as text. */
const valueOf = (typed) => { try { return JSON.parse(typed); } catch { return typed; } };

/** The order that the form says; what is empty does not restrict it. */
function order() {
  const typed = [...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
  const params = Object.fromEntries(typed.filter(([name]) => name.startsWith("param.")).map(([name, value]) => [name.slice(6), valueOf(value)]));
  const rest = Object.fromEntries(typed.filter(([name]) => !name.startsWith("param.")).map(([name, value]) => [name, ["fault", "key", "after", "for"].includes(name) ? value : valueOf(value)]));
  if (rest.on) rest.on = String(rest.on).split(",").map((each) => each.trim());
  return Object.keys(params).length ? { ...rest, params } : rest;
}

async function arm(problems) {
  if (await act(problems, () => control("POST", "/faults", { body: order() }), ({ id, fault }) => `${fault} is armed as ${id}`)) poll.refresh(true);
}

function table(armed, problems) {
  if (!armed.length) return section("Armed", h("p", { class: "soft" }, "No fault is armed in this world."));
  const disarm = (path, said) => act(problems, () => control("DELETE", path), said).then(() => poll.refresh(true));
  return section("Armed", h("div", { class: "wide" }, h("table", { class: "armed" }, h("thead", null, h("tr", null, ["Fault", "Where and when", "Played", "Left", "Disarm"].map((name) => h("th", null, name)))),
    h("tbody", null, armed.map((each) => h("tr", { class: each.used_up ? "soft" : "" },
      h("td", null, h("b", null, visible(each.fault)), " ", h("code", null, each.params == null ? "" : visible(JSON.stringify(each.params)))),
      h("td", null, visible(scope(each))), h("td", { class: "number" }, String(each.played)), h("td", null, left(each)),
      h("td", null, button("Disarm", () => disarm(`/faults/${each.id}`, `${each.id} is disarmed`), { class: "small", "data-key": each.id, "aria-label": `Disarm ${each.fault}, ${each.id}` }))))))),
  h("div", { class: "actions" }, button("Disarm all", () => disarm("/faults", "All faults are disarmed"), { class: "small", "data-key": "all" })));
}

const scope = (each) => [each.on ? [each.on].flat().join(", ") : "everywhere", each.key && `key ${each.key}`, each.nth && `only number ${each.nth}`, each.every && `every ${each.every}`,
  each.probability != null && `probability ${each.probability}`, each.after && `after ${each.after}`, each.for && `for ${each.for}`].filter(Boolean).join("; ");

const left = (each) => (each.used_up ? "used up" : each.times ? String(each.times - each.played) : each.nth ? "1" : "no limit");
