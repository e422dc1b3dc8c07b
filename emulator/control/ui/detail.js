// The detail of one exchange: a head that says what happened, and tabs.

import { Failure, control } from "./api.js";
import { answerView } from "./answer.js";
import { copyMenu } from "./copy.js";
import { button, facts, fill, h, pre, problem, section, tag, text, value, visible } from "./dom.js";
import { tree } from "./json.js";
import { ending } from "./outcome.js";
import { unpressed } from "./press.js";
import { replayView } from "./replay.js";
import { go, state } from "./state.js";
import { eventsOf, streams, streamView } from "./stream.js";
import { bytes, dateTime, duration } from "./units.js";
import { whyView } from "./why.js";

const MANY = 100; // header lines that are shown before one asks for more
const AGAIN = 400; // milliseconds between two looks at an exchange that is open

// [name, title, whether an exchange has it, its view]
const TABS = [
  [
    "stream",
    "Stream",
    ({ exchange }) => streams(exchange),
    ({ exchange, explanation }) => streamView(exchange, explanation?.timing),
  ],
  ["response", "Response", () => true, ({ exchange, pick }) => message(exchange, "reply_headers", "reply_body", pick)],
  ["request", "Request", () => true, ({ exchange, pick }) => message(exchange, "headers", "body", pick)],
  ["why", "Why", () => true, ({ exchange, explanation, pick }) => whyView(exchange, explanation, pick)],
  ["replay", "Replay", () => true, ({ exchange }) => replayView(exchange)],
  [
    "answer",
    "Answer",
    ({ explanation }) => explanation?.prompt,
    ({ exchange, explanation }) => answerView(exchange, explanation),
  ],
];
const FORMS = ["replay", "answer"]; // tabs in which something is typed

export class Detail {
  /** `pick(field, value)` adds a value to the filter, `closed()` leaves the detail. */
  constructor(root, { pick, closed }) {
    this.root = root;
    this.pick = pick;
    this.closed = closed;
    this.number = null;
  }

  /** Shows an exchange, as it is now; asks again while it is open. */
  async open(number) {
    clearTimeout(this.again);
    this.asking?.abort();
    const asking = (this.asking = new AbortController());
    if (number !== this.number) fill(this.root, h("p.soft.pad", "…"));
    this.number = number;
    try {
      const [{ exchanges }, explanation] = await Promise.all([
        control("POST", "/exchanges/query", { body: { when: { number }, last: 1 }, signal: asking.signal }),
        control("GET", `/exchanges/${number}/explanation`, { signal: asking.signal }).catch(() => null),
      ]);
      if (asking.signal.aborted) return;
      const [exchange] = exchanges;
      if (!exchange)
        throw new Failure(
          404,
          `Exchange ${number} is no longer in the journal.`,
          "The journal keeps the newest; --journal-entries says how many.",
        );
      const before = this.drawn === number && this.exchange;
      // While nothing has happened, what is unfolded, selected or focused stays as it is.
      if (!before || ["outcome", "events_sent", "bytes_sent"].some((name) => before[name] !== exchange[name]))
        unpressed(() => this.number === number && this.draw(exchange, explanation));
      if (exchange.outcome === "open") this.again = setTimeout(() => this.open(number), AGAIN);
    } catch (error) {
      if (error.name !== "AbortError") fill(this.root, this.bar(), problem(error));
    }
  }

  close() {
    clearTimeout(this.again);
    this.asking?.abort();
    this.number = this.drawn = null;
    fill(this.root);
  }

  bar(...children) {
    const close = button("✕", this.closed, { class: "icon", "aria-label": "Close the detail" });
    return h("div.detail-bar", children, close);
  }

