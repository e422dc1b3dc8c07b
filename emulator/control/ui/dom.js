// Makes elements. Text only ever becomes text nodes: what a request says is never parsed as HTML.

import { count } from "./units.js";

const PROPERTIES = new Set(["value", "disabled", "hidden", "open", "selected", "spellcheck"]);

/** h("p.soft", {title: "x"}, "Text") makes an element; attributes may be left out, and so are null and false. */
export function h(kind, ...rest) {
  const [name, ...classes] = kind.split(".");
  const element = document.createElement(name);
  if (classes.length) element.className = classes.join(" ");
  const attributes = rest[0]?.constructor === Object ? rest.shift() : {};
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (PROPERTIES.has(key)) element[key] = value ?? "";
    else if (value != null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...flat(rest));
  return element;
}

/** Replaces what an element holds. */
export function fill(element, ...children) {
  element.replaceChildren(...flat(children));
  return element;
}

export const byId = (id) => document.getElementById(id);

export const button = (label, onclick, attributes) => h("button", { type: "button", onclick, ...attributes }, label);

/** A definition list of [name, value] pairs; pairs without a value are left out. */
export function facts(...pairs) {
  const shown = pairs.filter((pair) => pair && pair[1] != null && pair[1] !== false && pair[1].length !== 0);
  return h(
    "dl.facts",
    shown.map(([name, ...values]) => h("div", h("dt", name), h("dd", ...values))),
  );
}

/** A short word on a coloured ground; `tone` says which colour. */
export const tag = (word, tone) => h("span.tag", { "data-tone": tone }, visible(word));

/** Text as it is, line by line; it can be scrolled by keys. */
export const pre = (...children) => h("pre.raw", { tabindex: "0" }, ...children);

/** A form field below its label. */
export const field = (label, element) => h("label.field", h("span", label), element);

/** What can be chosen in a select. */
export const option = (value, label = value, more = {}) => h("option", { value, ...more }, label);

/** [key, all that have it] of a list, in the order in which the keys come. */
export const groups = (list, key) => Object.entries(Object.groupBy(list, key));

/** A table with these headings and rows of cells, which scrolls by itself where it is wider than its place. */
export function table(kind, headings, rows, label) {
  const heads = headings.map((name) =>
    h(name.startsWith("#") ? "th.number" : "th", { scope: "col" }, name.replace(/^#(?=.)/, "")),
  );
  const region = label ? { tabindex: "0", role: "region", "aria-label": label } : {};
  return h("div.wide", region, h(`table.${kind}`, h("thead", h("tr", heads)), h("tbody", rows)));
}

/** A section with a heading. */
export const section = (title, ...children) => h("section", h("h3", title), ...children);

/** Shows a short message at the bottom, and reads it out. */
export function toast(message) {
  const place = byId("toast");
  fill(place, message);
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), 3000);
}

/** Shows a failed call: what is wrong, and what helps. */
export function problem(error) {
  return h(
    "div.problem",
    { role: "alert" },
    h("p", visible(error.message)),
    error.hint ? h("p.soft", visible(error.hint)) : null,
  );
}

// Characters that can't be seen or that change how the text around them is read: controls, direction marks, fillers.
const INVISIBLE = /(?![\t\n\r])[\p{C}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;
const code = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Text in which invisible and direction-changing characters are spelled out, as plain text. */
export const visible = (text) => String(text).replace(INVISIBLE, (character) => `⟨${code(character)}⟩`);

export const SHORT = 10_000;

/** Hostile text as an element: isolated, invisible characters spelled out, long text cut until it is asked for. */
export function text(value, limit = SHORT) {
  const whole = String(value);
  if (whole.length <= limit) return h("bdi", visible(whole));
  const shown = h("bdi", visible(whole.slice(0, limit)), "…");
  const more = button(
    `Show all ${count(whole.length)} characters`,
    () => {
      fill(shown, visible(whole));
      more.remove();
    },
    { class: "link" },
  );
  return h("span", shown, " ", more);
}

/** A value that is added to the filter when it is clicked; one that is longer than `limit` is text to be unfolded. */
export function value(name, content, pick, limit = 500, kind = "") {
  if (!pick || String(content).length > limit) return h("span", { class: `value ${kind}` }, text(content, limit));
  const attributes = { class: `value ${kind}`, title: `Filter by ${visible(name)}` };
  return button(h("bdi", visible(content)), () => pick(name, content), attributes);
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child != null && child !== false && child !== "");
}
