// JSON as a tree that is built as it is opened. Any value can be clicked, to be added to the filter.

import { button, h, value, visible } from "./dom.js";
import { count } from "./units.js";

const MANY = 100; // entries of a list or an object that are shown before one asks for more
const LONG = 500; // characters of a text, likewise
const OPEN = 400; // entries of a tree that are built at first, whatever their depth

/** The tree of a value; `pick(path, value)` is called for one that is clicked, with its path such as "body.model". */
export function tree(content, pick, path = "", depth = 4) {
  return h("div.json", node(null, content, pick, path, { depth, room: { entries: OPEN } }));
}

// `begin` says how deep and how far a tree is open when it is made; what is opened by hand begins anew.
function node(name, content, pick, path, begin) {
  const label = name === null ? null : [h("span.name", visible(name.slice(0, LONG))), ": "];
  if (content === null || typeof content !== "object") return h("div.leaf", label, leaf(content, pick, path));
  const entries = Object.entries(content);
  const list = Array.isArray(content);
  const [open, close] = list ? ["[", "]"] : ["{", "}"];
  if (!entries.length) return h("div.leaf", label, open + close);
  const brief = h("span.brief", ` ${list ? plural(entries.length, "item") : summary(entries)} ${close}`);
  const details = h("details", { open: begin.depth > 0 && begin.room.entries > 0 }, h("summary", label, open, brief));
  const grow = () => {
    if (!details.open || details.grown) return;
    details.grown = true;
    const inner = { ...begin, depth: begin.depth - 1 };
    details.append(branch(entries, 0, pick, path, inner, list), h("div.close", close));
  };
  details.addEventListener("toggle", grow);
  grow();
  return details;
}

function branch(entries, from, pick, path, begin, list) {
  begin.room.entries -= Math.min(entries.length - from, MANY);
  const shown = entries
    .slice(from, from + MANY)
    .map(([key, child]) =>
      node(list ? null : key, child, pick, list ? `${path}[${key}]` : path && `${path}.${key}`, begin),
    );
  const rest = entries.length - from - MANY;
  const box = h("div.branch", shown);
  if (rest > 0) {
    const more = button(
      `${count(rest)} more`,
      () => more.replaceWith(...branch(entries, from + MANY, pick, path, begin, list).childNodes),
      { class: "link" },
    );
    box.append(more);
  }
  return box;
}

function leaf(content, pick, path) {
  const kind = content === null ? "null" : typeof content;
  const known = path && !path.includes("[");
  if (kind === "string") return ["“", value(path, content, known && pick, LONG, kind), "”"];
  return value(path, JSON.stringify(content), known && pick && (() => pick(path, content)), LONG, kind);
}

const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
const summary = (entries) =>
  visible(
    entries
      .slice(0, 3)
      .map(([key]) => key.slice(0, 20))
      .join(", "),
  ) + (entries.length > 3 ? ", …" : "");