  draw(exchange, explanation) {
    this.exchange = exchange;
    const scroll = this.body?.scrollTop ?? 0;
    const same = this.drawn === exchange.number;
    const focused = same && this.body?.contains(document.activeElement);
    this.drawn = exchange.number;
    const tabs = TABS.filter(([, , has]) => has({ exchange, explanation }));
    const chosen = tabs.find(([name]) => name === state.tab) ?? tabs[0];
    if (same && FORMS.includes(chosen[0]) && this.shown === chosen[0]) return; // what was typed there stays
    this.shown = chosen[0];
    this.redraw = () => this.draw(exchange, explanation);
    const choose = (name) => go({ tab: name });
    const list = h(
      "div.tablist",
      {
        role: "tablist",
        "aria-label": "Parts of the exchange",
        onkeydown: (event) => {
          const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
          if (!step) return;
          const at = tabs.indexOf(chosen);
          choose(tabs[(at + step + tabs.length) % tabs.length][0]);
          this.root.querySelector('[role="tab"][aria-selected="true"]')?.focus();
        },
      },
      tabs.map((tab) =>
        button(tab[1], () => choose(tab[0]), {
          role: "tab",
          id: `tab-${tab[0]}`,
          "aria-selected": String(tab === chosen),
          "aria-controls": "tab-body",
          tabindex: tab === chosen ? "0" : "-1",
        }),
      ),
    );
    this.body = h(
      "div.tab-body",
      { id: "tab-body", role: "tabpanel", tabindex: "0", "aria-labelledby": `tab-${chosen[0]}` },
      chosen[3]({ exchange, explanation, pick: this.pick }),
    );
    fill(
      this.root,
      this.bar(title(exchange), copyMenu(exchange)),
      head(exchange, explanation, this.pick),
      list,
      this.body,
    );
    if (same) this.body.scrollTop = scroll;
    if (focused) this.body.focus({ preventScroll: true });
  }
}

const title = (exchange) =>
  h("h2", h("span.soft", `#${exchange.number} `), h("b", visible(exchange.method)), " ", text(exchange.path, 200));

function head(exchange, explanation, pick) {
  const usage = exchange.reply_body?.usage ?? (streams(exchange) ? lastUsage(exchange) : null);
  const cost =
    explanation?.spent &&
    Object.entries(explanation.spent)
      .filter(([unit]) => unit !== "tokens")
      .map(([unit, amount]) => `${Number(amount.toPrecision(6))} ${unit}`)
      .join(", ");
  const picked = (name) => exchange[name] && value(name, exchange[name], pick, 200);
  return h(
    "div.summary",
    h("p.verdict-line", ending(exchange)),
    exchange.error ? h("p.error-line", text(exchange.error, 600)) : null,
    exchange.shortened && h("p.soft", "The journal has cut this exchange: bodies and provenance are incomplete."),
    facts(
      ["Operation", picked("operation")],
      ["At", dateTime(exchange.at)],
      ["Took", exchange.outcome === "open" ? "still open" : duration(exchange.took)],
      ["Sent", bytes(exchange.bytes_sent)],
      ["Key", picked("key")],
      ["Tokens", tokens(usage)],
      ["Cost", cost],
      ["Faults", exchange.faults.map((name) => tag(name, "cut"))],
      ["Seeded", exchange.seeded.map((name) => tag(name))],
    ),
  );
}

function tokens(usage) {
  if (!usage || typeof usage !== "object") return "";
  const [input, output] = [usage.input_tokens ?? usage.prompt_tokens, usage.output_tokens ?? usage.completion_tokens];
  return Number.isFinite(input) || Number.isFinite(output) ? `${input ?? 0} in, ${output ?? 0} out` : "";
}

const lastUsage = (exchange) =>
  eventsOf(exchange).reduce((found, { data }) => data?.usage ?? data?.message?.usage ?? found, null);

/** Headers and body of a request or a response. */
function message(exchange, headers, body, pick) {
  const content = exchange[body];
  const asJson = () => tree(content, pick, body);
  const asText = () => pre(text(typeof content === "string" ? content : JSON.stringify(content, null, 2)));
  const isTree = content !== null && typeof content === "object";
  const shown = h("div", content === null ? h("p.soft", "No body.") : isTree ? asJson() : asText());
  const turn = ({ target }) => {
    const raw = target.getAttribute("aria-pressed") !== "true";
    target.setAttribute("aria-pressed", String(raw));
    fill(shown, raw ? asText() : asJson());
  };
  const switcher = isTree && button("Raw", turn, { class: "small", "aria-pressed": "false" });
  const query = body === "body" && Object.keys(exchange.query).length > 0;
  const lines = Object.entries(exchange[headers]);
  return h(
    "div",
    query && section("Query", tree(exchange.query, pick, "query")),
    h("section", h("h3", "Body", switcher), shown),
    section(`Headers (${lines.length})`, headerList(headers, lines, pick)),
  );
}

function headerList(headers, lines, pick) {
  const item = ([name, line]) => [
    h("dt", visible(name.slice(0, 200))),
    h("dd", value(name, line, () => pick(`${headers}.${name}`, line))),
  ];
  const list = h("dl.headers", lines.slice(0, MANY).map(item));
  if (lines.length <= MANY) return list;
  const more = button(
    `${lines.length - MANY} more`,
    () => {
      list.append(...lines.slice(MANY).map(item).flat());
      more.remove();
    },
    { class: "link" },
  );
  return [list, more];
}
