// The stream view: every event of a stream with its time, what reached the client, and where the stream ended.

import { content, parse, piece } from "./events.js";
import { button, facts, h, pre, section, table, text, visible } from "./dom.js";
import { tree } from "./json.js";
import { outcomeOf } from "./outcome.js";
import { bytes, count, duration } from "./units.js";

const SHOWN = 300; // events that are listed before one asks for more
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 1000;

/** Whether an exchange's response is a stream of events. */
export const streams = (exchange) => (exchange.reply_headers["content-type"] ?? "").startsWith("text/event-stream");

/** The events that a stream was planned to have, each with `planned` and `left`: seconds after the response began. */
export function eventsOf(exchange, timing) {
  const source = timing?.content ?? (typeof exchange.reply_body === "string" ? exchange.reply_body : "");
  return parse(source).map((event, index) => ({
    ...event,
    index,
    data: content(event),
    sent: index < exchange.events_sent,
    planned: timing?.planned[index] ?? null,
    left: timing ? (timing.sent[index] ?? null) : exchange.took,
  }));
}

/** What a fault made of the stream, where it is more than a cut: the events as they were sent. */
function changed(exchange, timing) {
  if (!timing?.content || timing.content.startsWith(exchange.reply_body)) return null;
  return section("As the faults left it", pre(text(exchange.reply_body, 4000)));
}

/** The view of a stream. `timing` is what the server knows of its events' times, or null. */
export function streamView(exchange, timing) {
  const events = eventsOf(exchange, timing);
  const outcome = outcomeOf(exchange, events.length);
  const sent = events.filter((event) => event.sent);
  const rest = events.length - sent.length;
  const said = (some) => some.map((event) => piece(event.data)).join("");
  const [whole, heard] = [said(events), said(sent)];
  const times = events
    .filter((event) => event.sent && event.planned !== null && event.left !== null)
    .map((event) => event.left - event.planned);
  return h(
    "div.stream",
    bar(events, exchange, outcome),
    facts(
      ["Events", `${count(sent.length)} of ${count(events.length)} sent`],
      ["Bytes", `${bytes(exchange.bytes_sent)} of ${bytes(events.reduce((sum, event) => sum + event.size, 0))} sent`],
      sent.length ? ["First event", `after ${duration(sent[0].left)}`] : null,
      times.length > 1 ? ["Greatest delay", duration(times.reduce((one, other) => Math.max(one, other)))] : null,
    ),
    whole && section("The text put together", together(heard, whole.slice(heard.length), rest, exchange)),
    section("Events", eventTable(events, outcome, exchange)),
    changed(exchange, timing),
  );
}

/** The text as far as the client has it, and what it lacks struck through. */
function together(heard, unheard, rest, exchange) {
  const never = exchange.outcome === "open" ? "not sent yet" : "never sent";
  const events = `${count(rest)} ${rest === 1 ? "event" : "events"}`;
  return [
    h("p.said", text(heard, 20_000), unheard && h("span.unsent", { title: never }, text(unheard, 20_000))),
    rest > 0 && h("p.soft", `Struck through: ${never}, ${events}.`),
  ];
}

/** The whole stream as a bar: an event is a tick where it was planned, the cut stands where the stream ended. */
function bar(events, exchange, outcome) {
  const timed = events.length > 1 && events.at(-1).planned > 0;
  let total = 0;
  const ends = events.map((event) => (total += event.size)); // in bytes
  const end = timed ? events.at(-1).planned : total || 1;
  const at = (index) => ((timed ? events[index].planned : index ? ends[index - 1] : 0) / end) * WIDTH;
  const sentTo = exchange.events_sent >= events.length ? WIDTH : exchange.events_sent ? at(exchange.events_sent) : 0;
  const svg = draw("svg", {
    viewBox: `0 0 ${WIDTH} 44`,
    preserveAspectRatio: "none",
    role: "img",
    class: "bar-of-stream",
    "aria-label": `${outcome.words}; ${count(events.length)} events over ${timed ? duration(end) : bytes(end)}`,
  });
  svg.append(
    draw("rect", { x: 0, y: 10, width: WIDTH, height: 24, rx: 4, class: "planned" }),
    draw("rect", { x: 0, y: 10, width: sentTo, height: 24, rx: 4, class: "taken", "data-tone": outcome.tone }),
  );
  const step = Math.max(1, Math.ceil(events.length / 400));
  for (let index = 0; index < events.length; index += step) {
    svg.append(line(at(index), 14, 30, { class: events[index].sent ? "tick sent" : "tick" }));
  }
  const broken = exchange.events_sent < events.length && exchange.outcome !== "complete";
  if (broken)
    svg.append(line(sentTo, 2, 42, { class: "cut-line", "data-tone": outcome.tone }));
  const mark = broken ? h("span.cut-mark", { "data-tone": outcome.tone }, outcome.sign) : null;
  if (mark) mark.style.left = `${Math.min(98, (sentTo / WIDTH) * 100)}%`;
  return h(
    "figure.stream-bar",
    svg,
    mark,
    h("figcaption", h("span", "0"), h("span", timed ? duration(end) : bytes(end))),
  );
}

function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const line = (x, y1, y2, more) => draw("line", { x1: x, x2: x, y1, y2, ...more });

function eventTable(events, outcome, exchange) {
  const shown = table("events", ["#", "#Planned", "#Sent", "#Bytes", "Type", "Data"], [], "Events");
  const body = shown.querySelector("tbody");
  const rows = (from) => {
    for (const event of events.slice(from, from + SHOWN)) {
      if (event.index === exchange.events_sent && exchange.outcome !== "complete") body.append(cutRow(outcome));
      body.append(row(event));
    }
    const rest = events.length - from - SHOWN;
    if (rest <= 0) return;
    const grow = () => {
      more.remove();
      rows(from + SHOWN);
    };
    const more = h("tr", h("td", { colspan: "6" }, button(`${count(rest)} more events`, grow, { class: "link" })));
    body.append(more);
  };
  rows(0);
  return shown;
}

const cutRow = (outcome) =>
  h("tr.cut-row", { "data-tone": outcome.tone }, h("td", { colspan: "6" }, `${outcome.sign} ${outcome.words}`));

function row(event) {
  const when = (seconds) => (seconds === null ? "–" : duration(seconds));
  return h(
    "tr",
    { class: event.sent ? "" : "unsent-row" },
    h("td.number", String(event.index + 1)),
    h("td.number", when(event.planned)),
    h("td.number", event.sent ? when(event.left) : "–"),
    h("td.number", count(event.size)),
    h("td", h("bdi", visible(event.type.slice(0, 100)))),
    h("td", folded(event)),
  );
}

/** An event's data in one line, to be opened. */
function folded(event) {
  const brief = typeof event.data === "string" ? event.data : JSON.stringify(event.data);
  if (typeof event.data !== "object" || event.data === null) return text(brief, 300);
  const details = h("details", h("summary", h("bdi", visible(brief.slice(0, 160)))));
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(tree(event.data, null));
  });
  return details;
}
