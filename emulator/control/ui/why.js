// Why an exchange was answered as it was: the rule, the faults, the limits, the provenance. Why not: the near misses.

import { facts, h, section, text, visible } from "./dom.js";
import { count, dateTime } from "./units.js";

/** The view of an exchange's reasons. `explanation` is what the server says of them, or null. */
export function whyView(exchange, explanation, pick) {
  return h("div", { class: "why" }, ruleOf(exchange, explanation, pick), faultsOf(exchange), misses(exchange),
    limitsOf(explanation), provenance(explanation));
}

function ruleOf(exchange, explanation, pick) {
  const rule = explanation?.rule;
  const place = exchange.rule && h("button", { type: "button", class: "value place", title: "Filter by rule", onclick: () => pick("rule", exchange.rule) }, visible(exchange.rule));
  if (exchange.error) {
    return section("Why it was refused", h("p", null, text(exchange.error, 4000)), facts(["Rule", place],
      ["Decided by", explanation?.decided_by && text(explanation.decided_by, 300)], ["Hint", exchange.reply_headers["x-emulator-hint"] && text(exchange.reply_headers["x-emulator-hint"], 4000)]));
  }
  if (!exchange.rule) return section("Why this answer", h("p", { class: "soft" }, "No rule answered."));
  return section("Why this answer", facts(["Rule", place], ["Name", rule?.name && text(rule.name, 200)], ["Scenario", rule?.scenario && text(rule.scenario, 200)],
    ["Operation", exchange.operation && visible(exchange.operation)]), rule?.source ? h("pre", { class: "raw", tabindex: "0" }, text(rule.source)) : null);
}

function faultsOf(exchange) {
  if (!exchange.faults.length) return null;
  return section("Faults played", h("ul", { class: "plain" }, exchange.faults.map((name) => h("li", null, h("span", { class: "tag", "data-tone": "cut" }, visible(name))))));
}

function misses(exchange) {
  if (!exchange.near_misses.length) return null;
  return section("Why not: the nearest rules", exchange.near_misses.map((miss) => h("div", { class: "miss" },
    h("p", null, h("b", null, text(miss.name || miss.rule, 300)), " ", h("span", { class: "soft" }, visible(`${miss.file}:${miss.line}`))),
    h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Differences" }, h("table", null,
      h("thead", null, h("tr", null, ["Field", "Expected", "Found"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", null, miss.differences.map((each) => h("tr", null, h("td", null, text(each.field, 200)), h("td", null, text(each.wanted, 500)), h("td", null, text(each.found, 500))))))))));
}

function limitsOf(explanation) {
  if (!explanation?.limits?.length) return null;
  return section("Limits", h("table", null,
    h("thead", null, h("tr", null, ["Counter", "Before", "Charged", "After", "Limit", "Resets"].map((name, index) => h("th", { scope: "col", class: index % 5 ? "number" : "" }, name)))),
    h("tbody", null, explanation.limits.map((each) => h("tr", { class: each.refused ? "refused" : "" }, h("td", null, visible(each.name), each.refused ? " refused" : ""),
      ...[each.before, each.charged, each.after, each.limit].map((number) => h("td", { class: "number" }, count(number))), h("td", null, dateTime(each.reset)))))));
}

const CLASSES = { documented: "The document says so", inferred: "Inferred from clients or public pages", invented: "A guess: no document says it" };

function provenance(explanation) {
  if (!explanation?.provenance?.length) return null;
  const of = (grade) => explanation.provenance.filter((each) => each.class === grade);
  return section("Provenance", Object.entries(CLASSES).filter(([grade]) => of(grade).length).map(([grade, meaning]) => h("div", { class: "grade", "data-grade": grade },
    h("h4", null, h("span", { class: "tag", "data-grade": grade }, grade), " ", h("span", { class: "soft" }, meaning)),
    h("ul", { class: "plain" }, of(grade).map((each) => h("li", null, h("code", null, visible(each.name)), each.says ? [" ", text(each.says, 600)] : null,
      each.inferred ? h("p", { class: "soft" }, "Inferred: ", text(each.inferred, 600)) : null))))));
}
