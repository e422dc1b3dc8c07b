// Makes elements. Text only ever becomes text nodes: what a request says is never parsed as HTML.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "open", "selected", "spellcheck", "indeterminate"]);

/** h("button", {class: "quiet", onclick: save}, "Save") makes an element; null and false are left out. */
export function h(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (PROPERTIES.has(key)) element[key] = value ?? "";
    else if (value != null && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...flat(children));
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
  const shown = pairs.filter((pair) => pair && pair[1] != null && pair[1] !== "" && pair[1] !== false);
  return h("dl", { class: "facts" }, shown.map(([name, ...values]) => h("div", null, h("dt", null, name), h("dd", null, ...values))));
}

/** A section with a heading. */
export const section = (title, ...children) => h("section", null, h("h3", null, title), ...children);

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
  return h("div", { class: "problem", role: "alert" }, h("p", null, visible(error.message)),
    error.hint ? h("p", { class: "soft" }, visible(error.hint)) : null);
}

// Characters that change how the text around them is read or that cannot be seen: bidirectional controls, zero widths.
const INVISIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]/gu;
const code = (character) => `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Text in which invisible and direction-changing characters are spelled out, as plain text. */
export const visible = (text) => String(text).replace(INVISIBLE, (character) => `⟨${code(character)}⟩`);

export const SHORT = 10_000;

/** Hostile text as an element: isolated, invisible characters spelled out, long text cut until it is asked for. */
export function text(value, limit = SHORT) {
  const whole = String(value);
  if (whole.length <= limit) return h("bdi", null, visible(whole));
  const shown = h("bdi", null, visible(whole.slice(0, limit)), "…");
  const more = button(`Show all ${whole.length.toLocaleString("en")} characters`, () => {
    fill(shown, visible(whole));
    more.remove();
  }, { class: "link" });
  return h("span", null, shown, " ", more);
}

function flat(children) {
  return children.flat(Infinity).filter((child) => child != null && child !== false);
}
