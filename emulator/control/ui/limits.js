// Limits: a bar for each counter and budget of each key, what refused a request, when it resets, and the key's plan.

import { control } from "./api.js";
import { groups, h, option, section, tag, visible } from "./dom.js";
import { opens, panel } from "./panels.js";
import { Poll } from "./poll.js";
import { state } from "./state.js";
import { count, duration } from "./units.js";

const REFUSED = "{{ status in [402, 429] and not faults }}";
const charges = new Map(); // a refused exchange → names of the counters that refused it
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
    return [poll];
  },
});

async function load() {
  const [{ keys, tiers }, { now }, { exchanges }] = await Promise.all([
    control("GET", "/keys"),
    control("GET", "/clock"),
    control("GET", "/exchanges", { query: { filter: REFUSED, last: 100 } }),
  ]);
  for (const each of keys) {
    const refused = exchanges.filter(({ api, key }) => api === each.api && key === each.masked);
    each.refused = refused.length && {
      times: refused.length,
      ...pick(refused.at(-1)),
      by: await refusers(refused.at(-1)),
    };
    each.used = Object.values(each.limits).some(({ used }) => used > 0);
  }
  return {
    keys: keys.sort(
      (one, other) => Number(Boolean(other.refused)) - Number(Boolean(one.refused)) || other.used - one.used,
    ),
    tiers,
    now: Math.floor(now),
  };
}

const pick = ({ number, error }) => ({ number, error });

async function refusers({ number, at }) {
  const name = `${state.world} ${number} ${at}`; // numbers begin again when a world is reset
  if (!charges.has(name)) {
    const { limits = [] } = await control("GET", `/exchanges/${number}/explanation`).catch(() => ({}));
    const names = limits.filter(({ refused }) => refused).map((each) => each.name);
    charges.set(name, names);
  }
  return charges.get(name);
}

function draw({ keys, tiers, now }) {
  return groups(keys, ({ api }) => api).map(([api, all]) =>
    section(api, h("div.cards", all.map((each) => card(each, tiers[api], now)))),
  );
}

function card(each, plans, now) {
  const change = (event) => {
    event.target.blur();
    poll.act(
      problems,
      () => control("PUT", "/limits", { body: { key: each.key, api: each.api, tier: event.target.value } }),
      ({ tier }) => `The plan is ${tier} now`,
    );
  };
  const counters = Object.entries(each.limits);
  return h(
    "article.card.quota",
    h(
      "div.quota-head",
      h("code", visible(each.key)),
      each.status === "active"
        ? h(
            "label",
            h("span.soft", "Plan "),
            h(
              "select.small",
              { "data-key": `${each.api}/${each.key}`, onchange: change },
              plans.map((plan) => option(plan, plan, { selected: plan === each.tier })),
            ),
          )
        : tag(each.status, "cut"),
    ),
    counters.length
      ? null
      : h("p.soft", each.status === "active" ? "This plan has no limits." : "Requests with this key are refused."),
    counters.map(([name, counter]) => bar(name, counter, now, each.refused && each.refused.by.includes(name))),
    each.refused
      ? h(
          "p.error-line",
          `Refused ${each.refused.times}×; last `,
          opens(each.refused.number),
          ": ",
          visible(each.refused.error),
        )
      : null,
  );
}

function ends(reset, now) {
  if (reset === null) return "never resets";
  return reset > now ? `resets in ${duration(reset - now)}` : "unused";
}

function bar(name, { limit, used, reset }, now, refused) {
  const words = `${name}: ${count(used)} of ${count(limit)} used`;
  return h(
    "div.counter",
    h("span", visible(name), refused ? [" ", tag("refused", "cut")] : null),
    h("meter", {
      min: "0",
      max: String(limit),
      low: String(limit * 0.7),
      high: String(limit * 0.95),
      optimum: "0",
      value: used,
      "aria-label": words,
    }),
    h("span.number", `${short(used)} / ${short(limit)}`),
    h("span.soft.number", used ? ends(reset, now) : "unused"),
  );
}
