// Expectations: what this world's scenarios and tests expect of its requests, and how each stands now.

import { control } from "./api.js";
import { h, section, table, tag, visible } from "./dom.js";
import { panel } from "./panels.js";
import { Poll } from "./poll.js";

panel({
  id: "expected",
  title: "Expected",
  mount(root) {
    return [new Poll(root, () => control("GET", "/expectations"), list)];
  },
});

function list({ expectations: all }) {
  if (!all.length)
    return section("Expectations", h("p.soft", "No scenario of this world has `expect`, and nothing was added."));
  const unmet = all.filter(({ ok }) => !ok).length;
  const title = unmet ? `Expectations (${unmet} of ${all.length} not met)` : `Expectations (${all.length} met)`;
  return section(title, table("expected", ["", "Expected", "Now", "Where"], all.map(row), "Expectations"));
}

const row = ({ ok, known, expected, found, instead, file, line, id }) =>
  h(
    "tr",
    h("td", tag(ok ? "met" : known ? "not met" : "not known", ok ? "ok" : known ? "cut" : "open")),
    h("td", visible(expected)),
    h("td", visible(found), instead.map((each) => h("p.soft", visible(each)))),
    h("td", h("code", visible(line ? `${file}:${line}` : id))),
  );
