// Limits: a bar for each counter of each key, what refused a request, when it resets, and the key's plan.

import { control } from "./api.js";
import { button, fill, h, section, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll, act } from "./poll.js";
import { go } from "./state.js";
import { count, duration } from "./units.js";

const MASK = /\*{4,}/;
const REFUSED = "{{ status == 429 and not faults }}";
const charges = new Map(); // number of a refused exchange → names of the counters that refused it
let format; // made when first needed: it takes longer than everything else at the start
const compact = (number) => (format ??= new Intl.NumberFormat("en", { notation: "compact" })).format(number);
const short = (number) => (number < 1e6 ? count(number) : compact(number));
let poll, problems;

panel({
  id: "limits",
  title: "Limits",
  mount(root) {
    const place = h("div");
    problems = h("div");
    root.append(problems, place);
    poll = new Poll(place, load, draw);
  },
  show() { poll.start(); },
  hide() { poll.stop(); },
});

async function load() {
  const [{ keys, tiers }, { now }, { exchanges }] = await Promise.all([control("GET", "/keys"), control("GET", "/clock"), control("GET", "/exchanges", { query: { filter: REFUSED, last: 100 } })]);
  for (const each of keys) {
    const refused = exchanges.filter(({ api, key }) => api === each.api && fits(each.key, key));
    each.refused = refused.length && { times: refused.length, ...pick(refused.at(-1)), by: await refusers(refused.at(-1).number) };
    each.used = Object.values(each.limits).some(({ used }) => used > 0);
  }
  return { keys: keys.sort((one, other) => Number(Boolean(other.refused)) - Number(Boolean(one.refused)) || other.used - one.used), tiers, now: Math.floor(now) };
}

const pick = ({ number, error }) => ({ number, error });

/** Whether a key is the one that the journal shows masked. */
function fits(key, masked) {
  const [head, tail] = masked.split(MASK);
  return tail === undefined ? key === masked : key.startsWith(head) && key.endsWith(tail);
}

async function refusers(number) {
  if (!charges.has(number)) {
    const found = await control("GET", `/exchanges/${number}/explanation`).catch(() => null);
    charges.set(number, (found?.limits ?? []).filter(({ refused }) => refused).map(({ name }) => name));
  }
  return charges.get(number);
}

function draw({ keys, tiers, now }) {
  return Object.entries(Object.groupBy(keys, ({ api }) => api)).map(([api, all]) => section(api, h("div", { class: "cards" }, all.map((each) => card(each, tiers[api], now)))));
}

function card(each, plans, now) {
  const change = (event) => {
    event.target.blur();
    act(problems, () => control("PUT", "/limits", { body: { key: each.key, api: each.api, tier: event.target.value } }), ({ tier }) => `The plan is ${tier} now`).then(() => poll.refresh(true));
  };
  const counters = Object.entries(each.limits);
  return h("article", { class: "card quota" }, h("div", { class: "quota-head" }, h("code", null, visible(each.key)),
    each.status === "active" ? h("label", null, h("span", { class: "soft" }, "Plan "), h("select", { class: "small", "data-key": `${each.api}/${each.key}`, onchange: change },
      plans.map((plan) => h("option", { value: plan, selected: plan === each.tier }, plan)))) : h("span", { class: "tag", "data-tone": "cut" }, visible(each.status))),
  counters.length ? null : h("p", { class: "soft" }, each.status === "active" ? "This plan has no limits." : "Requests with this key are refused."),
  counters.map(([name, counter]) => bar(name, counter, now, each.refused && each.refused.by.includes(name))),
  each.refused ? h("p", { class: "error-line" }, `Refused ${each.refused.times}×; last `, button(`#${each.refused.number}`, () => go({ view: "", exchange: each.refused.number }, { push: true }), { class: "link" }), ": ", visible(each.refused.error)) : null);
}

function bar(name, { limit, used, reset }, now, refused) {
  const words = `${name}: ${count(used)} of ${count(limit)} used`;
  return h("div", { class: "counter" }, h("span", null, visible(name), refused ? [" ", h("span", { class: "tag", "data-tone": "cut" }, "refused")] : null),
    h("meter", { min: "0", max: String(limit), low: String(limit * 0.7), high: String(limit * 0.95), optimum: "0", value: used, "aria-label": words }),
    h("span", { class: "number" }, `${short(used)} / ${short(limit)}`), h("span", { class: "soft number" }, used && reset > now ? `resets in ${duration(reset - now)}` : "unused"));
}
