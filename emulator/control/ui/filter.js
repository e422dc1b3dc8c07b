// The filter: a `when` as in a rule, evaluated by the server and kept in the address bar.

import { button, fill, h, option, visible } from "./dom.js";
import { go, listen, state } from "./state.js";

// Quick filters: what they are called, and what they add.
const CHIPS = [
  ["Refused", "status", { gte: 400 }],
  ["Faulted", "faults", { length: { gte: 1 } }],
  ["Unmatched", "near_misses", { length: { gte: 1 } }],
  ["Streams", "reply_headers.content-type", { matches: "event-stream" }],
  ["Open", "outcome", "open"],
];

/** The filter's field, its chips and its errors. */
export class Filter {
  constructor(root, rows) {
    this.keys = h(
      "select.chip",
      {
        "aria-label": "Key",
        onfocus: () => this.offer(rows),
        onchange: () => {
          this.add("key", this.keys.value);
          this.keys.value = "";
        },
      },
      option("", "Key"),
    );
    this.field = h("input", {
      type: "search",
      id: "filter",
      class: "filter",
      spellcheck: false,
      autocomplete: "off",
      "aria-describedby": "filter-problem",
      placeholder: "Filter, as in `when`:  status: {gte: 400}, body.model: {matches: haiku}",
    });
    this.problem = h("div", { id: "filter-problem", class: "filter-problem", role: "alert" });
    this.chips = CHIPS.map(([title, field, wanted]) =>
      button(title, () => this.toggle(field, wanted), { class: "chip", "aria-pressed": "false" }),
    );
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.apply();
    });
    this.field.addEventListener("search", () => this.apply());
    root.append(
      h("label", { for: "filter", class: "offscreen" }, "Filter"),
      this.field,
      h("div.chips", { role: "group", "aria-label": "Quick filters" }, this.chips, this.keys),
      this.problem,
    );
    listen((changed) => {
      if (changed("filter")) this.read();
    });
    this.read();
  }

  read() {
    this.field.value = state.filter;
    const parts = split(state.filter);
    CHIPS.forEach(([, field, wanted], index) =>
      this.chips[index].setAttribute("aria-pressed", String(parts.includes(clause(field, wanted)))),
    );
  }

  apply() {
    const filter = this.field.value.trim();
    go({ filter: filter.startsWith("{") ? filter : join(split(filter)) });
  }

  toggle(field, wanted) {
    const one = clause(field, wanted);
    const parts = split(state.filter);
    go({ filter: join(parts.includes(one) ? parts.filter((part) => part !== one) : [...parts, one]) });
  }

  /** Adds what a field must be; another value for the same field takes its place. */
  add(field, value) {
    const name = clause(field, null).slice(0, -": null".length);
    const parts = split(state.filter).filter((part) => !part.startsWith(`${name}:`));
    go({ filter: join([...parts, clause(field, value)]) });
  }

  /** Offers the keys of the exchanges that are known. */
  offer(rows) {
    const keys = [...new Set(rows.all.map((row) => row.key))].filter(Boolean).slice(-100).sort();
    fill(this.keys, option("", "Key"), keys.map((key) => option(key, visible(key))));
  }

  /** Says what is wrong with the filter, at its place; null: nothing. */
  say(failure) {
    fill(
      this.problem,
      failure && [visible(failure.message), failure.hint ? h("span.soft", ` ${visible(failure.hint)}`) : null],
    );
    this.field.setAttribute("aria-invalid", String(Boolean(failure)));
  }
}

const PLAIN = /^[\w][\w.-]*$/;

/** `status: {gte: 400}`: a field and what it must be, as YAML in one line. */
export const clause = (field, wanted) => `${PLAIN.test(field) ? field : JSON.stringify(field)}: ${flow(wanted)}`;

function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (value && typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, each]) => `${name}: ${flow(each)}`)
      .join(", ")}}`;
  return typeof value === "string" &&
    /^[A-Za-z][\w.-]*$/.test(value) &&
    !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value)
    ? value
    : JSON.stringify(value);
}

/** Several clauses as a filter: one stands by itself, more of them in braces. */
export const join = (parts) => (parts.length > 1 ? `{${parts.join(", ")}}` : (parts[0] ?? ""));

/** The clauses of a filter: what its commas separate that stand in no brackets and no quotes. */
export function split(whole) {
  const filter = /^\{(?!\{).*\}$/s.test(whole) ? whole.slice(1, -1) : whole;
  const parts = [""];
  let depth = 0;
  let quote = "";
  for (const character of filter) {
    if (quote) quote = character === quote ? "" : quote;
    else if (`"'`.includes(character)) quote = character;
    else if ("[{".includes(character)) depth++;
    else if ("]}".includes(character)) depth--;
    if (character === "," && !depth && !quote) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}
