// JSON as a tree that is built as it is opened. Any value can be clicked, to be added to the filter.

import { button, h, text, visible } from "./dom.js";

const MANY = 100; // entries of a list or an object that are shown before one asks for more
const LONG = 500; // characters of a text, likewise

/** The tree of a value; `pick(path, value)` is called for a value that is clicked, with its path such as "body.model". */
export function tree(value, pick, path = "", depth = 4) {
  return h("div", { class: "json" }, node(null, value, pick, path, depth));
}

function node(name, value, pick, path, depth) {
  const label = name === null ? null : [h("span", { class: "name" }, visible(name)), ": "];
  if (value === null || typeof value !== "object") return h("div", { class: "leaf" }, label, leaf(value, pick, path));
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (!entries.length) return h("div", { class: "leaf" }, label, open + close);
  const brief = h("span", { class: "brief" }, ` ${Array.isArray(value) ? plural(entries.length, "item") : summary(entries)} ${close}`);
  const details = h("details", { open: depth > 0 }, h("summary", null, label, open, brief));
  const grow = () => {
    if (!details.open || details.grown) return;
    details.grown = true;
    details.append(branch(entries, 0, pick, path, depth - 1, Array.isArray(value)), h("div", { class: "close" }, close));
  };
  details.addEventListener("toggle", grow);
  grow();
  return details;
}

function branch(entries, from, pick, path, depth, list) {
  const shown = entries.slice(from, from + MANY).map(([key, child]) =>
    node(list ? null : key, child, pick, list ? `${path}[${key}]` : path && `${path}.${key}`, depth));
  const rest = entries.length - from - MANY;
  const box = h("div", { class: "branch" }, shown);
  if (rest > 0) {
    const more = button(`${rest.toLocaleString("en")} more`, () => more.replaceWith(...branch(entries, from + MANY, pick, path, depth, list).childNodes), { class: "link" });
    box.append(more);
  }
  return box;
}

function leaf(value, pick, path) {
  const kind = value === null ? "null" : typeof value;
  const shown = kind === "string" ? ["“", text(value, LONG), "”"] : [JSON.stringify(value)];
  const pickable = pick && path && !path.includes("[") && (kind !== "string" || value.length <= LONG);
  if (!pickable) return h("span", { class: `value ${kind}` }, shown);
  return h("button", { type: "button", class: `value ${kind}`, title: `Filter by ${visible(path)}`, onclick: () => pick(path, value) }, shown);
}

const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
const summary = (entries) => visible(entries.slice(0, 3).map(([key]) => key.slice(0, 20)).join(", ")) + (entries.length > 3 ? ", …" : "");
