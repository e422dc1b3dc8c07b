// Faults: a form made from the table of faults, and those that are armed, with played and left.

import { control } from "./api.js";
import { button, field, fill, groups, h, option, section, table, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll } from "./poll.js";

// [name, label, what to type]
const RESTRICTIONS = [
  ["on", "Operations", "messages.create, messages.*", "fault-operations"],
  ["key", "Key", "any", "fault-keys"],
  ["times", "Times", "no limit"],
  ["nth", "Only the nth time", ""],
  ["every", "Every nth time", ""],
  ["probability", "Probability", "0 to 1"],
  ["after", "Begins after", "61s"],
  ["for", "Lasts", "5m"],
];
const ONE_OF = "one of: "; // how the words begin that list all values of a parameter
let poll, form;

panel({
  id: "faults",
  title: "Faults",
  mount(root) {
    const armed = h("div"),
      problems = h("div");
    form = h(
      "form.card",
      {
        onsubmit: (event) => {
          event.preventDefault();
          arm(problems);
        },
      },
      h("h3", "Arm a fault"),
    );
    root.append(h("div.columns", h("div", form, problems), armed));
    poll = new Poll(
      armed,
      () => control("GET", "/faults"),
      (faults) => {
        if (!form.known) offer(faults.known);
        return armedFaults(faults.armed, problems);
      },
    );
    return [poll];
  },
});

async function offer(known) {
  form.known = true;
  const about = h("p.soft");
  const params = h("div.fields");
  const families = groups(known, (each) => each.on);
  const choice = h(
    "select",
    { name: "fault", id: "fault-name", onchange: choose },
    families.map(([label, all]) =>
      h("optgroup", { label }, all.map(({ name }) => option(name))),
    ),
  );
  function choose() {
    const fault = known.find(({ name }) => name === choice.value);
    fill(about, fault.about, fault.synonyms.length ? ` Elsewhere: ${fault.synonyms.join(", ")}.` : "");
    fill(
      params,
      Object.entries(fault.params).flatMap(([name, expected]) => {
        const known = expected.startsWith(ONE_OF) ? expected.slice(ONE_OF.length).split(", ") : [];
        const input = labelled([h("b", name), " ", h("small", expected)], `param.${name}`, { list: `known-${name}` });
        return [input, list(`known-${name}`, known)];
      }),
    );
  }
  form.append(
    h("div.field", h("label", { for: "fault-name" }, "Fault"), choice),
    about,
    params,
    h("h4", "Where and when"),
    h(
      "div.fields",
      RESTRICTIONS.map(([name, label, placeholder, list]) => labelled(label, name, { placeholder, list })),
    ),
    h("div.actions", button("Arm", undefined, { type: "submit", class: "primary" })),
  );
  choose();
  const [{ operations }, { apis }] = await Promise.all([control("GET", "/operations"), control("GET", "/apis")]);
  form.append(
    list("fault-operations", operations.map((each) => each.operation)),
    list("fault-keys", apis.flatMap((api) => Object.keys(api.keys))),
  );
}

const list = (id, values) =>
  h("datalist", { id }, [...new Set(values)].map((value) => option(value, "")));

const labelled = (label, name, attributes) =>
  field(label, h("input", { name, autocomplete: "off", spellcheck: false, ...attributes }));

/** What was typed as JSON if it is JSON, else as text. */
const valueOf = (typed) => {
  try {
    return JSON.parse(typed);
  } catch {
    return typed;
  }
};

/** The order that the form says; what is empty does not restrict it. */
function order() {
  const typed = [...new FormData(form)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value);
  const params = Object.fromEntries(
    typed.filter(([name]) => name.startsWith("param.")).map(([name, value]) => [name.slice(6), valueOf(value)]),
  );
  const rest = Object.fromEntries(
    typed
      .filter(([name]) => !name.startsWith("param."))
      .map(([name, value]) => [name, ["fault", "key", "after", "for"].includes(name) ? value : valueOf(value)]),
  );
  if (rest.on)
    rest.on = String(rest.on)
      .split(",")
      .map((each) => each.trim());
  return Object.keys(params).length ? { ...rest, params } : rest;
}

const arm = (problems) =>
  poll.act(
    problems,
    () => control("POST", "/faults", { body: order() }),
    ({ id, fault }) => `${fault} is armed as ${id}`,
  );

function armedFaults(armed, problems) {
  if (!armed.length) return section("Armed", h("p.soft", "No fault is armed in this world."));
  const disarm = (path, said) => poll.act(problems, () => control("DELETE", path), said);
  const row = (each) => {
    const attributes = { class: "small", "data-key": each.id, "aria-label": `Disarm ${each.fault}, ${each.id}` };
    return h(
      each.used_up ? "tr.soft" : "tr",
      h("td", h("b", visible(each.fault)), " ", each.params == null ? "" : h("code", brief(each.params))),
      h("td", visible(scope(each))),
      h("td.number", String(each.played)),
      h("td.number", left(each)),
      h("td", button("Disarm", () => disarm(`/faults/${each.id}`, `${each.id} is disarmed`), attributes)),
    );
  };
  const all = () => disarm("/faults", "All faults are disarmed");
  return section(
    "Armed",
    table("armed", ["Fault", "Where and when", "#Played", "#Left", "Disarm"], armed.map(row), "Armed faults"),
    h("div.actions", button("Disarm all", all, { class: "small", "data-key": "all" })),
  );
}

const brief = (params) => visible(typeof params === "string" ? params : JSON.stringify(params));

const scope = (each) =>
  [
    each.on ? [each.on].flat().join(", ") : "everywhere",
    each.key && `key ${each.key}`,
    each.nth && `only number ${each.nth}`,
    each.every && `every ${each.every}`,
    each.probability != null && `probability ${each.probability}`,
    each.after && `after ${each.after}`,
    each.for && `for ${each.for}`,
  ]
    .filter(Boolean)
    .join("; ");

const left = (each) =>
  each.used_up ? "used up" : each.times ? String(each.times - each.played) : each.nth ? "1" : "no limit";
