// Why an exchange was answered as it was: the rule, the faults, the limits, the provenance. Why not: the near misses.

import { facts, h, section, table, tag, text, value, visible } from "./dom.js";
import { count, dateTime } from "./units.js";

const MANY = 100; // rules that are shown

/** The view of an exchange's reasons. `explanation` is what the server says of them, or null. */
export function whyView(exchange, explanation, pick) {
  return h(
    "div.why",
    ruleOf(exchange, explanation, pick),
    faultsOf(exchange),
    misses(exchange),
    rulesOf(exchange, explanation),
    limitsOf(explanation),
    provenance(explanation),
    explanation?.notes?.map((note) => h("p.soft", text(note, 600))),
  );
}

function ruleOf(exchange, explanation, pick) {
  const rule = explanation?.rule;
  const place = exchange.rule && value("rule", exchange.rule, pick);
  if (exchange.error) {
    const hint = exchange.reply_headers["x-emulator-hint"];
    const decided = explanation?.decided_by;
    const parts = facts(
      ["Rule", place],
      ["Decided by", decided && text(decided, 300)],
      ["Hint", hint && text(hint, 4000)],
    );
    return section("Why it was refused", h("p", text(exchange.error, 4000)), parts);
  }
  if (!exchange.rule) return section("Why this answer", h("p.soft", "No rule answered."));
  const operation = exchange.operation && visible(exchange.operation);
  const name = rule?.name && text(rule.name, 200);
  return section("Why this answer", facts(["Rule", place], ["Name", name], ["Operation", operation]));
}

function faultsOf(exchange) {
  if (!exchange.faults.length) return null;
  const names = exchange.faults.map((name) => h("li", tag(name, "cut")));
  return section("Faults played", h("ul.plain", names));
}

function misses(exchange) {
  if (!exchange.near_misses.length) return null;
  const rule = (miss) => [
    h("p", h("b", text(miss.name || miss.rule, 300)), " ", h("span.soft", visible(placeOf(miss)))),
    differences(miss),
  ];
  const rules = exchange.near_misses.map((miss) => h("div.miss", rule(miss)));
  return section("Why not: the nearest rules", rules);
}

const placeOf = ({ file, line }) => `${file}:${line}`;

function differences(rule) {
  const row = ({ field, wanted, found }) =>
    h("tr", h("td", text(field, 200)), h("td", text(wanted, 500)), h("td", text(found, 500)));
  return table("plain", ["Field", "Expected", "Found"], rule.differences.map(row), `Differences: ${placeOf(rule)}`);
}

const TONES = { answered: "ok", "added its fault": "cut" };

/** What became of each rule up to the one that answered; where none did, the nearest stand above. */
function rulesOf(exchange, explanation) {
  const rules = explanation?.rules ?? [];
  const last = rules.findLastIndex(({ outcome }) => outcome !== "never reached");
  if (last < 0 || exchange.near_misses.length) return null;
  const item = (rule) =>
    h(
      "div.miss",
      h(
        "p",
        tag(rule.outcome, TONES[rule.outcome]),
        " ",
        h("b", text(rule.name || placeOf(rule), 300)),
        rule.name && [" ", h("span.soft", visible(placeOf(rule)))],
      ),
      rule.differences.length > 0 && differences(rule),
    );
  const passed = explanation.passed_over;
  const who = passed === 1 ? "A rule" : `${count(passed)} rules`;
  return section(
    "Each rule, in order",
    passed > 0 && h("p", who, " of a scenario did not answer, so the API's own did."),
    rules.slice(0, Math.min(last + 1, MANY)).map(item),
    last + 1 < rules.length && h("p.soft", `${count(rules.length - last - 1)} below were never reached.`),
  );
}

function limitsOf(explanation) {
  if (!explanation?.limits?.length) return null;
  const row = (each) => {
    const numbers = [each.before, each.charged, each.after, each.limit];
    return h(
      each.refused ? "tr.refused" : "tr",
      h("td", visible(each.name), each.refused && [" ", tag("refused", "cut")]),
      numbers.map((number) => h("td.number", count(number))),
      h("td.number", each.reset === null ? "never" : dateTime(each.reset)),
    );
  };
  const headings = ["Counter", "#Before", "#Charged", "#After", "#Limit", "#Resets"];
  return section("Limits", table("plain", headings, explanation.limits.map(row), "Limits"));
}

const CLASSES = {
  documented: "The document says so",
  inferred: "Inferred from clients or public pages",
  invented: "A guess: no document says it",
};

function provenance(explanation) {
  if (!explanation?.provenance?.length) return null;
  const basis = (each) => [
    h("code", visible(each.name)),
    each.says ? [" ", text(each.says, 600)] : null,
    each.inferred ? h("p.soft", "Inferred: ", text(each.inferred, 600)) : null,
  ];
  const group = (grade) => {
    const items = explanation.provenance.filter((each) => each.class === grade).map((each) => h("li", basis(each)));
    const word = h("span.tag", { "data-grade": grade }, grade);
    return (
      items.length > 0 &&
      h("div.grade", { "data-grade": grade }, h("h4", word, " ", h("span.soft", CLASSES[grade])), h("ul.plain", items))
    );
  };
  return section("Provenance", Object.keys(CLASSES).map(group));
}
